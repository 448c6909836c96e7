"""Makes and removes buckets of an S3 server, each with one user, whose one key opens that bucket and nothing else.

IAM gives keys out itself and tells a secret once, so each try begins by taking back the keys that an earlier one may
have been given before it died: there are never two that live. Whoever comes after has to wait for the lease of whoever
was before, so a try ends well before a lease does; one that was frozen in between is ended by its own clock before it
could take back the key of its successor.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import structlog
from botocore import exceptions

from tenantry.kernel import errors
from tenantry.provisioner.adapters.s3 import connection, emptying, policy, refusals
from tenantry.provisioner.installations import ports

log = structlog.get_logger(__name__)

_LOOK = timedelta(seconds=15)
_REMOVE = timedelta(minutes=5)
_OPENS = timedelta(seconds=15)
"""How long a new key may take until it is known everywhere: a moment here, up to some seconds at AWS."""
_OPENS_EVERY = 0.1
_NO_ENTITY = "NoSuchEntity"
_NO_BUCKET = "NoSuchBucket"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long things may take.

    Attributes:
        attempt: the making of a bucket and its key; shorter than a lease, so that no two attempts meet.
        emptying: one turn of emptying a bucket, before others get theirs.
    """

    attempt: timedelta = timedelta(seconds=20)
    emptying: timedelta = timedelta(seconds=60)


_USUAL = Limits()


class IamMaker:
    """Buckets of one S3 server with users."""

    def __init__(self, store: connection.Store, connections: connection.Connections, limits: Limits = _USUAL) -> None:
        """Take how an administrator reaches it."""
        self._store = store
        self._connections = connections
        self._limits = limits

    async def look(self, nobody: str) -> None:
        """Make sure that the server takes the administrator's key, and lets it change users.

        Args:
            nobody: what no user and no bucket is called.

        Raises:
            TemporaryError: it does not; the message says what it refuses.
        """
        async with self._connections.opened(self._store, within=_LOOK) as clients:
            tried = {
                "S3": await refusals.passing(clients.s3.list_objects_v2(Bucket=nobody, MaxKeys=1), _NO_BUCKET),
                "IAM": await refusals.passing(
                    clients.iam.delete_user_policy(UserName=nobody, PolicyName=policy.NAME), _NO_ENTITY
                ),
            }
        for language, found in tried.items():
            if found is not None:
                address = self._store.iam_endpoint if language == "IAM" else ""
                message = f"What answers at {address or self._store.endpoint} does not speak {language}"
                raise refusals.StoreRefusedError(f"{message}: it knows what nobody has made.")

    async def make(self, name: str, access_key: str, secret_key: str) -> ports.KeyPair:
        """Make the bucket and a user of the same name, and return the key that the server has made for it."""
        del access_key, secret_key  # IAM chooses itself
        async with self._connections.opened(self._store, within=self._limits.attempt) as clients:
            await self._make_bucket(clients, name)
            await refusals.passing(clients.iam.create_user(UserName=name), "EntityAlreadyExists")
            await clients.iam.put_user_policy(
                UserName=name, PolicyName=policy.NAME, PolicyDocument=policy.document(name, clients.partition)
            )
            pair = await self._make_key(clients, name)
        await self._until_it_opens(name, pair)
        return pair

    async def renew(self, name: str, new: ports.KeyPair, *, present: str) -> ports.KeyPair:
        """Make a second key besides the present one, which stays until `retire`; a user can have two."""
        del new  # IAM chooses itself
        async with self._connections.opened(self._store, within=self._limits.attempt) as clients:
            pair = await self._make_key(clients, name, keep=present)
        await self._until_it_opens(name, pair)
        return pair

    async def retire(self, name: str, *, present: str) -> None:
        """Take back all keys but the present one."""
        async with self._connections.opened(self._store, within=self._limits.attempt) as clients:
            await self._take_keys_back(clients, name, keep=present)

    async def remove(self, name: str, access_key: str) -> None:
        """Remove the keys first, so that nobody writes any more, then all objects, the bucket and the user."""
        del access_key  # there may be others, which were never handed over
        async with self._connections.opened(self._store, within=_REMOVE) as clients:
            await self._take_keys_back(clients, name)
            await refusals.passing(clients.iam.delete_user_policy(UserName=name, PolicyName=policy.NAME), _NO_ENTITY)
            await emptying.Emptying(clients.s3, name, patience=self._limits.emptying).run()
            await refusals.passing(clients.s3.delete_bucket(Bucket=name), _NO_BUCKET)
            await refusals.passing(clients.iam.delete_user(UserName=name), _NO_ENTITY)

    async def _make_bucket(self, clients: connection.Clients, name: str) -> None:
        here = self._store.is_aws and self._store.region != "us-east-1"
        where = {"CreateBucketConfiguration": {"LocationConstraint": self._store.region}} if here else {}
        made = await refusals.passing(
            clients.s3.create_bucket(Bucket=name, **where), "BucketAlreadyOwnedByYou", "BucketAlreadyExists"
        )
        if made is None:
            await clients.s3.head_bucket(Bucket=name)  # somebody else's would be refused

    async def _make_key(self, clients: connection.Clients, name: str, *, keep: str = "") -> ports.KeyPair:
        """Make a key; of those before it only the one that is to be kept lives on."""
        await self._take_keys_back(clients, name, keep=keep)
        made = (await clients.iam.create_access_key(UserName=name))["AccessKey"]
        return ports.KeyPair(access_key=made["AccessKeyId"], secret_key=made["SecretAccessKey"])

    async def _take_keys_back(self, clients: connection.Clients, name: str, *, keep: str = "") -> None:
        found = await refusals.passing(clients.iam.list_access_keys(UserName=name), _NO_ENTITY) or {}
        for each in found.get("AccessKeyMetadata", []):
            if each["AccessKeyId"] == keep:
                continue
            asked = clients.iam.delete_access_key(UserName=name, AccessKeyId=each["AccessKeyId"])
            await refusals.passing(asked, _NO_ENTITY)

    async def _until_it_opens(self, name: str, pair: ports.KeyPair) -> None:
        """Wait until the key opens the bucket; one that does not yet is handed over all the same, since it is made."""
        store = self._store.opened_by(pair.access_key, pair.secret_key)
        try:
            async with self._connections.opened(store, within=_OPENS) as clients:
                while True:
                    if await _opens(clients, name):
                        return
                    await asyncio.sleep(_OPENS_EVERY)
        except errors.TemporaryError as error:
            log.warning("new key does not open its bucket yet", bucket=name, error=error.message)


async def _opens(clients: connection.Clients, name: str) -> bool:
    try:
        await clients.s3.list_objects_v2(Bucket=name, MaxKeys=1)
    except exceptions.ClientError:
        return False
    return True
