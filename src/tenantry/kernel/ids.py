"""Identifiers: a prefix that says what the thing is, then a ULID in lower case (`ins-01k0b7…`).

They sort by time of creation, are unique without asking anybody, and are valid as DNS labels, Kubernetes names
and path segments, so that one identifier serves in every room (`docs/decisions/0004-identifiers.md`).
"""

from datetime import datetime
from typing import NewType, Protocol

from tenantry.kernel import clock as clocks
from tenantry.kernel import randomness as randoms

ApplicationId = NewType("ApplicationId", str)
ClusterId = NewType("ClusterId", str)
DatabaseServerId = NewType("DatabaseServerId", str)
ObjectStoreId = NewType("ObjectStoreId", str)
InstallationId = NewType("InstallationId", str)
LogicalDatabaseId = NewType("LogicalDatabaseId", str)
BucketId = NewType("BucketId", str)
TokenId = NewType("TokenId", str)
AccountId = NewType("AccountId", str)
WorkspaceId = NewType("WorkspaceId", str)

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32 in lower case: no i, l, o or u, so nothing is misread aloud."""


class Identifiers(Protocol):
    """Makes new identifiers."""

    def new(self, prefix: str) -> str:
        """Return a new identifier that starts with the prefix and a hyphen."""
        ...


class UlidIdentifiers:
    """ULIDs: 48 bits of milliseconds, then 80 random bits (https://github.com/ulid/spec)."""

    def __init__(self, clock: clocks.Clock, randomness: randoms.Randomness) -> None:
        """Take time and chance from their ports."""
        self._clock = clock
        self._randomness = randomness

    def new(self, prefix: str) -> str:
        """Return a new identifier that starts with the prefix and a hyphen."""
        return f"{prefix}-{ulid(self._clock.now(), self._randomness.token_bytes(10))}"


def ulid(moment: datetime, chance: bytes) -> str:
    """Return the 26 characters of a ULID in lower case.

    Args:
        moment: when the thing came to be; kept to the millisecond.
        chance: ten random bytes.
    """
    value = (int(moment.timestamp() * 1000) << 80) | int.from_bytes(chance, "big")
    return "".join(ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5))
