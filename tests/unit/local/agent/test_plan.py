"""The plan over every combination of what can be so: it is always allowed, and following it always arrives."""

import dataclasses
import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tenantry.local.agent import assessment, model, plan, record, step
from tenantry.runtime import document

NOW = datetime(2026, 11, 24, tzinfo=UTC)
ROUTE = model.Route(hosts=("a.localhost",), upstream="127.0.0.1:21000", max_request_bytes=1)
OLD_ROUTE = dataclasses.replace(ROUTE, upstream="127.0.0.1:20999")
WEB = model.WantedWorkload(name="web", digest="new", start_timeout=timedelta(seconds=30), is_probed=True)
LAYOUT = model.Layout(workloads=(WEB,), files_digest="files", route=ROUTE)
AWAKE = model.Wanted(
    name="ins-a",
    generation=3,
    attempt="this",
    version="2",
    is_awake=True,
    is_deleting=False,
    has_initialise=True,
    has_migrate=True,
    has_administrator=True,
    has_smoke_check=True,
    layout=LAYOUT,
)
WANTED = {
    "awake": AWAKE,
    "awake, administrator later": dataclasses.replace(AWAKE, is_administrator_first=False),
    "awake, without jobs": dataclasses.replace(AWAKE, has_administrator=False, has_smoke_check=False),
    "asleep": dataclasses.replace(AWAKE, is_awake=False, layout=None),
    "deleting": dataclasses.replace(AWAKE, is_deleting=True, layout=None),
}
PROGRAMS: dict[str, dict[str, model.Program]] = {
    "none": {},
    "stopped": {"web": model.Program(digest="new", is_running=False)},
    "old": {"web": model.Program(digest="old", is_running=True, is_ready=True)},
    "starting": {"web": model.Program(digest="new", is_running=True, waiting_since=NOW - timedelta(seconds=1))},
    "late": {"web": model.Program(digest="new", is_running=True, waiting_since=NOW - timedelta(seconds=31))},
    "ready": {"web": model.Program(digest="new", is_running=True, is_ready=True)},
    "unwell": {"web": model.Program(digest="new", is_running=True, is_ready=True, is_unwell=True)},
    "looping": {"web": model.Program(digest="new", is_running=True, exits=(NOW,) * plan.EXITS)},
    "stray": {
        "web": model.Program(digest="new", is_running=True, is_ready=True),
        "gone": model.Program(digest="x", is_running=True),
    },
}
FAILURES = {
    "none": None,
    "of another document": record.Failure(
        attempt="other", reason="StartTimedOut", message="", condition=document.ConditionType.WORKLOADS_READY
    ),
    "for good": record.Failure(
        attempt="this",
        reason="StartTimedOut",
        message="",
        condition=document.ConditionType.WORKLOADS_READY,
        holds=["web"],
    ),
    "for now": record.Failure(
        attempt="this",
        reason="InitialiseFailed",
        message="",
        condition=document.ConditionType.INITIALISED,
        retry_at=NOW + timedelta(seconds=5),
    ),
    "long enough": record.Failure(
        attempt="this",
        reason="InitialiseFailed",
        message="",
        condition=document.ConditionType.INITIALISED,
        retry_at=NOW,
    ),
}


def memories() -> Iterator[record.Record]:
    for is_placed, is_initialised, version, has_administrator, failure in itertools.product(
        (True, False), (True, False), ("1", "2", None), (True, False), FAILURES.values()
    ):
        yield record.Record(
            is_placed=is_placed,
            is_initialised=is_initialised,
            data_version=version if is_initialised else None,
            has_administrator=has_administrator,
            is_smoke_checked=has_administrator,
            failure=failure,
        )


def observations() -> Iterator[model.Observed]:
    for memory, package, programs, files, route in itertools.product(
        memories(), model.PackageState, PROGRAMS.values(), ("files", None), (ROUTE, OLD_ROUTE, None)
    ):
        yield model.Observed(
            package=package, memory=memory, programs=programs, files_digest=files, route=route, log_lines=("end",)
        )


