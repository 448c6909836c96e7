"""Waits between tries: longer each time, bounded, never in step."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.engine import backoff
from tenantry.kernel import randomness

BACKOFFS = st.builds(
    backoff.Backoff,
    first=st.timedeltas(min_value=timedelta(milliseconds=1), max_value=timedelta(seconds=30)),
    factor=st.floats(min_value=1.0, max_value=4.0),
    ceiling=st.timedeltas(min_value=timedelta(seconds=30), max_value=timedelta(hours=2)),
)


class Fixed:
    """The same chance each time."""

    def __init__(self, fraction: float) -> None:
        self._fraction = fraction

    def token_bytes(self, length: int) -> bytes:
        return bytes(length)

    def below(self, limit: int) -> int:
        return int(limit * self._fraction)

    def fraction(self) -> float:
        return self._fraction


@given(chosen=BACKOFFS, attempts=st.integers(min_value=-3, max_value=10_000), seed=st.integers())
def test_a_wait_is_never_nothing_and_never_above_the_ceiling(chosen: backoff.Backoff, attempts: int, seed: int) -> None:
    delay = chosen.delay(attempts, randomness.SeededRandomness(seed))
    assert timedelta(0) < delay <= chosen.ceiling


@given(chosen=BACKOFFS, attempts=st.integers(min_value=1, max_value=200), fraction=st.floats(0, 0.999))
def test_waits_never_shrink_for_the_same_chance(chosen: backoff.Backoff, attempts: int, fraction: float) -> None:
    chance = Fixed(fraction)
    assert chosen.delay(attempts, chance) <= chosen.delay(attempts + 1, chance)


@given(chosen=BACKOFFS, attempts=st.integers(min_value=1, max_value=200), seed=st.integers())
def test_jitter_keeps_at_least_half_of_the_full_wait(chosen: backoff.Backoff, attempts: int, seed: int) -> None:
    full = chosen.delay(attempts, Fixed(1.0))
    delay = chosen.delay(attempts, randomness.SeededRandomness(seed))
    assert full / 2 - timedelta(microseconds=1) <= delay <= full


@pytest.mark.parametrize(("attempts", "seconds"), [(0, 0.5), (1, 0.5), (2, 1.0), (3, 2.0), (20, 300.0)])
def test_the_usual_waits(attempts: int, seconds: float) -> None:
    assert backoff.Backoff().delay(attempts, Fixed(1.0)) == timedelta(seconds=seconds)


def test_two_that_failed_together_do_not_come_back_together() -> None:
    chance = randomness.SeededRandomness(7)
    assert len({backoff.Backoff().delay(3, chance) for _ in range(20)}) > 15
