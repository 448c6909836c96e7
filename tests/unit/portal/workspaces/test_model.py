from datetime import UTC, datetime, timedelta

from support import portal_twin_state as state
from tenantry.kernel import ids
from tenantry.portal.workspaces import model
from tenantry.wire import installations

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=5)


def workspace() -> model.Workspace:
    return model.Workspace(
        id=ids.WorkspaceId("wsp-1"),
        account_id=ids.AccountId("acc-1"),
        product="chat",
        name="acme",
        size="small",
        settings={},
        status=model.Status.ORDERED,
        installation=None,
        status_since=NOW,
        ready_at=None,
        credentials_shown_at=None,
        created_at=NOW,
    )


def installation(status: installations.Status, at: datetime) -> installations.Installation:
    request = installations.CreateInstallation(name="acme", application="chat")
    made = state.created(request, identifier="ins-1", url="http://acme.localhost", version="1", now=NOW)
    return made.model_copy(update={"status": status, "updated_at": at})


class TestNews:
    def test_bring_the_status(self) -> None:
        changed = model.with_news(workspace(), installation(installations.Status.PROVISIONING, NOW), LATER)
        assert changed is not None
        assert changed.status is model.Status.PROVISIONING
        assert changed.status_since == LATER

    def test_that_are_older_change_nothing(self) -> None:
        newer = model.with_news(workspace(), installation(installations.Status.STABLE, LATER), LATER)
        assert newer is not None
        assert model.with_news(newer, installation(installations.Status.PROVISIONING, NOW), LATER) is None

    def test_may_come_twice(self) -> None:
        once = model.with_news(workspace(), installation(installations.Status.STABLE, LATER), LATER)
        assert once is not None
        twice = model.with_news(once, installation(installations.Status.STABLE, LATER), LATER + timedelta(seconds=9))
        assert twice == once

    def test_remember_the_first_time_it_was_ready(self) -> None:
        ready = model.with_news(workspace(), installation(installations.Status.STABLE, NOW), NOW)
        assert ready is not None
        again = model.with_news(ready, installation(installations.Status.STABLE, LATER), LATER)
        assert again is not None
        assert again.ready_at == NOW

    def test_know_every_status_of_the_provisioner(self) -> None:
        for status in installations.Status:
            changed = model.with_news(workspace(), installation(status, NOW), NOW)
            assert changed is not None
            assert changed.status == status.value
