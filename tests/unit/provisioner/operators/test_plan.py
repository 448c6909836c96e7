"""What is done about an operator next, over every pair of what is known and what is seen."""

import dataclasses
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tenantry.kernel import errors, ids
from tenantry.provisioner.operators import model, plan, ports
from tenantry.wire.operators import Keeper, Status

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
TERMS = model.Terms(image="tenantry", version="1.0.0", patience=timedelta(minutes=5))
Effect = plan.Effect


def bundle(version: str) -> model.Bundle:
    return model.Bundle(
        image=f"tenantry:{version}", version=version, digest=version, release=f"tenantry:{version} x", objects=[]
    )


WANTED, FORMER = bundle("2.0.0"), bundle("1.0.0")
WISH = model.Wish(kept_by=Keeper.TENANTRY, image=None, version="2.0.0", facts={}, takes_over=False)
NOTHING = model.Seen()
OURS = model.Seen(manager=plan.OURS, place="x/x", image="tenantry:2.0.0", version="2.0.0", digest="2.0.0")
WELL = dataclasses.replace(OURS, is_ready=True, is_led=True)
BROKEN = dataclasses.replace(OURS, obstacle="It crashes.")
BEFORE = dataclasses.replace(WELL, image="tenantry:1.0.0", version="1.0.0", digest="1.0.0")
HELMS = dataclasses.replace(BEFORE, manager="Helm", digest="", is_ready=False, is_led=False)


def known(status: Status, **more: Any) -> model.Known:
    made: dict[str, Any] = {
        "id": ids.ClusterId("clu-1"),
        "name": "k8s",
        "wish": WISH,
        "status": status,
        "reason": plan.WAITS if status is Status.UPGRADING else "",
        "message": "",
        "since": NOON,
        "attempt": WANTED.digest,
        "release": WANTED.release,
        "served": FORMER,
        "carried": "1.0.0",
    }
    return model.Known(**made | more)


def step(row: model.Known, seen: model.Seen, *, after: timedelta = timedelta(0)) -> plan.Step:
    return plan.plan(row, WANTED, seen, TERMS, NOON + after)


LATE = timedelta(minutes=6)


def every() -> Iterator[tuple[model.Known, model.Seen, timedelta]]:
    """Yield every pair of a row and what is seen that can be."""
    seen = (NOTHING, WELL, OURS, BROKEN, BEFORE, HELMS, dataclasses.replace(WELL, elsewhere=("a/b",)))
    for status, served, tried, each, after in itertools.product(
        Status, (None, FORMER, WANTED), (True, False), seen, (timedelta(0), LATE)
    ):
        if served is None and status in {Status.RETURNING, Status.RETURNED}:
            continue
        keeper = Keeper.EXTERNAL if status is Status.EXTERNAL else Keeper.TENANTRY
        wish = dataclasses.replace(WISH, kept_by=keeper)
        yield known(status, served=served, wish=wish, attempt=WANTED.digest if tried else ""), each, after


class TestEverywhere:
    def test_what_others_keep_is_never_touched(self) -> None:
        for row, seen, after in every():
            if seen.manager == "Helm" or seen.elsewhere:
                made = step(row, seen, after=after)
                assert (made.effect, made.status in {Status.BLOCKED, Status.EXTERNAL}) == (Effect.NONE, True)
                assert made.message

    def test_what_is_external_stays_so(self) -> None:
        for row, seen, after in every():
            made = step(row, seen, after=after)
            assert (made.status is Status.EXTERNAL) == (row.wish.kept_by is Keeper.EXTERNAL)

    def test_only_what_is_well_is_current_unless_it_was(self) -> None:
        for row, seen, after in every():
            made = step(row, seen, after=after)
            if made.status is Status.CURRENT and row.status is not Status.CURRENT:
                assert (seen.digest, seen.is_well) == (WANTED.digest, True)

    def test_whoever_waits_or_gave_up_says_why(self) -> None:
        for row, seen, after in every():
            made = step(dataclasses.replace(row, reason=row.reason or "Some", message="Because."), seen, after=after)
            assert made.status in {Status.CURRENT, Status.EXTERNAL, Status.UPGRADING} or (made.reason and made.message)

    def test_nothing_is_brought_back_where_there_is_nothing(self) -> None:
        for row, seen, after in every():
            made = step(row, seen, after=after)
            assert row.served is not None or made.status not in {Status.RETURNING, Status.RETURNED}
            assert row.served is not None or made.effect is not Effect.RESTORE


