"""The plan of an installation: from every state, through a world that answers, to where it is wanted."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from support import tiny
from tenantry.kernel import ids
from tenantry.provisioner.installations import model, plan
from tenantry.provisioner.installations.transitions import TABLE, Input
from tenantry.runtime import document
from tenantry.wire.installations import Status, Target

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DATABASE = model.LogicalDatabase(
    id=ids.LogicalDatabaseId("ldb-1"),
    server_id=ids.DatabaseServerId("dbs-1"),
    name="t_1",
    password=b"",
    host="127.0.0.1",
    port=5432,
    ssl_mode="disable",
    is_ready=False,
)
BUCKET = model.Bucket(
    id=ids.BucketId("bkt-1"),
    store_id=ids.ObjectStoreId("obs-1"),
    name="t-1",
    access_key="T1",
    secret_key=b"",
    endpoint="http://127.0.0.1:1",
    region="r",
    is_ready=False,
)


def installation(status: Status, target: Target, **changes: object) -> model.Installation:
    base = model.Installation(
        id=ids.InstallationId("ins-1"),
        name="acme",
        display_name="",
        application=tiny.application(needs={"volumes": [{"name": "data"}], "database": {}, "bucket": {}}),
        application_id=ids.ApplicationId("app-1"),
        version="1.0",
        size="small",
        settings={},
        labels={},
        url="http://acme.localhost",
        target=target,
        status=status,
        reason="",
        message="",
        generation=1,
        handed_generation=0,
        revision=1,
        restarted_at=None,
        is_locked=False,
        delete_after=None,
        cluster_id=None,
        cluster=None,
        placed_at=None,
        generated_secrets=b"",
        database=None,
        bucket=None,
        runtime=None,
        is_gone=False,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(base, **changes)


def reported(phase: document.Phase, generation: int) -> document.InstallationStatus:
    return document.InstallationStatus(observed_generation=generation, phase=phase)


def _placed(seen: model.Installation) -> model.Installation:
    return replace(
        seen, placed_at=NOW, cluster_id=ids.ClusterId("clu-1"), cluster="here", database=DATABASE, bucket=BUCKET
    )


def _made(seen: model.Installation) -> model.Installation:
    return replace(seen, database=replace(DATABASE, is_ready=True), bucket=replace(BUCKET, is_ready=True))


def _asked(seen: model.Installation) -> model.Installation:
    phase = document.Phase.READY if seen.target is Target.RUNNING else document.Phase.ASLEEP
    return replace(seen, runtime=reported(phase, seen.generation))


ANSWERS: dict[type[plan.Step], Callable[[model.Installation], model.Installation]] = {
    plan.Place: _placed,
    plan.Make: _made,
    plan.HandOver: lambda seen: replace(seen, handed_generation=seen.generation),
    plan.Refresh: _asked,
    plan.Remove: lambda seen: replace(seen, is_gone=True),
    plan.Reclaim: lambda seen: replace(seen, database=None, bucket=None),
}


def answer(seen: model.Installation, step: plan.Step) -> model.Installation:
    """What a world in which everything works makes of a step."""
    if isinstance(step, plan.Move):
        target = Target.DELETED if step.given is Input.EXPIRED else seen.target
        return replace(seen, status=TABLE.next(seen.status, step.given), target=target)
    return ANSWERS[type(step)](seen)


def ready_to_hand_over(seen: model.Installation) -> model.Installation:
    return _made(_placed(seen))


def walk(seen: model.Installation, now: datetime = NOW) -> tuple[model.Installation, list[str]]:
    """Take steps until it rests; returns where it ended and the names of the steps."""
    names: list[str] = []
    for _ in range(20):
        step = plan.plan(seen, now)
        if isinstance(step, plan.Rest):
            return seen, names
        names.append(type(step).__name__)
        seen = answer(seen, step)
    pytest.fail(f"never rests: {names}")


class TestPlan:
    def test_a_creation_takes_each_step_once(self) -> None:
        ended, names = walk(installation(Status.PROVISIONING, Target.RUNNING))
        assert ended.status is Status.STABLE
        assert names == ["Place", "Make", "HandOver", "Refresh", "Move"]

    def test_only_what_is_missing_is_made(self) -> None:
        half = installation(
            Status.PROVISIONING, Target.RUNNING, placed_at=NOW, database=replace(DATABASE, is_ready=True), bucket=BUCKET
        )
        assert plan.plan(half, NOW) == plan.Make(database=False, bucket=True)

    @pytest.mark.parametrize("status", [Status.UPDATING, Status.RESTARTING, Status.WAKING, Status.RESTORING])
    def test_a_change_is_handed_over_and_settles(self, status: Status) -> None:
        placed = ready_to_hand_over(installation(status, Target.RUNNING, generation=2))
        ended, names = walk(replace(placed, handed_generation=1))
        assert (ended.status, names) == (Status.STABLE, ["HandOver", "Refresh", "Move"])

    def test_an_older_report_settles_nothing(self) -> None:
        placed = ready_to_hand_over(installation(Status.UPDATING, Target.RUNNING))
        seen = replace(placed, generation=2, handed_generation=2, runtime=reported(document.Phase.READY, 1))
        assert plan.plan(seen, NOW) == plan.Refresh()
        assert plan.plan(seen, NOW, asked_at=NOW) == plan.Rest(until=NOW + plan.WATCH_NET)

    def test_a_deletion_waits_for_its_grace_and_reclaims_everything(self) -> None:
        until = NOW + timedelta(days=7)
        kept = installation(
            Status.DISCARDED, Target.DISCARDED, delete_after=until, cluster_id=ids.ClusterId("clu-1"),
            database=DATABASE, bucket=BUCKET,
        )  # fmt: skip
        assert plan.plan(kept, NOW) == plan.Rest(until=until)
        ended, names = walk(kept, until)
        assert ended.status is Status.DELETED
        assert names == ["Move", "Remove", "Reclaim", "Move"]

    def test_one_that_was_never_handed_over_is_discarded_at_once(self) -> None:
        unplaced = installation(Status.DISCARDING, Target.DISCARDED)
        assert plan.plan(unplaced, NOW) == plan.Move(given=Input.SETTLED)

    @pytest.mark.parametrize(("status", "phase"), list(product(Status, document.Phase)))
    def test_whatever_is_reported_every_move_is_allowed(self, status: Status, phase: document.Phase) -> None:
        for target in Target:
            placed = ready_to_hand_over(installation(status, target))
            step = plan.plan(replace(placed, handed_generation=1, runtime=reported(phase, 1)), NOW)
            assert not isinstance(step, plan.Move) or TABLE.allows(status, step.given)

    def test_a_failure_carries_the_reason_of_the_condition_in_the_way(self) -> None:
        condition = document.Condition(
            type=document.ConditionType.WORKLOADS_READY,
            status=document.ConditionStatus.FALSE,
            reason="StartTimedOut",
            message="web was not ready within 3 s.",
            last_transition_time=NOW,
        )
        failed = document.InstallationStatus(observed_generation=1, phase=document.Phase.FAILED, conditions=[condition])
        placed = ready_to_hand_over(installation(Status.PROVISIONING, Target.RUNNING))
        step = plan.plan(replace(placed, handed_generation=1, runtime=failed), NOW)
        assert step == plan.Move(given=Input.FAILED, reason="StartTimedOut", message="web was not ready within 3 s.")
