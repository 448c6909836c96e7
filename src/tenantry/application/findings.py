"""What is wrong with a manifest: where, what, and what was probably meant; all of it at once."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tenantry.kernel import errors

Path = tuple[str | int, ...]
"""Keys and indexes from the top of the document: `("spec", "workloads", 0, "name")`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        path: the place in the document.
        message: what is wrong, with the value where it helps.
        suggestion: what was probably meant, or what to do.
        line_in_value: the line inside a text of several lines, from 1.
        file: where the document was read from, if it was a file.
        line: the line in that file.
    """

    path: Path
    message: str
    suggestion: str = ""
    line_in_value: int = 1
    file: str | None = None
    line: int | None = None

    @property
    def key(self) -> str:
        """The place as a dotted path: `spec.workloads[0].name`."""
        return dotted(self.path)

    def __str__(self) -> str:
        place = [self.file or "", str(self.line or ""), self.key]
        sentence = f"{':'.join(part for part in place if part)}: {self.message}"
        return f"{sentence} {self.suggestion}".rstrip()


class ManifestError(errors.CustomerMustActError):
    """The manifest cannot be used as it is."""

    code = "manifest-invalid"
    status = 422

    def __init__(self, findings: Sequence[Finding]) -> None:
        """Take everything that was found, in the order of the file."""
        self.findings = tuple(findings)
        self.fields = {finding.key: f"{finding.message} {finding.suggestion}".rstrip() for finding in findings}
        super().__init__("\n".join(str(finding) for finding in findings), field=findings[0].key)


def dotted(path: Path) -> str:
    """Write a path as people do: `spec.workloads[0].name`."""
    written = ""
    for part in path:
        written += f"[{part}]" if isinstance(part, int) else f".{part}"
    return written.removeprefix(".")


def split(key: str) -> Path:
    """Read a dotted path back."""
    parts = key.replace("[", ".[").split(".")
    return tuple(int(part[1:-1]) if part.startswith("[") else part for part in parts if part)


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Suggest the known name that is nearest, or list them."""
    names = sorted(known)
    folded = {name.lower().replace("_", "").replace("-", ""): name for name in reversed(names)}
    close = difflib.get_close_matches(given.lower().replace("_", "").replace("-", ""), folded, n=1, cutoff=0.6)
    if close:
        return f"Did you mean “{folded[close[0]]}”?"
    return f"Possible: {', '.join(names)}." if names else ""