class TestUpgrade:
    def test_it_is_applied_until_it_is_there(self) -> None:
        assert step(known(Status.UPGRADING), BEFORE).effect is Effect.APPLY
        made = step(known(Status.UPGRADING), BROKEN)
        assert (made.status, made.effect, made.message) == (Status.UPGRADING, Effect.NONE, "It crashes.")

    def test_ready_without_the_lease_is_not_enough(self) -> None:
        assert step(known(Status.UPGRADING), dataclasses.replace(WELL, is_led=False)).status is Status.UPGRADING
        assert step(known(Status.UPGRADING), WELL).status is Status.CURRENT

    def test_in_time_it_is_given_up_with_the_reason(self) -> None:
        made = step(known(Status.UPGRADING), BROKEN, after=LATE)
        assert (made.status, made.reason) == (Status.RETURNING, "NotReadyInTime")
        assert made.message == (
            "Version 2.0.0 was not ready within 300 seconds: It crashes. Version 1.0.0 is brought back."
        )

    def test_without_a_former_version_it_stays_and_may_still_become_ready(self) -> None:
        made = step(known(Status.UPGRADING, served=None), BROKEN, after=LATE)
        assert made.status is Status.FAILED
        assert step(known(Status.FAILED, served=None), BROKEN, after=LATE).effect is Effect.APPLY
        assert step(known(Status.FAILED, served=None), WELL, after=LATE).status is Status.CURRENT

    def test_time_counts_only_where_it_was_waited_for(self) -> None:
        """A cluster that was away for long has its time when it is back."""
        for reason in ("Begins", "ClusterUnreachable"):
            made = step(known(Status.UPGRADING, reason=reason), BEFORE, after=LATE)
            assert (made.status, made.effect, made.reason) == (Status.UPGRADING, Effect.APPLY, plan.WAITS)

    def test_another_wish_begins_anew(self) -> None:
        for status in (Status.UPGRADING, Status.RETURNING, Status.RETURNED, Status.FAILED, Status.CURRENT):
            made = step(known(status, attempt="other"), BEFORE, after=LATE)
            assert (made.status, made.effect) == (Status.UPGRADING, Effect.NONE)


class TestReturn:
    WHY = "It crashes. Version 1.0.0 is brought back."

    def test_it_is_brought_back_until_it_is_there(self) -> None:
        row = known(Status.RETURNING, reason="NotReadyInTime", message=self.WHY)
        made = step(row, BROKEN, after=LATE)
        assert (made.status, made.effect, made.reason) == (Status.RETURNING, Effect.RESTORE, "NotReadyInTime")
        assert made.message == f"{self.WHY} Now: It crashes."
        again = step(dataclasses.replace(row, message=made.message), BEFORE)
        assert (again.status, again.message) == (Status.RETURNED, self.WHY)

    def test_it_stays_and_is_repaired(self) -> None:
        row = known(Status.RETURNED, reason="NotReadyInTime", message=self.WHY)
        for seen in (BEFORE, NOTHING):
            made = step(row, seen, after=LATE)
            assert (made.status, made.effect) == (Status.RETURNED, Effect.RESTORE)


