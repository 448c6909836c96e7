"""What a level of cluster needs from this machine; what is missing is named, so that a skipped test says why."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from testbed import building, cache, node, parts

_HIERARCHIES = ("cpu", "cpuset", "memory", "pids", "devices", "freezer")
_TIMEOUT = 10
_BRIDGED = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")


def check(level: parts.Level, kept: cache.Cache) -> None:
    """Make sure that a level can be had.

    Raises:
        PartsMissingError: it cannot; the message names every part.
    """
    building.require(parts.NEEDED[level], kept)
    if level is parts.Level.NODE and (found := ", ".join(_missing())):
        raise building.PartsMissingError(
            f"A real node needs {found}.", hint="As root on Debian: python tools/system_parts.py node"
        )


def _missing() -> Iterator[str]:
    yield from (f"the package {each}" for each in node.missing())
    if os.geteuid() != 0:
        yield "the right to make namespaces (root)"
    if not _BRIDGED.exists():
        yield "a kernel whose bridges show their frames to the filter (br_netfilter), for network policies"
    if os.geteuid() == 0 and (program := shutil.which("ipset")) and not _succeeds([program, "list", "-name"]):
        yield "a kernel with IP sets (ip_set), for network policies"
    lines = Path("/proc/self/cgroup").read_text().splitlines()
    there = {name for line in lines for name in line.split(":", 2)[1].split(",")}
    if absent := [each for each in _HIERARCHIES if each not in there]:
        yield f"control groups of the first version for {' and '.join(absent)}"


def _succeeds(command: Sequence[str]) -> bool:
    return subprocess.run(command, check=False, capture_output=True, timeout=_TIMEOUT).returncode == 0
