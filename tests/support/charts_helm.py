"""Helm, for tests of charts: it has a home of its own, and every file of values that a chart brings is a case."""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import charts
from testbed import building, cache, parts

GOLDEN = charts.ROOT / "tests/kubernetes/charts/golden"
_TIMEOUT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A chart with a file of values."""

    chart: Path
    values: Path

    @property
    def name(self) -> str:
        """Return what its golden file is called."""
        return f"{self.chart.name}-{self.values.stem.removesuffix('-values')}"


CASES = [Case(chart=chart, values=values) for chart in charts.CHARTS for values in sorted(chart.glob("ci/*.yaml"))]


class HelmFailedError(Exception):
    """Helm ended with an error."""


class Helm:
    """The built Helm."""

    def __init__(self, program: Path, home: Path, kubeconfig: Path | None = None) -> None:
        """Take the program, the folder that it may write to, and the way to a cluster."""
        self._program = str(program)
        folders = {f"HELM_{each}_HOME": str(home / each.lower()) for each in ("CACHE", "CONFIG", "DATA")}
        self._environment = {**os.environ, **folders, "KUBECONFIG": str(kubeconfig or "")}

    def run(self, *arguments: str) -> str:
        """Run it without a cluster, and return what it prints.

        Raises:
            HelmFailedError: it ended with an error; the message is what it printed.
        """
        ended = subprocess.run(
            [self._program, *arguments],
            check=False, capture_output=True, text=True, timeout=_TIMEOUT, env=self._environment,
        )  # fmt: skip
        if ended.returncode:
            raise HelmFailedError(ended.stderr + ended.stdout)
        return ended.stdout

    async def act(self, *arguments: str) -> str:
        """Run it on the cluster, and return what it prints.

        Raises:
            HelmFailedError: it ended with an error; the message is what it printed.
        """
        process = await asyncio.create_subprocess_exec(
            self._program, *arguments,
            env=self._environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        async with asyncio.timeout(_TIMEOUT):
            output, _ = await process.communicate()
        if process.returncode:
            raise HelmFailedError(output.decode())
        return output.decode()

    def template(self, chart: Path, *values: Path, given: Sequence[str] = ()) -> list[dict[str, Any]]:
        """Return the objects of a chart.

        Args:
            chart: its folder.
            values: files of values.
            given: single values, as `a.b=c`.
        """
        options = [*(f"--values={each}" for each in values), *(f"--set-json={each}" for each in given)]
        text = self.run("template", "acme", str(chart), "--namespace", "home", *options)
        return [each for each in yaml.safe_load_all(text) if each is not None]


def find() -> Path:
    """Return the program.

    Raises:
        PartsMissingError: it is not built.
    """
    kept = cache.Cache(cache.default_folder())
    building.require([parts.HELM], kept)
    return kept.place(parts.HELM) / parts.HELM.name


def golden(helm: Helm, case: Case) -> str:
    """Return what the golden file of a case must hold: everything but the definitions, which are tested elsewhere."""
    objects = helm.template(case.chart, case.values)
    kept = sorted((each for each in objects if each["kind"] != "CustomResourceDefinition"), key=_place)
    return yaml.safe_dump_all(kept, sort_keys=True, width=120)


def _place(item: dict[str, Any]) -> tuple[str, str]:
    return item["kind"], item["metadata"]["name"]


def _written(helm: Helm) -> Iterator[Path]:
    for case in CASES:
        file = GOLDEN / f"{case.name}.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(golden(helm, case))
        yield file


def main() -> int:
    """Write the golden files where Helm is built; returns the exit status."""
    try:
        program = find()
    except building.PartsMissingError as error:
        sys.stderr.write(f"Golden files of charts stay as they are. {error.message}\n")
        return 0
    with tempfile.TemporaryDirectory() as home:
        for file in _written(Helm(program, Path(home))):
            sys.stdout.write(f"{file.relative_to(charts.ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
