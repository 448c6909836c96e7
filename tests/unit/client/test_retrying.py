"""Waits grow, are bounded, and heed what the provisioner asks for."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as some

from tenantry.client import retrying
from tenantry.kernel import errors, randomness

POLICY = retrying.Retrying(first=timedelta(milliseconds=100), longest=timedelta(seconds=2))


@given(attempt=some.integers(1, 1000), seed=some.integers())
def test_a_wait_is_never_longer_than_the_longest(attempt: int, seed: int) -> None:
    wait = POLICY.wait(attempt, errors.TemporaryError(), randomness.SeededRandomness(seed))
    assert timedelta() < wait <= POLICY.longest


@given(attempt=some.integers(1, 4), seed=some.integers())
def test_a_wait_is_drawn_from_the_upper_half_of_its_range(attempt: int, seed: int) -> None:
    ceiling = POLICY.first * 2 ** (attempt - 1)
    assert ceiling / 2 <= POLICY.wait(attempt, errors.TemporaryError(), randomness.SeededRandomness(seed)) <= ceiling


def test_a_delay_that_was_asked_for_is_kept() -> None:
    error = errors.TemporaryError(delay=timedelta(seconds=1.5))
    assert POLICY.wait(1, error, randomness.SeededRandomness(1)) == timedelta(seconds=1.5)


def test_a_delay_beyond_the_longest_wait_is_cut() -> None:
    error = errors.TemporaryError(delay=timedelta(hours=1))
    assert POLICY.wait(1, error, randomness.SeededRandomness(1)) == POLICY.longest
