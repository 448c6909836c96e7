"""Who listens on a port of the loopback address, so that nobody's visitors are ever sent to somebody else's process.

Any user of the machine may take a port that is free for a moment. The kernel knows whose a listening socket is.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTENING = "0A"


class KernelListeners:
    """What the kernel's tables of sockets say."""

    def owners(self, port: int) -> set[int]:
        """Return the users that listen on the port, on whatever address."""
        wanted = f":{port:04X}"
        return {int(user) for address, state, user in _sockets() if state == _LISTENING and address.endswith(wanted)}


def _sockets() -> Iterator[tuple[str, str, str]]:
    for table in _TABLES:
        with contextlib.suppress(OSError):
            for line in table.read_text().splitlines()[1:]:
                fields = line.split()
                yield fields[1], fields[3], fields[7]
