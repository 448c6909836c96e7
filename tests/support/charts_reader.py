"""Somebody who follows a how-to page: its files and commands as they stand there, with values for what is left open."""

import asyncio
import os
import re
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

import charts

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LEFT_OUT = ("make ", "podman ", "createdb ")
_SECONDS = 400


class Page:
    """A page of `docs/how-to`."""

    def __init__(self, name: str) -> None:
        """Read it."""
        self.text = (charts.ROOT / "docs/how-to" / name).read_text()

    def blocks(self, language: str) -> Sequence[str]:
        """Return what it shows in a language; commands have none."""
        return [text for said, text in _BLOCK.findall(self.text) if said == language]

    def block(self, language: str, having: str) -> str:
        """Return the one block in which something stands."""
        [found] = [each for each in self.blocks(language) if having in each]
        return found

    def commands(self, heading: str, values: Mapping[str, str]) -> str:
        """Return the commands below a heading, but for those that need an engine, a registry or PostgreSQL's programs.

        Args:
            heading: how it begins.
            values: for what the page leaves open; each must be there.
        """
        _, _, section = self.text.partition(f"## {heading}")
        found = [text for said, text in _BLOCK.findall(section.partition("\n## ")[0]) if not said]
        return filled("".join(each for each in found if not each.startswith(_LEFT_OUT)), values)


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return a text with values in place of what it leaves open, each of which must be there."""
    for placeholder, value in values.items():
        assert placeholder in text, placeholder
        text = text.replace(placeholder, value)
    return text


class Reader:
    """Somebody with a shell, in a folder with the files that the page shows."""

    def __init__(self, folder: Path, kubeconfig: Path, programs: Sequence[Path]) -> None:
        """Take a folder, the way to the cluster, and the programs that the page calls."""
        self._folder = folder
        path = os.pathsep.join([*(str(each.parent) for each in programs), os.environ["PATH"]])
        homes = {f"HELM_{each}_HOME": str(folder / each.lower()) for each in ("CACHE", "CONFIG", "DATA")}
        own = {"PATH": path, "KUBECONFIG": str(kubeconfig), "XDG_CONFIG_HOME": str(folder / "own")}
        self._environment = {**os.environ, **homes, **own}
        (folder / "deploy").symlink_to(charts.ROOT / "deploy")

    def write(self, name: str, text: str) -> None:
        """Write a file."""
        (self._folder / name).write_text(text)

    async def run(self, commands: str) -> str:
        """Run commands as a shell does, and return what they print; the first that fails ends it.

        What they leave running ends with them.
        """
        process = await asyncio.create_subprocess_exec(
            *("bash", "-euo", "pipefail", "-c", f"trap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n{commands}"),
            cwd=self._folder, env=self._environment, stdin=asyncio.subprocess.DEVNULL, start_new_session=True,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            async with asyncio.timeout(_SECONDS):
                output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        assert process.returncode == 0, output.decode()
        return output.decode()
