from datetime import UTC, datetime, timedelta

import pytest

from tenantry.portal.history import plan
from tenantry.portal.workspaces import model

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
S = model.Status


def news(status: S, sequence: int = 2, message: str = "") -> plan.News:
    return plan.News(sequence=sequence, at=NOW + timedelta(seconds=sequence), status=status, message=message)


def operation(kind: S, *, is_open: bool = True) -> plan.Operation:
    return plan.Operation(
        kind=kind,
        summary="Restart",
        outcome=plan.Outcome.WORKING if is_open else plan.Outcome.DONE,
        message="",
        sequence=1,
        started_at=NOW,
        finished_at=None if is_open else NOW,
    )


class TestAdvance:
    def test_work_begins_an_operation(self) -> None:
        change = plan.advance(None, S.ORDERED, news(S.PROVISIONING))
        assert change.close is None
        assert change.open is not None
        assert change.open.summary == "Creation"
        assert change.open.finished_at is None

    def test_more_of_the_same_work_changes_nothing(self) -> None:
        assert plan.advance(operation(S.RESTARTING), S.RESTARTING, news(S.RESTARTING)) == plan.Change()

    def test_other_work_closes_what_was_open(self) -> None:
        change = plan.advance(operation(S.PROVISIONING), S.PROVISIONING, news(S.DISCARDING))
        assert change.close is plan.Outcome.DONE
        assert change.open is not None

    @pytest.mark.parametrize(
        ("status", "outcome"),
        [
            (S.STABLE, plan.Outcome.DONE),
            (S.HIBERNATED, plan.Outcome.DONE),
            (S.DISCARDED, plan.Outcome.DONE),
            (S.FAILED, plan.Outcome.FAILED),
            (S.UNHEALTHY, plan.Outcome.FAILED),
        ],
    )
    def test_rest_closes_it(self, status: S, outcome: plan.Outcome) -> None:
        change = plan.advance(operation(S.RESTARTING), S.RESTARTING, news(status, message="Why."))
        assert change.close is outcome
        assert change.message == ("Why." if outcome is plan.Outcome.FAILED else "")
        assert change.open is None

    def test_trouble_that_nobody_asked_for_is_noticed(self) -> None:
        change = plan.advance(operation(S.RESTARTING, is_open=False), S.STABLE, news(S.UNHEALTHY, message="No space."))
        assert change.open is not None
        assert change.open.outcome is plan.Outcome.CHANGED
        assert change.open.message == "No space."
        assert change.open.finished_at == change.open.started_at

    def test_the_same_rest_is_no_news(self) -> None:
        assert plan.advance(operation(S.RESTARTING, is_open=False), S.STABLE, news(S.STABLE)) == plan.Change()

    def test_every_pair_is_decided(self) -> None:
        for before in S:
            for now in S:
                for last in (None, operation(before), operation(before, is_open=False)):
                    change = plan.advance(last, before, news(now))
                    assert change.close is None or (last is not None and last.finished_at is None)
