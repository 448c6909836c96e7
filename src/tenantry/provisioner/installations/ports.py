"""What installations need of the world; adapters bring it, chosen by where the installation was placed."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from tenantry.application import needs
from tenantry.kernel import ids
from tenantry.kernel import randomness as randoms
from tenantry.runtime import contract


class DatabaseMaker(Protocol):
    """Makes and removes logical databases on one server. Every call may be made twice."""

    async def make(self, name: str, password: str, need: needs.DatabaseNeed, *, verifier: str = "") -> None:
        """Make database and role of this name, so that only this role can connect to it.

        Args:
            name: of both.
            password: of the role.
            need: how the database is to be.
            verifier: what the server keeps of the password, where somebody else must keep the very same.
        """
        ...

    async def enter(self, name: str, password: str, door: "Door") -> None:
        """Connect to the database as its role, through a pooler.

        Raises:
            TemporaryError: the pooler does not let it in yet; the message says why.
        """
        ...

    async def set_password(self, name: str, password: str, *, verifier: str = "") -> datetime:
        """Let the role have this password and no other; return since when it has, by the server's clock.

        Sessions that are open stay.
        """
        ...

    async def end_sessions(self, name: str, *, before: datetime) -> None:
        """End the sessions of the role that were opened before a time, by the server's clock."""
        ...

    async def remove(self, name: str) -> None:
        """Remove database and role; open connections are ended."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where a pooler is reached."""

    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """What opens a bucket."""

    access_key: str
    secret_key: str = field(repr=False)


def new_pair(randomness: randoms.Randomness) -> KeyPair:
    """Return a key pair for a store that takes one."""
    return KeyPair(access_key=f"T{randomness.token_bytes(10).hex().upper()}", secret_key=new_password(randomness))


def new_password(randomness: randoms.Randomness) -> str:
    """Return a password that nobody can guess."""
    return randomness.token_bytes(24).hex()


class BucketMaker(Protocol):
    """Makes and removes buckets in one object store. Every call may be made twice."""

    async def make(self, name: str, access_key: str, secret_key: str) -> KeyPair:
        """Make the bucket and the one key pair that opens it and nothing else; return that pair.

        A store that takes keys takes the given one. One that gives keys out returns its own, another one each time,
        and the one before opens nothing any more.
        """
        ...

    async def renew(self, name: str, new: KeyPair, *, present: str) -> KeyPair:
        """Make another key pair that opens the bucket; return it.

        A store that takes keys takes the given one. The present one opens the bucket too until `retire`, where a store
        can have two, and nothing from now on where it cannot; any other opens nothing any more.

        Args:
            name: of the bucket.
            new: the pair for stores that take one.
            present: the access key that is in use.
        """
        ...

    async def retire(self, name: str, *, present: str) -> None:
        """Let no key but the present one open the bucket."""
        ...

    async def remove(self, name: str, access_key: str) -> None:
        """Remove the bucket with all objects, and its key pair; what is not there any more is removed."""
        ...


class Surroundings(Protocol):
    """Finds who speaks to a cluster, a server or a store.

    Each may raise `TemporaryError` where it is not known in this process yet.
    """

    async def runtime(self, cluster: ids.ClusterId) -> contract.Runtime:
        """Return the way to a cluster."""
        ...

    async def databases(self, server: ids.DatabaseServerId) -> DatabaseMaker:
        """Return the way to a database server."""
        ...

    async def buckets(self, object_store: ids.ObjectStoreId) -> BucketMaker:
        """Return the way to an object store."""
        ...
