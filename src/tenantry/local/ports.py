"""Ports of the parts: chosen once, kept for good, so that addresses that others have stored stay true."""

import errno
import socket
from collections.abc import Callable, Iterable, Mapping

from tenantry.kernel import errors
from tenantry.kernel import randomness as randoms

FIRST = 20_000
LAST = 31_999
"""Below what Linux hands out to outgoing connections (from 32,768): none of those takes a port while we rest."""


class PortTakenError(errors.ConflictError):
    """A port that the stack needs is used by another program."""

    code = "port-taken"


def choose(
    names: Iterable[str],
    kept: Mapping[str, int],
    randomness: randoms.Randomness,
    *,
    is_usable: Callable[[str, int], bool] | None = None,
) -> dict[str, int]:
    """Return a port for each name: the kept one, else a free one.

    Args:
        names: who needs a port.
        kept: ports that were chosen earlier.
        randomness: decides between free ones.
        is_usable: tells whether one could listen there; asks the kernel where it is not given.
    """
    chosen = dict(kept)
    for name in names:
        if name not in chosen:
            chosen[name] = _free(set(chosen.values()), randomness, is_usable or is_free)
    return chosen


def check(name: str, host: str, port: int, *, hint: str | None = None) -> None:
    """Make sure that a part will be able to listen.

    Raises:
        PortTakenError: another program listens there; the message names part and port.
    """
    if not is_free(host, port):
        advice = hint or f"Find it with: ss -ltnp 'sport = :{port}', end it, and try again."
        raise PortTakenError(f"Port {port}, needed by {name}, is used by another program.", hint=advice)


def is_free(host: str, port: int) -> bool:
    """Tell whether one could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen()
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES}:
                return False
            raise
    return True


def _free(taken: set[int], randomness: randoms.Randomness, is_usable: Callable[[str, int], bool]) -> int:
    for _ in range(LAST - FIRST):
        port = FIRST + randomness.below(LAST - FIRST + 1)
        if port not in taken and is_usable("127.0.0.1", port):
            return port
    raise PortTakenError(f"No port between {FIRST} and {LAST} is free.")
