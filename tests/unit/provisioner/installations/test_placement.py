"""Placement: where the scarcest measure has the largest free share, or why there is no place."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.provisioner.installations import demand, placement
from tenantry.wire.placement import Measure

MEASURES = (Measure.CPU, Measure.MEMORY, Measure.PODS, Measure.INSTALLATIONS)
AMOUNTS = st.dictionaries(st.sampled_from(MEASURES), st.integers(0, 20))
CANDIDATES = st.lists(
    st.builds(
        placement.Candidate,
        id=st.uuids().map(str),
        name=st.text("abc", min_size=1, max_size=3),
        offers=AMOUNTS,
        taken=AMOUNTS,
        labels=st.dictionaries(st.sampled_from(["region", placement.DEDICATED]), st.sampled_from(["eu", "us"])),
        problem=st.sampled_from(["", "", "cordoned", "unreachable"]),
    ),
    max_size=6,
)
WANTED = st.builds(
    demand.Demand,
    takes=AMOUNTS,
    labels=st.sampled_from([{}, {}, {"region": "eu"}, {placement.DEDICATED: "us"}]),
)
ONE = demand.Demand(takes={Measure.INSTALLATIONS: 1})


def candidate(name: str, taken: int, places: int, **more: Any) -> placement.Candidate:
    offers, there = {Measure.INSTALLATIONS: places}, {Measure.INSTALLATIONS: taken}
    return placement.Candidate(id=name, name=name, offers=offers, taken=there, **more)


def fits(each: placement.Candidate, wanted: demand.Demand) -> bool:
    """The rule in other words than the code's."""
    labels = each.labels or {}
    is_theirs = labels.get(placement.DEDICATED) == wanted.labels.get(placement.DEDICATED)
    has_labels = all(labels.get(key) == value for key, value in wanted.labels.items())
    after = {measure: each.taken.get(measure, 0) + wanted.takes.get(measure, 0) for measure in each.offers}
    has_room = all(after[measure] <= offered for measure, offered in each.offers.items() if wanted.takes.get(measure))
    return not each.problem and is_theirs and has_labels and has_room


def fullness(each: placement.Candidate, wanted: demand.Demand) -> float:
    taken = {measure: each.taken.get(measure, 0) + amount for measure, amount in wanted.takes.items() if amount}
    return max((taken[measure] / each.offers[measure] for measure in taken if each.offers.get(measure)), default=0)


@given(found=CANDIDATES, wanted=WANTED)
def test_what_is_chosen_can_take_it_and_no_other_is_emptier(
    found: list[placement.Candidate], wanted: demand.Demand
) -> None:
    chosen = placement.choose("clusters", found, wanted)
    fit = [each for each in found if fits(each, wanted)]
    if isinstance(chosen, placement.Nowhere):
        assert not fit
        assert all(each.name in chosen.message for each in found)
    else:
        assert chosen in fit
        assert all(fullness(chosen, wanted) <= fullness(each, wanted) for each in fit)


@given(found=CANDIDATES, wanted=WANTED)
def test_an_obstacle_is_told_exactly_where_it_does_not_fit(
    found: list[placement.Candidate], wanted: demand.Demand
) -> None:
    for each in found:
        assert bool(placement.obstacle(each, wanted)) is not fits(each, wanted)


def test_a_share_counts_and_not_a_number() -> None:
    chosen = placement.choose("clusters", [candidate("small", 1, 2), candidate("large", 30, 100)], ONE)
    assert chosen == candidate("large", 30, 100)


def test_the_scarcest_measure_decides() -> None:
    wanted = demand.Demand(takes={Measure.CPU: 1000, Measure.MEMORY: 1})
    roomy = placement.Candidate(
        id="roomy", name="roomy", offers={Measure.CPU: 4000, Measure.MEMORY: 10}, taken={Measure.MEMORY: 8}
    )
    even = placement.Candidate(
        id="even", name="even", offers={Measure.CPU: 4000, Measure.MEMORY: 10}, taken={Measure.CPU: 2000}
    )
    assert placement.choose("clusters", [roomy, even], wanted) == even
    assert placement.scarcest(roomy, wanted) is Measure.MEMORY


def test_of_equals_the_first_by_name_is_taken_always() -> None:
    pair = [candidate("b", 0, 9), candidate("a", 0, 9)]
    chosen = candidate("a", 0, 9)
    assert placement.choose("clusters", pair, ONE) == placement.choose("clusters", pair[::-1], ONE) == chosen


def test_nowhere_says_why_for_each() -> None:
    assert placement.choose("clusters", [], ONE) == placement.Nowhere(message="No clusters are registered.")
    found = [candidate("one", 2, 2), candidate("two", 0, 9, problem="cordoned")]
    message = "None of the clusters can take it now. one: installations (2 of 2 reserved, 1 wanted); two: cordoned."
    assert placement.choose("clusters", found, ONE) == placement.Nowhere(message=message)


def test_what_is_scarce_is_named_with_figures_the_scarcest_first() -> None:
    wanted = demand.Demand(takes={Measure.CPU: 500, Measure.MEMORY: 1536 << 20, Measure.PODS: 2})
    full = placement.Candidate(
        id="eu",
        name="eu",
        offers={Measure.CPU: 8000, Measure.MEMORY: 4 << 30, Measure.PODS: 100},
        taken={Measure.CPU: 7750, Measure.MEMORY: 3 << 30, Measure.PODS: 20},
        kept={Measure.MEMORY: 512 << 20},
    )
    assert placement.obstacle(full, wanted) == (
        "memory (3 GiB of 4 GiB reserved, 512 MiB kept free, 1.5 GiB wanted), CPU (7.75 of 8 reserved, 0.5 wanted)"
    )
    assert placement.lacking(full, wanted, Measure.MEMORY) == 512 << 20
    assert placement.lacking(full, wanted, Measure.PODS) == 0


@pytest.mark.parametrize(
    ("labels", "asked", "obstacle"),
    [
        ({"region": "eu", "tier": "gold"}, {"region": "eu"}, ""),
        ({"region": "us"}, {"region": "eu"}, "not labelled region=eu"),
        ({}, {"region": "eu", "tier": "gold"}, "not labelled region=eu, tier=gold"),
        ({placement.DEDICATED: "acme"}, {}, "dedicated to “acme”"),
        ({placement.DEDICATED: "acme"}, {placement.DEDICATED: "eve"}, "dedicated to “acme”"),
        ({placement.DEDICATED: "acme"}, {placement.DEDICATED: "acme"}, ""),
        ({}, {placement.DEDICATED: "acme"}, "not labelled tenantry.dev/dedicated=acme"),
    ],
)
def test_labels_that_are_asked_for_must_be_there(labels: dict[str, str], asked: dict[str, str], obstacle: str) -> None:
    wanted = demand.Demand(takes={Measure.INSTALLATIONS: 1}, labels=asked)
    assert placement.obstacle(candidate("one", 0, 1, labels=labels), wanted) == obstacle


def test_labels_do_not_matter_where_there_are_none() -> None:
    wanted = demand.Demand(takes={Measure.DATABASES: 1}, labels={"region": "eu"})
    server = placement.Candidate(id="pg", name="pg", offers={Measure.DATABASES: 1}, taken={})
    assert placement.choose("database servers", [server], wanted) == server
