"""The plan over every combination of what is wanted and what is so."""

import dataclasses
import itertools
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from support import provisioner_things as things
from tenantry.provisioner.installations import model, plan, rotation
from tenantry.provisioner.installations.transitions import SERVING, TABLE, Input, Rotation
from tenantry.runtime import document
from tenantry.wire.installations import Status, Target

NOON = things.NOON
Phase = document.Phase
FAR = timedelta(minutes=10)


def impossible(each: model.Installation) -> str:
    """Say why a world cannot be; empty: it can."""
    never_placed = each.placed_at is None
    rules = {
        "the status serves another target": each.status not in SERVING[each.target],
        "on a cluster and never placed": never_placed != (each.cluster_id is None),
        "made and never placed": never_placed and (each.database is not None or each.bucket is not None),
        "handed over and never placed": never_placed and each.handed_generation > 0,
        "handed over what was never wanted": each.handed_generation > each.generation,
        "handed over before all was made": each.handed_generation > 0 and _is_unmade(each),
        "observed what was never handed over": each.runtime is not None
        and each.runtime.observed_generation > each.handed_generation,
        "gone and not being deleted": each.is_gone and each.target is not Target.DELETED,
        "discarded without an end": each.target is Target.DISCARDED and each.delete_after is None,
        "well and never handed over": each.status in {Status.STABLE, Status.UNHEALTHY, Status.HIBERNATED}
        and (each.runtime is not None or each.handed_generation > 0)
        and each.handed_generation < each.generation,
        "well and rotating": each.status in {Status.STABLE, Status.UNHEALTHY, Status.HIBERNATED}
        and each.rotation is not None,
        "handed over before the new credentials work": _rotates(each) and each.handed_generation >= each.generation,
        "well and not made": each.status in {Status.STABLE, Status.UNHEALTHY, Status.HIBERNATED}
        and (never_placed or _is_unmade(each)),
    }
    return ", ".join(rule for rule, is_broken in rules.items() if is_broken)


def _is_unmade(each: model.Installation) -> bool:
    parts = (each.database, each.bucket)
    return each.target is not Target.DELETED and any(part is not None and not part.is_ready for part in parts)


def _rotates(each: model.Installation) -> bool:
    is_begun = each.rotation in {Rotation.ASKED, Rotation.DRAWN}
    return is_begun and each.target in {Target.RUNNING, Target.HIBERNATED}


def worlds() -> Iterator[model.Installation]:
    """Every combination that can be."""
    reports: list[document.InstallationStatus | None] = [None]
    reports += [things.report(phase, generation=number) for phase in Phase for number in (2, 3)]
    axes: dict[str, list[Any]] = {
        "target": list(Target),
        "status": list(Status),
        "placed": [True, False],
        "handed_generation": [0, 2, 3],
        "database": [None, things.database(is_ready=False), things.database()],
        "bucket": [None, things.bucket(is_ready=False), things.bucket()],
        "runtime": reports,
        "is_gone": [False, True],
        "delete_after": [None, NOON - FAR, NOON + FAR],
        "rotation": [None, *Rotation],
    }
    base = things.installation()
    for target, status in itertools.product(axes["target"], axes["status"]):
        if status not in SERVING[target]:
            continue
        for placed, *values in itertools.product(*list(axes.values())[2:]):
            names = list(axes)[3:]
            changes: dict[str, Any] = dict(zip(names, values, strict=True))
            if not placed:
                changes |= {"placed_at": None, "cluster_id": None, "cluster": None}
            world = dataclasses.replace(base, target=target, status=status, **changes)
            if not impossible(world):
                yield world


ALL = list(worlds())


def test_there_is_a_world_for_every_status() -> None:
    assert {each.status for each in ALL} == set(Status)
    assert len(ALL) > 3000


