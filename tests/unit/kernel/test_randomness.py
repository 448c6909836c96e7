"""Both sources keep to their ranges; a seeded one repeats, the system's does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tenantry.kernel import randomness


@pytest.fixture(params=["system", "seeded"])
def source(request: pytest.FixtureRequest) -> randomness.Randomness:
    return randomness.SystemRandomness() if request.param == "system" else randomness.SeededRandomness(1)


def test_values_are_in_their_ranges(source: randomness.Randomness) -> None:
    assert {source.below(3) for _ in range(200)} == {0, 1, 2}
    assert all(0.0 <= source.fraction() < 1.0 for _ in range(200))
    assert len(source.token_bytes(10)) == 10


def test_values_differ(source: randomness.Randomness) -> None:
    assert source.token_bytes(16) != source.token_bytes(16)
    assert source.fraction() != source.fraction()


@given(some.integers())
def test_the_same_seed_gives_the_same_sequence(seed: int) -> None:
    first, second = randomness.SeededRandomness(seed), randomness.SeededRandomness(seed)
    assert [first.below(1000), first.fraction(), first.token_bytes(8)] == [
        second.below(1000),
        second.fraction(),
        second.token_bytes(8),
    ]