class TestRefusal:
    def test_an_object_that_is_refused_is_not_tried_again(self) -> None:
        made = plan.refused(known(Status.UPGRADING), errors.PermanentError("No."), TERMS, NOON)
        assert (made.status, made.message) == (Status.RETURNING, "No. Version 1.0.0 is brought back.")

    def test_an_account_that_may_not_has_its_time(self) -> None:
        error = ports.KeepingForbiddenError("No.")
        assert plan.refused(known(Status.UPGRADING), error, TERMS, NOON).status is Status.UPGRADING
        late = plan.refused(known(Status.UPGRADING), error, TERMS, NOON + LATE)
        assert (late.status, late.reason) == (Status.RETURNING, "KeepingForbidden")

    @pytest.mark.parametrize("status", list(Status))
    def test_a_cluster_that_is_away_changes_no_status(self, status: Status) -> None:
        made = plan.refused(known(status), errors.TemporaryError("It is away."), TERMS, NOON + LATE)
        assert (made.status, "It is away." in made.message) == (status, True)


class TestTurns:
    def test_a_cluster_waits_while_as_many_are_changed_as_may_be(self) -> None:
        busy = plan.Other(name="a", status=Status.RETURNING, release="another", message="")
        assert plan.hold(known(Status.PENDING), WANTED, [busy], dataclasses.replace(TERMS, at_once=2)) is None
        held = plan.hold(known(Status.PENDING), WANTED, [busy], TERMS)
        assert held is not None
        assert (held.status, held.reason) == (Status.PENDING, "WaitsForTurn")

    @pytest.mark.parametrize("status", [Status.RETURNED, Status.FAILED])
    def test_what_failed_elsewhere_is_not_tried(self, status: Status) -> None:
        failed = plan.Other(name="a", status=status, release=WANTED.release, message="It crashes.")
        held = plan.hold(known(Status.PENDING), WANTED, [failed], TERMS)
        assert held is not None
        assert (held.reason, "It crashes." in held.message) == ("FailedElsewhere", True)
        another = dataclasses.replace(failed, release="another")
        assert plan.hold(known(Status.PENDING), WANTED, [another], TERMS) is None

    def test_what_runs_here_may_have_other_facts_though_it_failed_elsewhere(self) -> None:
        failed = plan.Other(name="a", status=Status.RETURNED, release=WANTED.release, message="")
        served = dataclasses.replace(WANTED, digest="with other facts")
        assert plan.hold(known(Status.PENDING, served=served), WANTED, [failed], TERMS) is None

    @pytest.mark.parametrize("reason", ["WaitsForTurn", "FailedElsewhere"])
    def test_what_runs_is_kept_as_it_is_meanwhile(self, reason: str) -> None:
        for seen in (BEFORE, NOTHING):
            made = step(known(Status.PENDING, reason=reason, attempt=""), seen)
            assert (made.status, made.effect) == (Status.UPGRADING, Effect.RESTORE)
        assert step(known(Status.PENDING, reason=reason, attempt="", served=None), NOTHING).effect is Effect.NONE


def test_what_a_newer_provisioner_brought_is_left_to_it() -> None:
    for status in Status:
        if status is not Status.EXTERNAL:
            made = step(known(status, carried="1.1.0"), BEFORE)
            assert (made.status, made.effect, made.reason) == (status, Effect.NONE, "KeptByNewer")


def test_an_external_one_is_reported_with_the_difference() -> None:
    row = known(Status.EXTERNAL, wish=dataclasses.replace(WISH, kept_by=Keeper.EXTERNAL))
    assert step(row, NOTHING).reason == "OperatorMissing"
    assert step(row, HELMS).reason == ""
    older = step(row, dataclasses.replace(HELMS, version="0.9.0"))
    assert (older.reason, older.message) == (
        "OperatorDiffers",
        "Helm keeps the operator x/x at version 0.9.0; this provisioner brings 1.0.0.",
    )


def test_taking_over_is_said() -> None:
    wish = dataclasses.replace(WISH, takes_over=True)
    assert step(known(Status.BLOCKED, wish=wish, attempt=""), HELMS).status is Status.UPGRADING
    elsewhere = dataclasses.replace(HELMS, elsewhere=("a/b",))
    assert step(known(Status.BLOCKED, wish=wish, attempt=""), elsewhere).reason == "OperatorElsewhere"