def kinds(steps: plan.Steps) -> set[type[step.Step]]:
    return {type(each) for each in steps}


def is_served(wanted: model.Wanted) -> bool:
    return wanted.is_awake and not wanted.is_deleting


def as_it_can_be(wanted: model.Wanted, observed: model.Observed) -> model.Wanted:
    can_render = observed.package is model.PackageState.PREPARED and observed.memory.is_placed
    return wanted if can_render else dataclasses.replace(wanted, layout=None)


@pytest.mark.parametrize("name", WANTED)
def test_no_step_is_taken_before_its_time(name: str) -> None:
    for observed in observations():
        wanted = as_it_can_be(WANTED[name], observed)
        steps = plan.plan(wanted, observed, NOW)
        taken = kinds(steps)
        memory = observed.memory
        running = any(each.is_running for each in observed.programs.values())
        assert steps
        assert step.Rest not in taken or len(steps) == 1
        if not is_served(wanted):
            assert not taken & {step.StartWorkloads, step.PutRoute, *step.INTERRUPTIBLE, step.WriteFiles}
        if step.Migrate in taken:
            assert not running
            assert (memory.is_initialised, observed.files_digest) == (True, "files")
        if step.StartWorkloads in taken:
            assert memory.is_initialised
            assert memory.data_version == wanted.version
        if step.Initialise in taken:
            assert not memory.is_initialised
        if step.PutRoute in taken:
            assert observed.programs["web"].is_ready
            assert memory.has_administrator or not wanted.has_administrator or not wanted.is_administrator_first
        if step.RemoveFiles in taken:
            assert wanted.is_deleting
            assert not observed.programs
            assert observed.route is None


@pytest.mark.parametrize("name", WANTED)
def test_what_failed_for_good_is_left_alone_until_the_document_changes(name: str) -> None:
    for observed in observations():
        wanted = as_it_can_be(WANTED[name], observed)
        if is_served(wanted) and observed.memory.failure is FAILURES["for good"]:
            taken = kinds(plan.plan(wanted, observed, NOW))
            running = any(each.is_running for key, each in observed.programs.items() if key == "web")
            assert taken == ({step.StopWorkloads} if running else {step.Rest})


@pytest.mark.parametrize("name", WANTED)
def test_following_the_plan_arrives(name: str) -> None:
    for observed in observations():
        if observed.package is not model.PackageState.PREPARED:
            continue
        state, now = observed, NOW
        for _ in range(30):
            wanted = as_it_can_be(WANTED[name], state)
            steps = plan.plan(wanted, state, now)
            if isinstance(steps[0], step.RemoveFiles):
                break
            if isinstance(steps[0], step.Rest):
                if steps[0].until is None:
                    break
                now = steps[0].until
            for each in steps:
                state = follow(state, wanted, each)
        else:
            pytest.fail(f"does not arrive from {observed}")
        check_arrival(WANTED[name], observed, state, now)


def check_arrival(wanted: model.Wanted, begun: model.Observed, state: model.Observed, now: datetime) -> None:
    status = assessment.assess(as_it_can_be(wanted, state), state, now)
    failed_for_good = state.memory.failure is not None and state.memory.failure.retry_at is None
    if wanted.is_deleting:
        assert status.phase is document.Phase.TERMINATING
    elif not wanted.is_awake:
        assert status.phase is document.Phase.ASLEEP
    elif failed_for_good and state.memory.failure is not FAILURES["of another document"]:
        assert status.phase is document.Phase.FAILED
        assert status.last_log_lines or begun.memory.failure is not None
        assert not any(each.is_running for name, each in state.programs.items() if name == "web")
    else:
        assert status.phase is document.Phase.READY
        assert all(each.status is document.ConditionStatus.TRUE for each in status.conditions)