def _is_fitting(step: plan.Step, world: model.Installation) -> bool:
    """Tell whether a step can be taken in a world at all."""
    match step:
        case plan.Draw() | plan.SetPassword() | plan.Retire():
            return _rotates_fittingly(step, world)
        case plan.Place():
            return world.placed_at is None
        case plan.Make():
            return step.database or step.bucket
        case plan.HandOver():
            return step.generation == world.generation > world.handed_generation and not _is_unmade(world)
        case _:
            return _ends_fittingly(step, world)


def _rotates_fittingly(step: plan.Rotating, world: model.Installation) -> bool:
    """What is new is made before it is handed over, and what is old ends when the new is in use."""
    if _is_unmade(world):
        return False
    match step:
        case plan.Draw():
            return world.rotation is Rotation.ASKED and world.handed_generation < world.generation
        case plan.SetPassword():
            return world.rotation is Rotation.DRAWN and world.handed_generation < world.generation
        case plan.Retire():
            wanted = Phase.READY if world.target is Target.RUNNING else Phase.ASLEEP
            is_used = _is_reported(world) and world.runtime is not None and world.runtime.phase is wanted
            return is_used and world.rotation is Rotation.MADE


def _ends_fittingly(step: plan.Step, world: model.Installation) -> bool:
    match step:
        case plan.Move():
            return TABLE.allows(world.status, step.given)
        case plan.Remove():
            return world.target is Target.DELETED and not world.is_gone
        case plan.Reclaim():
            return world.target is Target.DELETED and (world.is_gone or world.cluster_id is None)
        case plan.Rest():
            return step.until is None or step.until > NOON
        case _:
            return isinstance(step, plan.Refresh)


class TestEveryWorld:
    def test_has_a_step_that_its_state_allows(self) -> None:
        for world in ALL:
            step = plan.plan(world, NOON)
            assert _is_fitting(step, world), (step, world)

    def test_moves_to_a_world_that_can_be(self) -> None:
        for world in ALL:
            step = plan.plan(world, NOON)
            if isinstance(step, plan.Move):
                status = TABLE.next(world.status, step.given)
                target = Target.DELETED if step.given is Input.EXPIRED else world.target
                after = dataclasses.replace(world, status=status, target=target)
                assert not impossible(after), (impossible(after), step, world)

    def test_that_works_never_rests_for_ever(self) -> None:
        for world in ALL:
            step = plan.plan(world, NOON, asked_at=NOON - timedelta(seconds=1))
            if TABLE.is_working(world.status) and isinstance(step, plan.Rest):
                assert step.until is not None, world
                assert step.until <= NOON + plan.WATCH_NET

    def test_is_never_destroyed_unless_that_is_wanted(self) -> None:
        for world in ALL:
            if world.target is not Target.DELETED:
                assert not isinstance(plan.plan(world, NOON), plan.Remove | plan.Reclaim), world

    def test_is_called_well_only_where_its_cluster_says_so_of_what_is_wanted(self) -> None:
        for world in ALL:
            step = plan.plan(world, NOON)
            if isinstance(step, plan.Move) and step.given in {Input.SETTLED, Input.WELL}:
                if world.status is Status.DISCARDING and world.handed_generation < world.generation:
                    assert world.handed_generation == 0
                    continue
                assert world.runtime is not None, world
                assert world.runtime.observed_generation == world.generation, world
                assert world.runtime.phase is (Phase.READY if world.target is Target.RUNNING else Phase.ASLEEP), world

    def test_depends_on_nothing_but_what_is_given(self) -> None:
        for world in ALL[::7]:
            assert plan.plan(world, NOON) == plan.plan(world, NOON)


def converge(world: model.Installation, cluster: Phase) -> list[plan.Step]:
    """Play the plan against a cluster that brings every document to one phase; return the steps."""
    steps: list[plan.Step] = []
    asked_at = None
    for _ in range(20):
        step = plan.plan(world, NOON, asked_at=asked_at)
        steps.append(step)
        if isinstance(step, plan.Rest):
            return steps
        if isinstance(step, plan.HandOver | plan.Refresh):
            asked_at = NOON
        world = dataclasses.replace(world, **_effect(step, world, cluster))
        assert not impossible(world), (impossible(world), step)
    raise AssertionError(f"It never rests: {steps}")


