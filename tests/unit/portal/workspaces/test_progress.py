from datetime import UTC, datetime, timedelta

from support import portal_twin_state as state
from tenantry.portal.workspaces import progress
from tenantry.wire import installations

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def after(steps: int) -> installations.Installation:
    request = installations.CreateInstallation(name="acme", application="chat")
    made = state.created(request, identifier="ins-1", url="http://acme.localhost", version="1", now=NOW)
    for number in range(1, steps + 1):
        made = state.first_start(made, NOW + timedelta(seconds=number)) or made
    return made


def states(steps: int) -> dict[str, str]:
    return {step.name: step.state.value for step in progress.steps(after(steps), started_at=NOW, usual={})}


class TestSteps:
    def test_begin_with_a_place(self) -> None:
        found = states(0)
        assert found.pop("Placed") == "working"
        assert set(found.values()) == {"waiting"}

    def test_that_do_not_depend_on_each_other_run_at_the_same_time(self) -> None:
        found = states(1)
        assert [found[name] for name in ("DatabaseReady", "BucketReady", "Prepared")] == ["working"] * 3
        assert found["Initialised"] == "waiting"

    def test_are_all_done_at_the_end(self) -> None:
        assert set(states(9).values()) == {"done"}

    def test_say_when_they_began_and_how_long_they_took(self) -> None:
        steps = {step.name: step for step in progress.steps(after(4), started_at=NOW, usual={})}
        assert steps["BucketReady"].took == timedelta(seconds=2)
        assert steps["Initialised"].since == NOW + timedelta(seconds=4)

    def test_say_what_is_usual_only_where_it_is_known(self) -> None:
        usual = {"Placed": timedelta(seconds=3)}
        steps = {step.name: step.usual for step in progress.steps(after(0), started_at=NOW, usual=usual)}
        assert steps["Placed"] == timedelta(seconds=3)
        assert steps["Initialised"] is None

    def test_that_failed_are_shown_as_broken(self) -> None:
        failed = after(4).model_copy(update={"status": installations.Status.FAILED})
        steps = {step.name: step.state for step in progress.steps(failed, started_at=NOW, usual={})}
        assert steps["Initialised"] is progress.StepState.BROKEN
        assert steps["WorkloadsReady"] is progress.StepState.WAITING


class TestDurations:
    def test_hold_the_whole_way(self) -> None:
        found = progress.durations(after(9), NOW)
        assert found["Ready"] == timedelta(seconds=9)
        assert found["Initialised"] == timedelta(seconds=1)
