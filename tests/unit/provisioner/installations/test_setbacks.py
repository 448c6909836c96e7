"""Whether a change that fails is taken back, over every pair of versions; and the words for it."""

import dataclasses
import itertools
from typing import Any

import pytest

from support import provisioner_things as things
from tenantry.provisioner.installations import model, plan, setbacks
from tenantry.provisioner.installations.transitions import TABLE, Input
from tenantry.runtime import document
from tenantry.wire.installations import Status, Target

Phase = document.Phase
VERSIONS: list[dict[str, Any]] = [
    {"version": "1.0", "package": things.LOCK},
    {"version": "2.0", "package": things.LOCK, "upgradesFrom": ["1.0"], "downgradesTo": ["1.0"]},
    {"version": "3.0", "package": things.LOCK, "upgradesFrom": ["2.0"]},
]
BACK = {("2.0", "1.0")}
SETBACK = {"from": "1.0", "to": "2.0", "reason": "StartTimedOut", "message": "Not ready."}


def settled(version: str) -> model.Settled:
    return model.Settled(version=version, size="large", settings={"mode": "before"})


def failing(version: str, before: str | None, **more: Any) -> model.Installation:
    """An installation that is brought to a version, and whose cluster says that it has failed."""
    given: dict[str, Any] = {
        "application": things.application(versions=VERSIONS),
        "status": Status.UPDATING,
        "version": version,
        "settled": None if before is None else settled(before),
        "runtime": things.report(Phase.FAILED),
        **more,
    }
    return things.installation(**given)


@pytest.mark.parametrize(("wanted", "before"), list(itertools.product(("1.0", "2.0", "3.0"), repeat=2)))
def test_goes_back_only_where_the_manifest_says_so(wanted: str, before: str) -> None:
    step = plan.plan(failing(wanted, before), things.NOON)
    assert isinstance(step, plan.Move)
    assert step.given is (Input.RETURNED if (wanted, before) in BACK else Input.FAILED)


def test_goes_back_nowhere_before_it_was_well_once() -> None:
    assert setbacks.way_back(failing("2.0", None)) is None


def test_goes_back_to_no_version_that_is_not_sold_any_more() -> None:
    application = things.application(versions=[{**VERSIONS[1], "upgradesFrom": []}])
    assert setbacks.way_back(failing("2.0", "1.0", application=application)) is None


@pytest.mark.parametrize("target", [Target.HIBERNATED, Target.DISCARDED, Target.DELETED])
def test_goes_back_only_to_run(target: Target) -> None:
    assert setbacks.way_back(failing("2.0", "1.0", target=target)) is None


@pytest.mark.parametrize("status", [each for each in Status if TABLE.allows(each, Input.RETURNED)])
def test_goes_back_at_most_once_whatever_comes(status: Status) -> None:
    """On a cluster where nothing ever works, it ends failed."""
    world = failing("2.0", "1.0", status=status)
    seen: list[Input] = []
    for _ in range(10):
        step = plan.plan(world, things.NOON)
        if isinstance(step, plan.Move):
            seen.append(step.given)
            more = setbacks.returned(world, step.reason, step.cause) if step.given is Input.RETURNED else {}
            if more:
                more = {**more, "runtime": world.runtime}
            world = dataclasses.replace(world, status=TABLE.next(world.status, step.given), **more)
        elif isinstance(step, plan.HandOver):
            report = things.report(Phase.FAILED, generation=world.generation)
            world = dataclasses.replace(world, handed_generation=world.generation, runtime=report)
        else:
            break
    assert seen == [Input.RETURNED, Input.FAILED]
    assert (world.version, world.size, world.settings) == ("1.0", "large", {"mode": "before"})


class TestWords:
    def test_name_both_versions_on_the_way_back(self) -> None:
        assert setbacks.words(failing("2.0", "1.0"), "Not ready.") == (
            "The update from 1.0 to 2.0 failed; it goes back to 1.0. Not ready."
        )

    def test_say_what_to_do_where_there_is_no_way_back(self) -> None:
        told = setbacks.words(failing("3.0", "2.0"), "Not ready.")
        assert told.startswith("The update from 2.0 to 3.0 failed. Not ready. ")
        assert "downgradesTo" in told

    def test_of_a_failure_that_is_no_update_stay_as_they_are(self) -> None:
        assert setbacks.words(failing("1.0", "1.0"), "Not ready.") == "Not ready."
        assert setbacks.words(failing("1.0", None), "Not ready.") == "Not ready."

    def test_of_a_way_back_that_fails_say_both(self) -> None:
        told = setbacks.words(failing("1.0", "1.0", setback=SETBACK), "Nothing works.")
        assert told == "The update from 1.0 to 2.0 failed, and so did the way back: Nothing works."


class TestWell:
    def test_remembers_what_it_is_well_with(self) -> None:
        values = setbacks.settled(failing("2.0", "1.0"))
        assert values == {
            "settled": {"version": "2.0", "size": "small", "settings": {"mode": "well"}},
            "setback": None,
        }

    def test_says_that_an_update_was_taken_back(self) -> None:
        values = setbacks.settled(failing("1.0", "1.0", setback=SETBACK))
        assert (values["reason"], values["setback"]) == ("UpdateTakenBack", None)
        assert values["message"] == "The update from 1.0 to 2.0 failed and was taken back; 1.0 serves. Not ready."

    def test_columns_of_one_that_does_not_go_back_are_none(self) -> None:
        assert setbacks.returned(failing("3.0", "2.0"), "StartTimedOut", "Not ready.") == {}