def _effect(step: plan.Step, world: model.Installation, cluster: Phase) -> dict[str, Any]:
    """Return what a step changes."""
    match step:
        case plan.Move():
            target = Target.DELETED if step.given is Input.EXPIRED else world.target
            return {"status": TABLE.next(world.status, step.given), "target": target}
        case plan.Place() | plan.Make() | plan.Draw() | plan.SetPassword() | plan.Retire():
            return _made(step)
        case plan.Remove() | plan.Reclaim():
            return {"is_gone": True} if isinstance(step, plan.Remove) else {"database": None, "bucket": None}
        case _:
            is_asleep = world.target is not Target.RUNNING and cluster is Phase.READY
            report = things.report(Phase.ASLEEP if is_asleep else cluster, generation=world.generation)
            return {"handed_generation": world.generation, "runtime": report}


def _made(step: plan.Place | plan.Make | plan.Rotating) -> dict[str, Any]:
    match step:
        case plan.Place():
            parts = {"database": things.database(is_ready=False), "bucket": things.bucket(is_ready=False)}
            return {"placed_at": NOON, "cluster_id": "clu-1", "cluster": "here", **parts}
        case plan.Make():
            made = {"database": things.database()} if step.database else {}
            return made | ({"bucket": things.bucket()} if step.bucket else {})
        case _:
            return {"rotation": rotation.after(step)}


def _is_reported(world: model.Installation) -> bool:
    """Tell whether the cluster has spoken of the wanted generation already, so that the day is not ours to choose."""
    return world.runtime is not None and world.runtime.observed_generation == world.generation


class TestConvergence:
    @pytest.mark.parametrize("cluster", list(Phase))
    def test_every_world_comes_to_rest(self, cluster: Phase) -> None:
        for world in ALL[::3]:
            converge(world, cluster)

    def test_on_a_good_day_every_target_is_reached(self) -> None:
        reached = {
            Target.RUNNING: Status.STABLE,
            Target.HIBERNATED: Status.HIBERNATED,
            Target.DISCARDED: Status.DISCARDED,
            Target.DELETED: Status.DELETED,
        }
        tried: set[Status] = set()
        for world in ALL:
            if not TABLE.is_working(world.status) or _is_reported(world):
                continue
            tried.add(world.status)
            expired = world.target is Target.DISCARDED and world.delete_after == NOON - FAR
            status = world.status
            for step in converge(world, Phase.READY):
                if isinstance(step, plan.Move):
                    status = TABLE.next(status, step.given)
            assert status is (Status.DELETED if expired else reached[world.target]), world
        assert tried == TABLE.working

    def test_a_new_one_is_placed_made_handed_over_and_settled(self) -> None:
        new = things.installation(
            status=Status.PROVISIONING,
            placed_at=None,
            cluster_id=None,
            cluster=None,
            database=None,
            bucket=None,
            handed_generation=0,
            generation=1,
            runtime=None,
        )
        assert converge(new, Phase.READY) == [
            plan.Place(),
            plan.Make(database=True, bucket=True),
            plan.HandOver(generation=1),
            plan.Move(given=Input.SETTLED),
            plan.Rest(),
        ]

    def test_a_deletion_takes_the_cluster_first(self) -> None:
        deleting = things.installation(target=Target.DELETED, status=Status.DELETING, delete_after=NOON)
        assert converge(deleting, Phase.READY) == [
            plan.Remove(),
            plan.Reclaim(),
            plan.Move(given=Input.GONE),
            plan.Rest(),
        ]


