"""Makes sure, before anything is started, that a data directory can be written to and has room for a stack."""

import contextlib
import os
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from tenantry.kernel import errors

_MEBIBYTE = 1024 * 1024


class DataDirectoryUnusableError(errors.CustomerMustActError):
    """This data directory cannot be used."""

    code = "data-directory-unusable"


class DiskFullError(errors.CustomerMustActError):
    """There is no room for a stack."""

    code = "disk-full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """How much must be free."""

    free_bytes: int
    free_files: int


TO_BEGIN = Need(free_bytes=1024 * _MEBIBYTE, free_files=20_000)
"""A new stack: its database and its logs, with some room to live."""

TO_GO_ON = Need(free_bytes=96 * _MEBIBYTE, free_files=1_000)
"""A stack that is there: enough for the database to start and for whoever makes room again."""


@contextlib.contextmanager
def writing(folder: Path) -> Generator[None]:
    """Say of the folder that it cannot be used, where the system refuses to write below it.

    Raises:
        DataDirectoryUnusableError: it does; the message has the system's reason.
    """
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        where = error.filename or folder
        hint = "Choose another folder with --data, or make this one yours and writable."
        raise DataDirectoryUnusableError(f"{where} cannot be written: {reason}.", hint=hint) from error


def check(folder: Path, need: Need) -> None:
    """Make sure that there is room.

    Raises:
        DiskFullError: there is too little; the message says how much there is and how much is needed.
    """
    found = os.statvfs(folder)
    free = found.f_bavail * found.f_frsize
    hint = "Make room there, or choose another folder with --data."
    if free < need.free_bytes:
        has, wants = free // _MEBIBYTE, need.free_bytes // _MEBIBYTE
        raise DiskFullError(f"Only {has} MiB are free in {folder}; {wants} MiB are needed.", hint=hint)
    # Some file systems make room for files as they need it, and count none.
    if found.f_files and found.f_favail < need.free_files:
        raise DiskFullError(
            f"Only {found.f_favail} more files fit into {folder}; {need.free_files} are needed.", hint=hint
        )
