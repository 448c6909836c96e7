"""The provisioner answers and does not accept this portal: no outage, no fault of the customer, and nothing is lost."""

import asyncio
import json

import pytest
import structlog.testing

from support import portal_browser, portal_stage
from tenantry.portal import ports

REFUSAL = ports.NotAdmittedError("token-invalid")


async def shows(visitor: portal_browser.Visitor, path: str, words: str) -> None:
    async def is_there() -> bool:
        return words in (await visitor.open(path)).text

    await portal_stage.until(is_there)


@pytest.fixture
async def ada(stage: portal_stage.Stage, visitor: portal_browser.Visitor) -> portal_browser.Visitor:
    await visitor.sign_in(stage)
    await shows(visitor, "/products", "Choose Chat")
    return visitor


class TestRefusedToken:
    async def test_an_order_is_kept_and_carried_out_once_it_is_mended(
        self, stage: portal_stage.Stage, ada: portal_browser.Visitor
    ) -> None:
        await stage.provisioner.go_away(REFUSAL)
        path = await ada.order("acme-team")
        await shows(ada, path, "Your order waits for us to mend something")
        await shows(ada, "/workspaces", "That is for us to mend")
        told = (await ada.open(path)).text.split("<main", 1)[1].split("</main>", 1)[0]
        assert "token" not in told.replace("form_token", "")
        assert "cannot be reached" not in told
        stage.provisioner.come_back()
        await portal_stage.until(lambda: len(stage.provisioner.all()) == 1)
        assert sum(stage.provisioner.calls.values()) == 1

    async def test_staff_see_the_reason_in_health_metric_and_log(
        self, stage: portal_stage.Stage, ada: portal_browser.Visitor
    ) -> None:
        with structlog.testing.capture_logs() as logs:
            await stage.provisioner.go_away(REFUSAL)
            await shows(ada, "/ready", "refused")
            await ada.order("acme-team")
            await portal_stage.until(lambda: any(log["event"] == "order waits for staff" for log in logs))
        assert json.loads((await ada.open("/ready")).text)["answered"] == "token-invalid"
        metrics = (await ada.open("/metrics")).text
        assert 'tenantry_portal_provisioner_contact{state="refused"} 1.0' in metrics
        assert 'tenantry_portal_provisioner_failures_total{code="token-invalid"}' in metrics
        told = [log for log in logs if log["event"] == "the provisioner does not accept this portal"]
        assert told[0]["log_level"] == "error"
        assert (told[0]["answered"], "TOKEN_FILE" in told[0]["remedy"]) == ("token-invalid", True)
        assert {log["answered"] for log in logs if log["event"] == "order waits for staff"} == {"token-invalid"}

    async def test_an_outage_is_still_called_one(self, stage: portal_stage.Stage, ada: portal_browser.Visitor) -> None:
        await stage.provisioner.go_away()
        await shows(ada, "/ready", "away")
        assert 'contact{state="away"} 1.0' in (await ada.open("/metrics")).text
        assert "answered" not in (await ada.open("/ready")).text

    async def test_a_name_can_still_be_typed(self, stage: portal_stage.Stage, ada: portal_browser.Visitor) -> None:
        await stage.provisioner.go_away(REFUSAL)
        page = await ada.open("/names?name=acme-team")
        assert page.status == 200
        assert "checked when you order" in page.text

    async def test_news_that_nobody_can_read_take_no_page_away_and_nothing_is_skipped(
        self, stage: portal_stage.Stage, ada: portal_browser.Visitor
    ) -> None:
        await stage.provisioner.tell_nonsense()
        await shows(ada, "/ready", "event-unreadable")
        assert (await ada.open("/workspaces")).status == 200
        stage.provisioner.forget_nonsense()
        path = await ada.order("acme-team")
        await portal_stage.until(lambda: len(stage.provisioner.all()) == 1)
        while await stage.provisioner.step(stage.provisioner.all()[0].id):
            pass
        await shows(ada, path, "Open workspace")

    async def test_contact_comes_back_by_itself(self, stage: portal_stage.Stage, ada: portal_browser.Visitor) -> None:
        await stage.provisioner.go_away(REFUSAL)
        await shows(ada, "/ready", "refused")
        stage.provisioner.come_back()
        async with asyncio.timeout(20):
            await shows(ada, "/ready", "reached")
        assert 'contact{state="reached"} 1.0' in (await ada.open("/metrics")).text
