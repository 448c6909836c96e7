"""Identifiers sort by time, never repeat, and fit wherever a name does."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as some

from tenantry.kernel import clock, ids, randomness

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = some.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=some.just(UTC))  # noqa: DTZ001 - bounds of aware times
CHANCE = some.binary(min_size=10, max_size=10)


def decode(text: str) -> int:
    value = 0
    for character in text:
        value = value * 32 + ids.ALPHABET.index(character)
    return value


@given(MOMENTS, CHANCE)
def test_a_ulid_holds_its_moment_and_its_chance(moment: datetime, chance: bytes) -> None:
    value = decode(ids.ulid(moment, chance))
    assert value & ((1 << 80) - 1) == int.from_bytes(chance, "big")
    assert abs((value >> 80) - (moment - EPOCH) / timedelta(milliseconds=1)) < 1


@given(MOMENTS, CHANCE)
def test_a_ulid_has_26_characters_that_nobody_misreads(moment: datetime, chance: bytes) -> None:
    text = ids.ulid(moment, chance)
    assert len(text) == 26
    assert set(text) <= set(ids.ALPHABET)
    assert not set(text) & set("ilou")


@given(MOMENTS, CHANCE, CHANCE, some.integers(1, 10_000))
def test_what_came_later_sorts_later(moment: datetime, first: bytes, second: bytes, later: int) -> None:
    assert ids.ulid(moment, first) < ids.ulid(moment + timedelta(milliseconds=later), second)


@given(MOMENTS, CHANCE, CHANCE)
def test_different_chance_is_a_different_ulid(moment: datetime, first: bytes, second: bytes) -> None:
    assert (ids.ulid(moment, first) == ids.ulid(moment, second)) == (first == second)


def test_an_example_of_the_specification() -> None:
    moment = datetime.fromtimestamp(1469918176.385, UTC)
    assert ids.ulid(moment, bytes(10)) == "01aryz6s41" + "0" * 16


def test_new_identifiers_carry_their_prefix_and_differ() -> None:
    source = ids.UlidIdentifiers(clock.ManualClock(EPOCH), randomness.SeededRandomness(7))
    first, second = source.new("ins"), source.new("ins")
    assert first != second
    assert first.startswith("ins-0000000000")


def test_the_same_clock_and_seed_give_the_same_identifier() -> None:
    made = [ids.UlidIdentifiers(clock.ManualClock(EPOCH), randomness.SeededRandomness(7)).new("x") for _ in range(2)]
    assert made[0] == made[1]
