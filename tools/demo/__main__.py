"""`make demo`: brings the whole business up, signs a customer up through the portal, and uses what they get.

Stays up until Ctrl-C; with `--check` it ends after the last proof, with exit status 0 if all of them held.
"""

import argparse
import asyncio
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

from demo import browser, journey, table
from tenantry.kernel import errors
from tenantry.local import bringing, console, layout, room
from tenantry.local import state as states
from tenantry.local import up as ups
from tenantry.local.stack import Stack

ROOT = Path(__file__).resolve().parents[2]
ELSEWHERE = Path("/var/lib/tenantry-demo")
"""Where the data go when the checkout is in a folder that workloads' users cannot reach."""


class Demonstration:
    """One run of the demonstration beside the stack that it brings up."""

    def __init__(self, options: ups.Options, reporter: bringing.Reporter, *, is_check: bool) -> None:
        """Take how the stack is brought up, and whether to end after the proofs."""
        self._options = options
        self._reporter = reporter
        self._is_check = is_check
        self._stack: asyncio.Queue[Stack] = asyncio.Queue()
        self._status = 1

    async def run(self) -> int:
        """Bring the stack up, show what it can do, stay; returns the exit status."""
        showing = asyncio.create_task(self._show())
        try:
            ending = await ups.up(self._options, self._reporter, self._stack.put_nowait)
        finally:
            showing.cancel()
            with suppress(asyncio.CancelledError):
                await showing
        if ending is ups.Ending.RUNNING_ALREADY:
            data = self._options.data
            _say(f"A stack is up already on {data}. End it first: tenantry down --data {data}")
        return self._status

    async def _show(self) -> None:
        stack = await self._stack.get()
        try:
            result = await journey.travel(stack, ROOT / "examples" / "applications", _say)
        except (errors.TenantryError, browser.PageUnexpectedError, OSError, TimeoutError) as error:
            _say(f"The demonstration stopped: {error or type(error).__name__}")
            _say(f"Logs are in {stack.layout.logs}.")
            signal.raise_signal(signal.SIGTERM)
            return
        self._status = 0
        table.show(stack, result)
        if self._is_check:
            signal.raise_signal(signal.SIGTERM)
        else:
            _say("Everything stays up until Ctrl-C; the data stay after it.")


def main() -> int:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="end after the proofs")
    parser.add_argument("--data", type=Path, help="data directory; .demo in the checkout by default")
    parser.add_argument("--listen", metavar="ADDR:PORT", help="where the front door listens; 127.0.0.1:8080 by default")
    given = parser.parse_args()
    data = given.data or _default_data()
    options = ups.Options(data=data, listen=given.listen or _default_listen(data))
    try:
        return asyncio.run(Demonstration(options, console.Lines(), is_check=given.check).run())
    except errors.TenantryError as error:
        _say(f"{error.message} {error.advice or ''}".rstrip())
        return 1


def _default_data() -> Path:
    inside = ROOT / ".demo"
    try:
        layout.choose(inside)
    except room.DataDirectoryUnusableError:
        _say(f"Workloads run under users of their own and cannot reach {ROOT}; the data go to {ELSEWHERE}.")
        return ELSEWHERE
    return inside


def _default_listen(data: Path) -> str | None:
    """Return another port than the usual one where a stranger has that; None: as before, or the usual one."""
    if states.read(layout.choose(data).state_file) is not None:
        return None
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", 8080))
        except OSError:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
            _say(f"Port 8080 is taken on this machine; using {port}.")
            return f"127.0.0.1:{port}"
    return None


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
