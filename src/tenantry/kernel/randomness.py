"""Randomness as a port: secrets and jitter come from here, so a test can know them beforehand."""

import random
import secrets
from typing import Protocol


class Randomness(Protocol):
    """A source of random values that are fit for secrets."""

    def token_bytes(self, length: int) -> bytes:
        """Return this many random bytes."""
        ...

    def below(self, limit: int) -> int:
        """Return a whole number in [0, limit)."""
        ...

    def fraction(self) -> float:
        """Return a number in [0.0, 1.0)."""
        ...


class SystemRandomness:
    """The operating system's cryptographic source."""

    def token_bytes(self, length: int) -> bytes:
        """Return this many random bytes."""
        return secrets.token_bytes(length)

    def below(self, limit: int) -> int:
        """Return a whole number in [0, limit)."""
        return secrets.randbelow(limit)

    def fraction(self) -> float:
        """Return a number in [0.0, 1.0)."""
        return secrets.randbelow(1 << 53) / (1 << 53)


class SeededRandomness:
    """The same values for the same seed: for tests only, never for a secret that guards anything."""

    def __init__(self, seed: int) -> None:
        """Start the sequence of this seed."""
        self._source = random.Random(seed)  # noqa: S311 - repeatable on purpose

    def token_bytes(self, length: int) -> bytes:
        """Return this many bytes of the sequence."""
        return self._source.randbytes(length)

    def below(self, limit: int) -> int:
        """Return a whole number in [0, limit)."""
        return self._source.randrange(limit)

    def fraction(self) -> float:
        """Return a number in [0.0, 1.0)."""
        return self._source.random()
