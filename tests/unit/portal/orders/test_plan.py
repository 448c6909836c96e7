from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from support import portal_twin_state as state
from tenantry.kernel import ids
from tenantry.portal.orders import model, plan
from tenantry.portal.workspaces import model as workspaces
from tenantry.wire import installations

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
WORKSPACE = workspaces.Workspace(
    id=ids.WorkspaceId("wsp-1"),
    account_id=ids.AccountId("acc-1"),
    product="chat",
    name="acme",
    size="small",
    settings={"title": "Blue"},
    status=workspaces.Status.ORDERED,
    installation=None,
    status_since=NOW,
    ready_at=None,
    credentials_shown_at=None,
    created_at=NOW,
)
INSTALLATION = state.created(
    installations.CreateInstallation(name="acme", application="chat"),
    identifier="ins-1",
    url="http://acme.localhost",
    version="1",
    now=NOW,
)


def order(kind: model.Kind, details: dict[str, Any] | None = None) -> model.Order:
    return model.Order(
        id="ord-1",
        account_id=WORKSPACE.account_id,
        workspace_id=WORKSPACE.id,
        kind=kind,
        details=details or {},
        status=model.Status.WAITING,
        code="",
        message="",
        created_at=NOW,
        finished_at=None,
    )


class TestDecide:
    def test_a_new_workspace_is_labelled_so_that_its_events_find_it(self) -> None:
        step = plan.decide(order(model.Kind.CREATE), WORKSPACE)
        assert isinstance(step, plan.Create)
        assert step.request.labels == {model.LABEL: "wsp-1"}
        assert step.request.settings == {"title": "Blue"}

    @pytest.mark.parametrize("kind", [kind for kind in model.Kind if kind is not model.Kind.CREATE])
    def test_a_change_goes_to_the_installation(self, kind: model.Kind) -> None:
        step = plan.decide(order(kind, {"size": "medium"}), replace(WORKSPACE, installation=INSTALLATION))
        assert step == plan.Change(installation_id="ins-1", action=kind.value, details={"size": "medium"})

    @pytest.mark.parametrize("kind", [kind for kind in model.Kind if kind is not model.Kind.CREATE])
    def test_a_change_of_nothing_is_refused(self, kind: model.Kind) -> None:
        assert isinstance(plan.decide(order(kind), WORKSPACE), plan.Refuse)


class TestPossible:
    def test_nothing_while_an_order_waits(self) -> None:
        for status in workspaces.Status:
            assert model.possible(status, model.Kind.RESTART) == frozenset()

    def test_a_ready_workspace_can_be_restarted_and_deleted(self) -> None:
        assert {model.Kind.RESTART, model.Kind.DELETE} <= model.possible(workspaces.Status.STABLE, None)

    def test_what_is_marked_for_deletion_can_only_be_kept(self) -> None:
        assert model.possible(workspaces.Status.DISCARDED, None) == {model.Kind.UNDELETE}

    def test_what_is_gone_stays_gone(self) -> None:
        assert model.possible(workspaces.Status.DELETED, None) == frozenset()
