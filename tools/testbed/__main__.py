"""`make cluster`, and the building of what it needs.

python -m testbed build [PART …]     build what is missing; everything where no part is named
python -m testbed parts              list the parts, where they are, and what making them took
python -m testbed up [--nodes N]     bring a cluster up, say how to use it, and stay until Ctrl-C
"""

import argparse
import asyncio
import contextlib
import signal
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from pathlib import Path

from tenantry.kernel import errors
from testbed import building, cache, cluster, parts

_NODES = 3


def main() -> int:
    """Read the options and run; returns the exit status."""
    parser = argparse.ArgumentParser(prog="testbed", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="build what is missing")
    build.add_argument("part", nargs="*", help="one of: " + ", ".join(part.name for part in parts.ALL))
    commands.add_parser("parts", help="list the parts")
    up = commands.add_parser("up", help="bring a cluster up and stay")
    up.add_argument("--nodes", type=int, default=_NODES, help=f"pretended nodes; {_NODES} by default")
    up.add_argument("--real", action="store_true", help="one real node that runs real pods instead (as root)")
    up.add_argument("--folder", type=Path, help="where its files go and stay; by default they are removed at the end")
    given = parser.parse_args()
    try:
        match given.command:
            case "build":
                _build(given.part)
            case "parts":
                _list()
            case _:
                level = parts.Level.NODE if given.real else parts.Level.CONTROLLERS
                asyncio.run(_up(given.folder, level, given.nodes))
    except errors.TenantryError as error:
        print(error.message, *filter(None, [error.advice]), sep="\n", file=sys.stderr)
        return 1
    return 0


def _build(names: Sequence[str]) -> None:
    if unknown := set(names) - {part.name for part in parts.ALL}:
        raise building.PartsMissingError(f"There is no part called {', '.join(sorted(unknown))}.")
    wanted = [part for part in parts.ALL if not names or part.name in names]
    building.ensure(wanted, cache.Cache(cache.default_folder()), _say)


def _list() -> None:
    kept = cache.Cache(cache.default_folder())
    for part in parts.ALL:
        folder = kept.find(part)
        took = kept.stamp(part)["processor_seconds"] if folder else "-"
        print(f"{part.name:<24} {parts.version(part):<10} {took:>8}  {folder or 'missing'}")


async def _up(folder: Path | None, level: parts.Level, nodes: int) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    kept = cache.Cache(cache.default_folder())
    await asyncio.to_thread(building.ensure, (*parts.NEEDED[level], parts.KUBECTL), kept, _say)
    begun = time.monotonic()
    with _folder(folder) as place:
        async with cluster.running(place, level=level, nodes=nodes) as up:
            of_what = "one real node" if level is parts.Level.NODE else f"{nodes} pretended nodes"
            _say(f"up after {time.monotonic() - begun:.1f} s, with {of_what}: {up.endpoint}")
            _say(f"logs are in {place}/logs")
            _say("in another terminal:\n")
            print(f"  export KUBECONFIG={up.kubeconfig} PATH={kept.place(parts.KUBECTL)}:$PATH")
            print("  kubectl get nodes\n", flush=True)
            _say("Ctrl-C ends it")
            await ended.wait()
            _say("ending …")
    _say("ended; nothing is left")


@contextlib.contextmanager
def _folder(given: Path | None) -> Generator[Path]:
    if given is not None:
        yield given.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="tenantry-cluster-") as made:
        yield Path(made)


def _say(text: str) -> None:
    print(f"  {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
