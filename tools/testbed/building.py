"""Builds programs with Go and takes files out of modules; tells how far it is, and what each cost.

The first build on a machine compiles everything and takes minutes; Go's own caches make the next ones short.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from tenantry.kernel import errors
from testbed import cache, modules, parts, progress, toolchain

Say = Callable[[str], None]

_LAST_LINES = 30
_MEBIBYTE = 1024 * 1024


class BuildFailedError(errors.PermanentError):
    """A part of the test cluster could not be made."""

    code = "build-failed"


class PartsMissingError(errors.CustomerMustActError):
    """Parts of the test cluster are not there."""

    code = "parts-missing"


def ensure(wanted: Iterable[parts.Part], kept: cache.Cache, say: Say) -> None:
    """Make all parts that are missing, one after another.

    Args:
        wanted: which parts.
        kept: where they are kept.
        say: told what is made, how far it is, and what it took.

    Raises:
        GoMissingError: there is no Go that can build them.
        BuildFailedError: one could not be made; the message ends with the last lines of Go.
    """
    for part in missing(wanted, kept):
        kept.take(
            part,
            lambda folder, part=part: _make(part, folder, say),
            lambda part=part: say(f"{part.name}: waiting for another process that makes it"),
        )


def missing(wanted: Iterable[parts.Part], kept: cache.Cache) -> list[parts.Part]:
    """Return the parts that are not there."""
    return [part for part in wanted if kept.find(part) is None]


def require(wanted: Iterable[parts.Part], kept: cache.Cache) -> None:
    """Make sure that all parts are there.

    Raises:
        PartsMissingError: some are not; the message names them.
    """
    if names := ", ".join(part.name for part in missing(wanted, kept)):
        raise PartsMissingError(
            f"The test cluster lacks {names}.", hint="Build what is missing: make test-kubernetes, or make cluster."
        )


def _make(part: parts.Part, folder: Path, say: Say) -> Mapping[str, str | float]:
    module, version = modules.read(part.module), parts.version(part)
    go = toolchain.find(module.needs_go)
    say(f"{part.name} {version}: started")
    begun, used = time.monotonic(), _processor_seconds()
    match part:
        case parts.Program():
            _build(part, version, _Go(go, module), folder / part.name, say)
        case parts.Files():
            _copy(part, _Go(go, module), folder)
    seconds, processor = time.monotonic() - begun, _processor_seconds() - used
    size = sum(each.stat().st_size for each in folder.iterdir()) / _MEBIBYTE
    say(f"{part.name} {version}: there after {seconds:.0f} s, {processor:.0f} s of processor time; {size:.1f} MiB")
    return {
        "part": part.name,
        "version": version,
        "go": go.version,
        "module": module.digest,
        "seconds": round(seconds, 1),
        "processor_seconds": round(processor, 1),
    }


class _Go:
    """Go, run for one module."""

    def __init__(self, go: toolchain.Go, module: modules.Module) -> None:
        self._program = str(go.program)
        self._module = module

    def run(self, arguments: Sequence[str], heard: list[str]) -> int:
        """Run it, append to `heard` each line that it prints, and return how it ended."""
        with subprocess.Popen(
            [self._program, *arguments],
            cwd=self._module.folder,
            env=toolchain.environment(parts.BUILD_FLAGS),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            heard.extend(line.rstrip() for line in process.stdout or ())
        return process.returncode


def _build(part: parts.Program, version: str, go: _Go, target: Path, say: Say) -> None:
    heard: list[str] = []
    with progress.told(lambda: f"{part.name}: {len(heard)} packages", say):
        flags = part.linker_flags(version)
        status = go.run(["build", "-v", "-ldflags", flags, "-o", str(target), part.package], heard)
    if status:
        last = "\n".join(heard[-_LAST_LINES:])
        raise BuildFailedError(f"{part.name} {version} could not be built:\n{last}")


def _copy(part: parts.Files, go: _Go, folder: Path) -> None:
    heard: list[str] = []
    if go.run(["mod", "download", part.source], heard) or go.run(["list", "-m", "-f", "{{.Dir}}", part.source], heard):
        raise BuildFailedError(f"{part.name} could not be had: {' '.join(heard[-_LAST_LINES:])}")
    root = Path(heard[-1])
    for pattern in part.patterns:
        found = sorted(root.glob(pattern))
        if not found:
            raise BuildFailedError(f"{part.source} has no {pattern}.")
        for each in found:
            shutil.copyfile(each, folder / each.name)


def _processor_seconds() -> float:
    spent = os.times()
    return spent.children_user + spent.children_system
