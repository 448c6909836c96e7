"""Makes and removes buckets of the object store on one machine: a folder and a key file each."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tenantry.kernel import errors
from tenantry.local import s3_keys
from tenantry.provisioner.installations import ports

Result = TypeVar("Result")


class StoreAwayError(errors.TemporaryError):
    """The object store's folder cannot be written."""

    code = "object-store-away"


class RcloneMaker:
    """Buckets of one machine's object store."""

    def __init__(self, root: Path) -> None:
        """Take where the store keeps its keys and folders."""
        self._root = root

    async def make(self, name: str, access_key: str, secret_key: str) -> ports.KeyPair:
        """Make the bucket and let the given pair alone open it."""
        await self._to_folder(s3_keys.put_key, access_key=access_key, secret_key=secret_key, bucket=name)
        return ports.KeyPair(access_key=access_key, secret_key=secret_key)

    async def renew(self, name: str, new: ports.KeyPair, *, present: str) -> ports.KeyPair:
        """Move the bucket to the folder of the given pair: the present one opens nothing from now on.

        The server remembers for minutes which folder a key opens, so a key that is only forgotten would open on.
        """
        await self._to_folder(
            s3_keys.move_bucket, access_key=new.access_key, secret_key=new.secret_key, bucket=name, former=present
        )
        return new

    async def retire(self, name: str, *, present: str) -> None:
        """Do nothing: whatever opened the bucket before has stopped when it was moved."""

    async def remove(self, name: str, access_key: str) -> None:
        """Remove the bucket with all objects, and its key pair; also where a rotation died before its key was kept."""
        for each in {access_key, await self._to_folder(s3_keys.owner, bucket=name) or access_key}:
            await self._to_folder(s3_keys.delete_key, access_key=each)

    async def _to_folder(self, act: Callable[..., Result], **given: str) -> Result:
        try:
            return await asyncio.to_thread(act, self._root, **given)
        except OSError as error:
            raise StoreAwayError(f"The object store's folder cannot be written ({error.strerror}).") from error
