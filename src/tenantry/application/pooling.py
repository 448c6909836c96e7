"""How programs reach a database that has a pooler before it: workloads through the pooler, jobs past it.

Migrations take locks of a session and tools prepare statements, so whatever ends by itself goes to the server. A file
that says where the database is exists twice then, and a job that reads it is given the path of the one for jobs.
"""

from collections.abc import Mapping

from tenantry.application import manifest, templates

FOLDER = "tenantry/direct"
"""Below the folder of the configuration files: those for jobs."""

_FOR_WORKLOADS = {"host": "poolerHost", "port": "poolerPort", "url": "poolerUrl"}
"""What a workload reads → the key of the Secret that says it."""


def is_pooled(spec: manifest.ApplicationSpec, database: Mapping[str, str] | None) -> bool:
    """Tell whether workloads go through a pooler: the application can, and one was handed over."""
    need = spec.needs.database
    if need is None or need.pooling is None or database is None:
        return False
    return all(database.get(key) for key in _FOR_WORKLOADS.values())


def direct(database: Mapping[str, str]) -> dict[str, str]:
    """Return what templates of jobs read of the database."""
    return {key: value for key, value in database.items() if key not in _FOR_WORKLOADS.values()}


def pooled(database: Mapping[str, str]) -> dict[str, str]:
    """Return what templates of workloads read of a database that has a pooler before it."""
    return direct(database) | {name: database[key] for name, key in _FOR_WORKLOADS.items()}


def twice(spec: manifest.ApplicationSpec) -> frozenset[str]:
    """Return the names of the files that say where the database is, or where such a file is."""
    reads = {file.name: templates.reads(file.content) for file in spec.files}
    found = {name for name, paths in reads.items() if any(_says_where(path) for path in paths)}
    while more := {name for name, paths in reads.items() if any(_names(path, found) for path in paths)} - found:
        found |= more
    return frozenset(found)


def twin(name: str) -> str:
    """Return the name of the file that jobs get in the place of this one."""
    return f"{name}.direct"


def _says_where(path: tuple[str, ...]) -> bool:
    return path[0] == "database" and (len(path) == 1 or path[1] in _FOR_WORKLOADS)


def _names(path: tuple[str, ...], files: set[str]) -> bool:
    return path[0] == "files" and bool(files) and (len(path) == 1 or path[1] in files)
