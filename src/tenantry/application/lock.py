"""Rules of a pip package's lock: every requirement pinned and hashed, and nothing else said in it.

A lock names versions, never addresses, so that a mirror works and nobody can slip in another source.
"""

import re
from collections.abc import Iterator

from tenantry.application import findings as found
from tenantry.application import manifest

_PINNED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[^\]]*\])?==[^\s;]+")
_SPECIFIER = re.compile(r"(==|!=|~=|>=|<=|>|<)\s*[0-9]+(\.([0-9]+|\*))*")
_HOW_TO = "Make it with: uv pip compile --universal --generate-hashes."


def find(package: manifest.PipPackage, path: found.Path) -> Iterator[found.Finding]:
    """Yield what is wrong with a pip package."""
    if not all(_SPECIFIER.fullmatch(part.strip()) for part in package.python.split(",")):
        message = f"“{package.python}” is no version specifier."
        yield found.Finding(path=(*path, "python"), message=message, suggestion="For example: >=3.11,<3.14")
    if package.lock is None:
        named = f" “{package.lock_file}” is not part of it" if package.lock_file else ""
        message = f"The package has no lock.{named}"
        yield found.Finding(path=path, message=message, suggestion="Set “lockFile” and read the manifest from a file.")
        return
    yield from _requirements(package.lock, (*path, "lock"))


def _requirements(text: str, path: found.Path) -> Iterator[found.Finding]:
    is_empty = True
    for number, requirement in _logical_lines(text):
        is_empty = False
        name = requirement.split("==")[0].split()[0]
        if not _PINNED.match(requirement):
            message = f"Line {number} of the lock, “{requirement[:60]}”, is not a pinned package (name==version)."
            yield found.Finding(path=path, message=message, suggestion=_HOW_TO)
        elif "--hash=sha256:" not in requirement:
            message = f"Line {number} of the lock: “{name}” has no hash."
            yield found.Finding(path=path, message=message, suggestion=_HOW_TO)
    if is_empty:
        yield found.Finding(path=path, message="The lock names no package.", suggestion=_HOW_TO)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each requirement with the line it begins on; lines that end with a backslash go on."""
    started, parts = 0, list[str]()
    for number, line in enumerate(text.splitlines(), start=1):
        if not parts:
            started = number
        content = line.split(" #")[0].strip()
        if content.startswith("#"):
            content = ""
        parts.append(content.removesuffix("\\").strip())
        if content.endswith("\\"):
            continue
        if joined := " ".join(part for part in parts if part):
            yield started, joined
        parts = []
