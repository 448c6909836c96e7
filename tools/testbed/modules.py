"""The Go modules that the test cluster is made from: what is in `go/`, read and never repeated.

Each folder below `go/` is a module of ours that requires others and holds their sums, so what is built on one machine
is what was tested on another.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "go"

_GO = re.compile(r"^go (\d+)\.(\d+)", re.MULTILINE)


class ModuleUnknownError(LookupError):
    """A module of ours does not require what is asked of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One module of ours.

    Attributes:
        folder: where its `go.mod` and `go.sum` are.
        requirements: text of `go.mod`.
        sums: text of `go.sum`.
        sources: text of its own programs, where it has some.
    """

    folder: Path
    requirements: str
    sums: str
    sources: str = ""

    @property
    def needs_go(self) -> tuple[int, int]:
        """The oldest Go that can build it."""
        found = _GO.search(self.requirements)
        if found is None:
            raise ModuleUnknownError(f"{self.folder.name}/go.mod names no version of Go")
        return int(found[1]), int(found[2])

    @property
    def digest(self) -> str:
        """What it builds depends on: everything that its files say."""
        texts = filter(None, (self.requirements, self.sums, self.sources))
        return hashlib.sha256("\0".join(texts).encode()).hexdigest()

    def version(self, path: str) -> str:
        """Return the version of a module that it requires.

        Raises:
            ModuleUnknownError: it does not require that one.
        """
        found = re.search(rf"^(?:require|\t)\s*{re.escape(path)} (v\S+)", self.requirements, re.MULTILINE)
        if found is None:
            raise ModuleUnknownError(f"{self.folder.name}/go.mod does not require {path}")
        return found[1]


def read(name: str) -> Module:
    """Read the module of this name."""
    folder = FOLDER / name
    return Module(
        folder=folder,
        requirements=(folder / "go.mod").read_text(),
        sums=(folder / "go.sum").read_text(),
        sources="\0".join(each.read_text() for each in sorted(folder.glob("*.go"))),
    )