def follow(state: model.Observed, wanted: model.Wanted, taken: step.Step) -> model.Observed:  # noqa: C901, PLR0911, PLR0912 - one line for each kind of step
    """Return what is so after a step that succeeds."""
    ready = model.Program(digest="new", is_running=True, is_ready=True)
    match taken:
        case step.Rest() | step.RemoveFiles():
            return state
        case step.ChoosePlace():
            return remember(state, is_placed=True)
        case step.WriteFiles():
            return dataclasses.replace(state, files_digest="files")
        case step.Initialise():
            return remember(state, is_initialised=True, data_version=wanted.version)
        case step.Migrate():
            return remember(state, data_version=wanted.version)
        case step.StartWorkloads() | step.RestartWorkloads() | step.AwaitReady():
            return with_programs(state, dict.fromkeys(taken.names, ready))
        case step.StopWorkloads():
            return with_programs(state, dict.fromkeys(taken.names, model.Program(digest="new", is_running=False)))
        case step.RemoveWorkloads():
            kept = {name: each for name, each in state.programs.items() if name not in taken.names}
            return dataclasses.replace(state, programs=kept)
        case step.CreateAdministrator():
            return remember(state, has_administrator=True)
        case step.PutRoute():
            return dataclasses.replace(state, route=ROUTE)
        case step.DeleteRoute():
            return dataclasses.replace(state, route=None)
        case step.SmokeCheck():
            return remember(state, is_smoke_checked=True)
        case step.Settle():
            return remember(state, served_attempt=wanted.attempt, failure=None, well_since=NOW, restarts=0)
        case step.Fail():
            failure = record.Failure(
                attempt=wanted.attempt,
                reason=taken.reason,
                message=taken.message,
                condition=taken.condition,
                holds=list(taken.holds),
                retry_at=NOW + timedelta(seconds=10) if taken.is_retried else None,
            )
            return remember(state, failure=failure)


def remember(state: model.Observed, **changes: Any) -> model.Observed:
    return dataclasses.replace(state, memory=state.memory.model_copy(update=changes))


def with_programs(state: model.Observed, changes: dict[str, model.Program]) -> model.Observed:
    return dataclasses.replace(state, programs=state.programs | changes)


class TestAfterItHasServed:
    """What has served before is trouble, not a failed start."""

    def test_nothing_is_due_when_all_is_well(self) -> None:
        assert plan.plan(AWAKE, served("ready"), NOW) == (step.Rest(),)

    def test_restarts_are_forgotten_after_ten_good_minutes(self) -> None:
        state = remember(served("ready"), restarts=2)
        assert plan.plan(AWAKE, state, NOW) == (step.Rest(until=NOW + plan.WELL_AFTER),)
        assert plan.plan(AWAKE, state, NOW + plan.WELL_AFTER) == (step.Settle(),)

    @pytest.mark.parametrize(("programs", "reason"), [("late", "StartTimedOut"), ("looping", "CrashLooping")])
    def test_only_the_culprit_is_held_and_it_is_tried_again(self, programs: str, reason: str) -> None:
        other = dataclasses.replace(WEB, name="other", digest="other")
        layout = dataclasses.replace(LAYOUT, workloads=(WEB, other))
        well = {"other": model.Program(digest="other", is_running=True, is_ready=True)}
        state = with_programs(served(programs), well)
        (taken,) = plan.plan(dataclasses.replace(AWAKE, layout=layout), state, NOW)
        assert isinstance(taken, step.Fail)
        assert (taken.reason, taken.holds, taken.is_retried) == (reason, ("web",), True)


def served(programs: str) -> model.Observed:
    memory = record.Record(
        is_placed=True,
        is_initialised=True,
        data_version="2",
        has_administrator=True,
        is_smoke_checked=True,
        served_attempt="this",
        well_since=NOW,
    )
    return model.Observed(
        package=model.PackageState.PREPARED,
        memory=memory,
        programs=PROGRAMS[programs],
        files_digest="files",
        route=ROUTE,
    )
