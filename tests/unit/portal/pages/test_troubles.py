from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from support import portal_twin_state as state
from tenantry.kernel import ids
from tenantry.portal.catalogue import model as catalogue
from tenantry.portal.following import store as following
from tenantry.portal.orders import model as orders
from tenantry.portal.overview import service as overview
from tenantry.portal.pages import staleness, troubles
from tenantry.portal.workspaces import model as workspaces
from tenantry.wire import applications, installations

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LIVE = following.Contact(sequence=1, is_live=True, lost_at=None)
AWAY = following.Contact(sequence=1, is_live=False, lost_at=NOW)
REFUSED = replace(AWAY, lost_code="token-invalid")

PRODUCT = catalogue.Product(
    name="chat",
    title="Chat",
    summary="",
    icon=None,
    status=applications.Status.AVAILABLE,
    message="",
    default_version="1",
    sizes=(),
    settings_schema={},
)
WORKSPACE = workspaces.Workspace(
    id=ids.WorkspaceId("wsp-1"),
    account_id=ids.AccountId("acc-1"),
    product="chat",
    name="acme",
    size="small",
    settings={},
    status=workspaces.Status.ORDERED,
    installation=None,
    status_since=NOW,
    ready_at=None,
    credentials_shown_at=None,
    created_at=NOW,
)
ORDER = orders.Order(
    id="ord-1",
    account_id=ids.AccountId("acc-1"),
    workspace_id=ids.WorkspaceId("wsp-1"),
    kind=orders.Kind.CREATE,
    details={},
    status=orders.Status.WAITING,
    code="",
    message="",
    created_at=NOW,
    finished_at=None,
)


def told(contact: following.Contact, **order: Any) -> troubles.Trouble | None:
    return troubles.of(
        overview.Overview(
            workspace=WORKSPACE,
            product=PRODUCT,
            newest_order=replace(ORDER, **order),
            operations=(),
            usual={},
            contact=contact,
        )
    )


class TestWaiting:
    def test_an_order_on_its_way_is_no_trouble(self) -> None:
        assert told(LIVE) is None

    @pytest.mark.parametrize(
        ("contact", "code", "title"),
        [
            (AWAY, "", "Our side cannot be reached right now"),
            (AWAY, "provisioner-away", "Our side cannot be reached right now"),
            (LIVE, "provisioner-away", "Our side cannot be reached right now"),
            (REFUSED, "", "Your order waits for us to mend something"),
            (LIVE, "portal-not-admitted", "Your order waits for us to mend something"),
            (LIVE, "provisioner-not-understood", "Your order waits for us to mend something"),
            (LIVE, "workspace-busy", "Another change has to end first"),
        ],
    )
    def test_says_what_it_waits_for_and_that_it_is_kept(
        self, contact: following.Contact, code: str, title: str
    ) -> None:
        found = told(contact, code=code)
        assert found is not None
        assert found.title == title
        assert "Your order is kept" in found.means
        assert found.reference == "ord-1"

    @pytest.mark.parametrize("code", ["name-taken", "settings-invalid"])
    def test_a_refusal_has_the_provisioners_words(self, code: str) -> None:
        found = told(LIVE, status=orders.Status.REFUSED, code=code, message="Because.")
        assert found is not None
        assert found.happened == "Because."
        assert "Nothing was made" in found.means


def installation(reason: str, message: str) -> installations.Installation:
    request = installations.CreateInstallation(name="acme", application="chat")
    made = state.created(request, identifier="ins-1", url="http://acme.localhost", version="1", now=NOW)
    return made.model_copy(update={"status": installations.Status.STABLE, "reason": reason, "message": message})


def told_of(known: installations.Installation, unseen_since: datetime | None) -> troubles.Trouble | None:
    workspace = replace(WORKSPACE, status=workspaces.Status(known.status.value), installation=known)
    return troubles.of(
        overview.Overview(
            workspace=workspace,
            product=PRODUCT,
            newest_order=replace(ORDER, status=orders.Status.CARRIED_OUT, finished_at=NOW),
            operations=(),
            usual={},
            contact=LIVE,
            unseen_since=unseen_since,
        )
    )


class TestOfWhatRuns:
    def test_nothing_is_said_of_what_is_well(self) -> None:
        assert told_of(installation("", ""), None) is None

    def test_an_update_that_was_taken_back_is_told_with_its_cause(self) -> None:
        found = told_of(installation(installations.TAKEN_BACK, "The update from 1 to 2 failed."), None)
        assert found is not None
        assert (found.title, found.happened) == ("A new version was taken back", "The update from 1 to 2 failed.")
        assert found.reference == "ins-1"

    def test_machines_that_are_away_go_before_what_they_said_last(self) -> None:
        found = told_of(installation(installations.TAKEN_BACK, "The update from 1 to 2 failed."), NOW)
        assert found is not None
        assert found.title == "We cannot see your workspace right now"


class TestStale:
    def test_nothing_is_said_while_all_is_well(self) -> None:
        assert staleness.of(LIVE, NOW) is None

    def test_a_fault_of_ours_is_not_called_an_outage(self) -> None:
        away, refused = staleness.of(AWAY, NOW), staleness.of(REFUSED, NOW)
        assert away is not None
        assert refused is not None
        assert "cannot be reached" in away.title
        assert "for us to mend" in refused.happened
