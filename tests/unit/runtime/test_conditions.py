"""What is so becomes conditions that keep their time as long as they hold."""

from datetime import UTC, datetime, timedelta

import pytest

from tenantry.runtime import conditions
from tenantry.runtime.document import Condition, ConditionStatus, ConditionType

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
WELL = dict.fromkeys(ConditionType, conditions.Fact(holds=True, reason="Well"))


def told(
    facts: conditions.Facts, before: list[Condition], generation: int, now: datetime
) -> dict[ConditionType, Condition]:
    return {each.type: each for each in conditions.told(facts, before, generation, now)}


def test_there_is_one_of_each_type() -> None:
    found = told(WELL, [], 3, NOON)
    assert set(found) == set(ConditionType)
    assert {(each.status, each.observed_generation) for each in found.values()} == {(ConditionStatus.TRUE, 3)}


def test_a_time_is_kept_until_the_status_is_another() -> None:
    before = list(conditions.told(WELL, [], 1, NOON))
    later = NOON + timedelta(minutes=1)
    facts = WELL | {
        ConditionType.ROUTED: conditions.Fact(holds=True, reason="Otherwise"),
        ConditionType.READY: conditions.QUEUED,
    }
    found = told(facts, before, 2, later)
    routed, ready = found[ConditionType.ROUTED], found[ConditionType.READY]
    assert (routed.reason, routed.last_transition_time) == ("Otherwise", NOON)
    assert (ready.reason, ready.last_transition_time) == ("Queued", later)


def test_the_first_that_is_open_is_the_first_in_the_order_of_a_start() -> None:
    facts = WELL | {ConditionType.READY: conditions.QUEUED, ConditionType.MIGRATED: conditions.QUEUED}
    assert conditions.first_open(facts) is ConditionType.MIGRATED
    assert conditions.first_open(WELL) is None


@pytest.mark.parametrize(
    ("version", "holds", "reason"), [("2.0", True, "UpToDate"), (None, False, "Waiting"), ("1.0", False, "Migrating")]
)
def test_data_are_of_a_version(version: str | None, holds: bool, reason: str) -> None:
    fact = conditions.migrated(version, "2.0")
    assert (fact.holds, fact.reason) == (holds, reason)
