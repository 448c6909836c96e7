"""Makes and removes buckets of the object store on one machine: a folder and a key file each."""

import asyncio
from pathlib import Path

from tenantry.kernel import errors
from tenantry.local import s3_keys
from tenantry.provisioner.installations import ports


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
        try:
            await asyncio.to_thread(
                s3_keys.put_key, self._root, access_key=access_key, secret_key=secret_key, bucket=name
            )
        except OSError as error:
            raise StoreAwayError(f"The object store's folder cannot be written ({error.strerror}).") from error
        return ports.KeyPair(access_key=access_key, secret_key=secret_key)

    async def remove(self, name: str, access_key: str) -> None:
        """Remove the bucket with all objects, and its key pair."""
        del name
        try:
            await asyncio.to_thread(s3_keys.delete_key, self._root, access_key=access_key)
        except OSError as error:
            raise StoreAwayError(f"The object store's folder cannot be written ({error.strerror}).") from error
