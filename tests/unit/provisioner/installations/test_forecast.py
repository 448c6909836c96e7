"""Where so many more would go is where they go when they are placed one by one."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tenantry.provisioner.installations import demand, forecast, placement
from tenantry.wire.placement import Measure, PlaceKind

AMOUNT = st.integers(0, 30)
CANDIDATES = st.lists(
    st.builds(
        placement.Candidate,
        id=st.text("abcdef", min_size=1, max_size=4),
        name=st.text("abc", min_size=1, max_size=3),
        offers=st.fixed_dictionaries({Measure.CPU: AMOUNT, Measure.PODS: AMOUNT}),
        taken=st.fixed_dictionaries({Measure.CPU: AMOUNT, Measure.PODS: st.integers(0, 9)}),
        problem=st.sampled_from(["", "", "", "cordoned"]),
    ),
    max_size=5,
    unique_by=(lambda each: each.id, lambda each: each.name),
)
WANTED = st.builds(
    demand.Demand,
    takes=st.fixed_dictionaries({Measure.CPU: st.integers(1, 5), Measure.PODS: st.integers(1, 3)}),
)


def one_by_one(found: list[placement.Candidate], wanted: demand.Demand, count: int) -> Counter[str]:
    """Place as `place` does: choose, write it down, choose again."""
    filled: Counter[str] = Counter()
    present = list(found)
    for _ in range(count):
        chosen = placement.choose("clusters", present, wanted)
        if isinstance(chosen, placement.Nowhere):
            break
        filled[chosen.id] += 1
        taken = {measure: chosen.taken[measure] + wanted.takes[measure] for measure in chosen.offers}
        present[present.index(chosen)] = replace(chosen, taken=taken)
    return filled


@given(found=CANDIDATES, wanted=WANTED, count=st.integers(0, 40))
def test_it_is_what_happens(found: list[placement.Candidate], wanted: demand.Demand, count: int) -> None:
    assert forecast.fill(found, wanted, count) == one_by_one(found, wanted, count)


@given(found=CANDIDATES, wanted=WANTED, count=st.integers(1, 40))
def test_nothing_is_ever_over_placed(found: list[placement.Candidate], wanted: demand.Demand, count: int) -> None:
    foreseen = forecast.forecast({PlaceKind.CLUSTER: found}, wanted, count)
    assert foreseen.placed == sum(each.count for each in foreseen.places)
    for each in foreseen.places:
        assert not each.count or all(each.after.taken[one] <= each.after.offers[one] for one in each.after.offers)
    assert (foreseen.runs_out is None) == (foreseen.placed == count)


def place(name: str, measure: Measure, offered: int, taken: int = 0) -> placement.Candidate:
    return placement.Candidate(id=name, name=name, offers={measure: offered}, taken={measure: taken})


def test_the_kind_with_the_least_room_decides_for_all() -> None:
    wanted = demand.Demand(takes={Measure.PODS: 2, Measure.CONNECTIONS: 20})
    found = {
        PlaceKind.CLUSTER: [place("eu", Measure.PODS, 100), place("us", Measure.PODS, 50)],
        PlaceKind.DATABASE_SERVER: [place("pg", Measure.CONNECTIONS, 400, 90)],
    }
    foreseen = forecast.forecast(found, wanted, 5000)
    assert (foreseen.placed, foreseen.runs_out) == (15, PlaceKind.DATABASE_SERVER)
    assert {each.before.name: each.count for each in foreseen.places} == {"eu": 10, "us": 5, "pg": 15}
    assert foreseen.message == (
        "None of the database servers can take it now. pg: connections (390 of 400 reserved, 20 wanted)."
    )
    [server] = [each for each in foreseen.places if each.before.name == "pg"]
    assert forecast.needed(server, wanted) == {Measure.CONNECTIONS: 10}


def test_without_a_place_of_one_kind_nothing_is_placed() -> None:
    wanted = demand.Demand(takes={Measure.PODS: 1, Measure.BUCKETS: 1})
    found = {PlaceKind.CLUSTER: [place("eu", Measure.PODS, 9)], PlaceKind.OBJECT_STORE: []}
    foreseen = forecast.forecast(found, wanted, 3)
    assert (foreseen.placed, foreseen.runs_out) == (0, PlaceKind.OBJECT_STORE)
    assert foreseen.message == "No object stores are registered."
