"""Empties a bucket: every version of every object, and every upload that was never finished.

It always asks for the first page again, since what was on it is gone: so it may be ended at any point and begun again,
and holds one page in memory, however much there is.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from tenantry.kernel import errors
from tenantry.provisioner.adapters.s3 import refusals

_PAGE = 1000
"""Of objects; no server takes more at once."""
_TOGETHER = 16
"""Uploads that are given up at the same time."""
_GONE = "NoSuchBucket"


class NotEmptyYetError(errors.TemporaryError):
    """There is so much in the bucket that emptying it goes on."""

    code = "bucket-not-empty-yet"


class Emptying:
    """The emptying of one bucket, for as long as its patience lasts."""

    def __init__(self, s3: Any, bucket: str, *, patience: timedelta) -> None:
        """Take the API, the bucket, and after how long others get their turn."""
        self._s3 = s3
        self._bucket = bucket
        self._ends_at = asyncio.get_running_loop().time() + patience.total_seconds()
        self._removed = 0

    async def run(self) -> None:
        """Empty it; a bucket that is not there is empty.

        Raises:
            NotEmptyYetError: there is more; to be called again.
        """
        while uploads := await self._uploads():
            for number in range(0, len(uploads), _TOGETHER):
                await self._give_up(uploads[number : number + _TOGETHER])
        while versions := await self._versions():
            await self._delete(versions)

    async def _uploads(self) -> Sequence[Mapping[str, Any]]:
        asked = self._s3.list_multipart_uploads(Bucket=self._bucket, MaxUploads=_PAGE)
        return (await refusals.passing(asked, _GONE) or {}).get("Uploads", [])

    async def _give_up(self, uploads: Sequence[Mapping[str, Any]]) -> None:
        asked = [
            refusals.passing(
                self._s3.abort_multipart_upload(Bucket=self._bucket, Key=each["Key"], UploadId=each["UploadId"]),
                "NoSuchUpload",
                _GONE,
            )
            for each in uploads
        ]
        _first_failure(await asyncio.gather(*asked, return_exceptions=True))
        self._count(len(uploads))

    async def _versions(self) -> Sequence[Mapping[str, Any]]:
        asked = self._s3.list_object_versions(Bucket=self._bucket, MaxKeys=_PAGE)
        page = await refusals.passing(asked, _GONE) or {}
        return [*page.get("Versions", []), *page.get("DeleteMarkers", [])]

    async def _delete(self, versions: Sequence[Mapping[str, Any]]) -> None:
        meant = [{name: each[name] for name in ("Key", "VersionId") if each.get(name)} for each in versions]
        asked = self._s3.delete_objects(Bucket=self._bucket, Delete={"Objects": meant, "Quiet": True})
        refused = (await refusals.passing(asked, _GONE) or {}).get("Errors", [])
        if refused:
            first = refused[0]
            message = f"An object in the bucket {self._bucket} cannot be deleted: {first.get('Code')}: "
            raise refusals.StoreRefusedError(message + str(first.get("Message", "")))
        self._count(len(versions))

    def _count(self, removed: int) -> None:
        """Let others have their turn when ours has been long enough, but never before something was removed."""
        self._removed += removed
        if asyncio.get_running_loop().time() > self._ends_at:
            raise NotEmptyYetError(
                f"The bucket {self._bucket} is being emptied; {self._removed:,} objects went in this turn.",
                delay=timedelta(seconds=1),
            )


def _first_failure(results: Iterable[object]) -> None:
    for each in results:
        if isinstance(each, BaseException):
            raise each
