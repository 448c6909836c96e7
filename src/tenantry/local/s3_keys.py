"""Access keys of the object store on this machine: one file and one folder for each.

    ROOT/keys/ACCESS_KEY.json         the secret and the folder, for `s3_auth.py`
    ROOT/buckets/ACCESS_KEY/BUCKET/   what the key may see; nothing beside it exists for it

The key's folder is read-only, so that the key can neither make a second bucket nor remove its own. That holds because
the server runs without the capability to ignore modes, also where it runs as root. Files are written whole; every call
may be made twice.
"""

import contextlib
import json
import re
import shutil
from pathlib import Path

from tenantry.kernel import errors
from tenantry.local import atomic, s3_auth

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


class KeyInvalidError(errors.PermanentError):
    """No access key or bucket can have this name."""

    code = "access-key-invalid"


def put_key(root: Path, *, access_key: str, secret_key: str, bucket: str) -> None:
    """Make the key known and its bucket with it; a known key gets this secret.

    Args:
        root: the object store's root folder.
        access_key: letters, digits, hyphens and underscores.
        secret_key: the secret that signs its requests.
        bucket: the one bucket that it opens.

    Raises:
        KeyInvalidError: a name cannot be used.
    """
    folder = _folder(root, access_key)
    if not _BUCKET.fullmatch(bucket):
        raise KeyInvalidError(f"“{bucket}” cannot be the name of a bucket.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (folder / bucket).is_dir():
        folder.chmod(0o700)
        (folder / bucket).mkdir(mode=0o700)
    folder.chmod(0o500)
    key = {"secretKey": secret_key, "folder": str(folder), "bucket": bucket}
    keys = root / "keys"
    keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    atomic.write(keys / f"{access_key}.json", json.dumps(key).encode())


def move_bucket(root: Path, *, access_key: str, secret_key: str, bucket: str, former: str) -> None:
    """Let a new key open a bucket that is there, and nothing else from now on; its content stays.

    Args:
        root: the object store's root folder.
        access_key: the new key.
        secret_key: its secret.
        bucket: which.
        former: a key that is to be forgotten, whether it still opens the bucket or not.
    """
    holder = owner(root, bucket=bucket)
    if holder is not None and holder != access_key:
        source, folder = _folder(root, holder), _folder(root, access_key)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for each in (source, folder):
            each.chmod(0o700)
        (source / bucket).rename(folder / bucket)
        source.chmod(0o500)
    put_key(root, access_key=access_key, secret_key=secret_key, bucket=bucket)
    for each in {former, holder or former} - {access_key}:
        (root / "keys" / f"{each}.json").unlink(missing_ok=True)


def owner(root: Path, *, bucket: str) -> str | None:
    """Return the key whose folder a bucket is in; None where there is no such bucket.

    Raises:
        KeyInvalidError: the name cannot be used.
    """
    if not _BUCKET.fullmatch(bucket):
        raise KeyInvalidError(f"“{bucket}” cannot be the name of a bucket.")
    found = next((root / "buckets").glob(f"*/{bucket}"), None)
    return None if found is None else found.parent.name


def delete_key(root: Path, *, access_key: str) -> None:
    """Forget the key and remove its bucket with all objects.

    The server may go on to accept a key for up to five minutes (it caches answers), but there is nothing left to open,
    and an empty folder that nothing can be written to stays, so that nothing comes back; see `sweep`.
    """
    folder = _folder(root, access_key)
    (root / "keys" / f"{access_key}.json").unlink(missing_ok=True)
    if folder.is_dir():
        folder.chmod(0o700)
        for bucket in folder.iterdir():
            shutil.rmtree(bucket)
        folder.chmod(0o500)


def sweep(root: Path) -> None:
    """Remove what deleted keys have left; to be called while the server does not run."""
    for folder in (root / "buckets").iterdir():
        if not has_key(root, access_key=folder.name):
            with contextlib.suppress(OSError):  # not empty: a deletion that was cut off, which is made again
                folder.rmdir()


def has_key(root: Path, *, access_key: str) -> bool:
    """Tell whether the key is known."""
    _folder(root, access_key)
    return (root / "keys" / f"{access_key}.json").exists()


def _folder(root: Path, access_key: str) -> Path:
    if not s3_auth.ACCESS_KEY.fullmatch(access_key):
        raise KeyInvalidError(f"“{access_key}” cannot be an access key.")
    return root / "buckets" / access_key