class TestRotation:
    ASKED: dict[str, Any] = {"generation": 4, "rotation": Rotation.ASKED}  # noqa: RUF012 - read only

    def test_hands_over_what_works_and_retires_the_old_when_the_new_is_in_use(self) -> None:
        world = things.installation(status=Status.RESTARTING, **self.ASKED)
        assert converge(world, Phase.READY) == [
            plan.Draw(),
            plan.SetPassword(),
            plan.HandOver(generation=4),
            plan.Retire(),
            plan.Move(given=Input.SETTLED),
            plan.Rest(),
        ]

    def test_of_one_that_sleeps_does_not_wake_it(self) -> None:
        asleep: dict[str, Any] = {"target": Target.HIBERNATED, "status": Status.HIBERNATING}
        steps = converge(things.installation(**asleep, **self.ASKED), Phase.READY)
        assert steps[-3:] == [plan.Retire(), plan.Move(given=Input.SETTLED), plan.Rest()]

    def test_of_one_that_does_not_come_up_leaves_the_old_key_alone(self) -> None:
        world = things.installation(status=Status.RESTARTING, **self.ASKED)
        assert plan.Retire() not in converge(world, Phase.FAILED)

    @pytest.mark.parametrize("rotation", list(Rotation))
    def test_of_one_that_is_switched_off_waits_until_that_is_taken_back(self, rotation: Rotation) -> None:
        discarding: dict[str, Any] = {
            "target": Target.DISCARDED,
            "status": Status.DISCARDING,
            "delete_after": NOON + FAR,
        }
        world = things.installation(**discarding, generation=4, rotation=rotation)
        assert not {plan.Draw(), plan.SetPassword()} & set(converge(world, Phase.READY))
        restoring = dataclasses.replace(world, target=Target.RUNNING, status=Status.RESTORING, delete_after=None)
        assert converge(restoring, Phase.READY)[-3] == plan.Retire()


class TestReasons:
    @staticmethod
    def unmet(kind: document.ConditionType, reason: str, message: str = "") -> document.Condition:
        """Return a condition that does not hold."""
        status = document.ConditionStatus.FALSE
        return document.Condition(type=kind, status=status, reason=reason, message=message, last_transition_time=NOON)

    def test_are_those_of_the_condition_that_stands_in_the_way(self) -> None:
        asleep = self.unmet(document.ConditionType.READY, "Asleep")
        late = self.unmet(document.ConditionType.WORKLOADS_READY, "StartTimedOut", "Not ready within 5 s.")
        failed = things.report(Phase.FAILED, conditions=[asleep, late])
        world = things.installation(status=Status.UPDATING, runtime=failed)
        assert plan.plan(world, NOON) == plan.Move(given=Input.FAILED, reason=late.reason, message=late.message)
        assert plan.explanation(things.report(Phase.FAILED, conditions=[asleep])) == ("Asleep", "")
        assert plan.explanation(things.report(Phase.FAILED)) == ("", "")

    def test_are_not_those_of_what_only_waits_for_it(self) -> None:
        waiting = self.unmet(document.ConditionType.INITIALISED, "Initialising", "Its set-up is under way.")
        refused = self.unmet(document.ConditionType.READY, "ObjectInvalid", "The API server refuses the object.")
        told = plan.explanation(things.report(Phase.FAILED, conditions=[waiting, refused]))
        assert told == (refused.reason, refused.message)


class TestAsking:
    def test_is_left_to_the_watch_for_a_while(self) -> None:
        world = things.installation(status=Status.UPDATING, runtime=things.report(Phase.PROGRESSING))
        assert plan.plan(world, NOON) == plan.Refresh()
        asked_at = NOON - timedelta(seconds=1)
        assert plan.plan(world, NOON, asked_at=asked_at) == plan.Rest(until=asked_at + plan.WATCH_NET)
        assert plan.plan(world, NOON, asked_at=NOON - plan.WATCH_NET) == plan.Refresh()
