"""Figures as they are printed: median and range of a series, ratios of two, and how busy the machine was meanwhile."""

import os
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

_BUSY = 1.5
"""Waiting and running processes for each core, from which on somebody else's work is in the figures."""


@dataclass(frozen=True)
class Series:
    """Measurements of one thing, in seconds unless said otherwise."""

    name: str
    values: list[float] = field(default_factory=list[float])

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.values)

    def __str__(self) -> str:
        """Return median, range and count as a line."""
        low, high = min(self.values), max(self.values)
        return f"{self.name:<40} {self.median:7.3f} s  ({low:.3f}-{high:.3f}, n={len(self.values)})"


def ratio(ours: Series, theirs: Series) -> str:
    """Return the ratio of the medians, and the median of the ratios of each pair with its range."""
    pairs = [mine / other for mine, other in zip(ours.values, theirs.values, strict=True)]
    return (
        f"{'ratio of medians':<40} {ours.median / theirs.median:7.3f}    "
        f"(pairs: median {statistics.median(pairs):.3f}, {min(pairs):.3f}-{max(pairs):.3f})"
    )


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows in columns; the first column is aligned to the left."""
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if index else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def load() -> str:
    """Return how busy the machine is, in words and as the load average of the last minute."""
    average, cores = os.getloadavg()[0], os.cpu_count() or 1
    return f"load {average:.1f} on {cores} cores, {'busy' if average > _BUSY * cores else 'quiet'}"


def machine() -> str:
    """Return what this machine is."""
    memory = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal"))
    gibibytes = int(memory.split()[1]) / 1024**2
    python = ".".join(map(str, sys.version_info[:3]))
    return f"{os.cpu_count()} cores, {gibibytes:.0f} GiB, Linux {os.uname().release}, Python {python}; {load()}"


def say(text: str = "") -> None:
    """Print a line of the result at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """Tell how far it is; not part of the result."""
    sys.stderr.write(f"  {text}\n")
    sys.stderr.flush()
