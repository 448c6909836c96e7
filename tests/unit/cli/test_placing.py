"""What commands about places ask for, and how a plan is shown."""

import json

import pytest

from tenantry.cli import formats, placing
from tenantry.kernel import errors
from tenantry.wire import placement
from tenantry.wire.placement import Measure

GIB = 1 << 30


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("cpu=64", {Measure.CPU: 64_000}),
        ("cpu=1500m", {Measure.CPU: 1500}),
        ("memory=256Gi", {Measure.MEMORY: 256 * GIB}),
        ("storage=2Ti", {Measure.STORAGE: 2048 * GIB}),
        ("pods=500", {Measure.PODS: 500}),
        ("namespaces=9", {Measure.NAMESPACES: 9}),
    ],
)
def test_an_amount_is_read_in_its_own_unit(given: str, read: dict[Measure, int]) -> None:
    assert placing.capacity([given]) == read


@pytest.mark.parametrize("given", ["cpu", "=4", "cpu=much", "pods=", "buckets=4", "memory=4GB"])
def test_what_is_no_amount_is_named(given: str) -> None:
    with pytest.raises(errors.CustomerMustActError):
        placing.capacity([given])


def test_nothing_given_states_nothing() -> None:
    assert placing.capacity(None) == placing.pairs(None) == {}


def measured(measure: Measure, offered: int, planned: int, lacking: int) -> placement.PlannedMeasure:
    return placement.PlannedMeasure(
        measure=measure, offered=offered, kept_free=0, reserved=0, planned=planned, lacking=lacking
    )


def place(**more: object) -> placement.PlannedPlace:
    given: dict[str, object] = {"kind": "cluster", "name": "eu", "installations": 0, "scarcest": None, "message": ""}
    return placement.PlannedPlace.model_validate(given | {"measures": []} | more)


FULL = place(
    installations=30,
    scarcest=Measure.MEMORY,
    message="memory (30 GiB of 31 GiB reserved, 1.5 GiB wanted)",
    measures=[
        measured(Measure.CPU, 64_000, 15_000, 0),
        measured(Measure.MEMORY, 31 * GIB, 30 * GIB, GIB // 2),
    ],
)
PLAN = placement.CapacityPlan(
    application="synapse",
    size="small",
    installations=5000,
    placed=30,
    takes={Measure.CPU: 500, Measure.MEMORY: GIB + GIB // 2, Measure.SERVICES: 0},
    runs_out=placement.PlaceKind.CLUSTER,
    message="None of the clusters can take it now.",
    places=[FULL, place(name="us", message="cordoned")],
)


def test_a_plan_is_a_table_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    placing.show(PLAN, formats.Format.TABLE)
    first, second, empty, titles, eu, us = capsys.readouterr().out.splitlines()
    assert first == "30 of 5000 have a place; each takes 0.5 cpu, 1.5 GiB memory."
    assert (second, empty) == ("None of the clusters can take it now.", "")
    assert titles.split() == ["PLACE", "NAME", "INSTALLATIONS", "SCARCEST", "ONE", "MORE", "NEEDS"]
    assert eu.split() == "cluster eu 30 memory: 30 GiB of 31 GiB 0.5 GiB memory".split()
    assert us.split() == ["cluster", "us", "0", "-", "cordoned"]


def test_a_plan_is_what_the_api_says_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    placing.show(PLAN, formats.Format.JSON)
    assert json.loads(capsys.readouterr().out) == PLAN.model_dump(mode="json", by_alias=True)
