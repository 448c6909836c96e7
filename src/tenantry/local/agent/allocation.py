"""Ports and users of installations: chosen once, kept as long as the installation exists, never given twice.

A port that somebody else listens on is not chosen, and one that was taken meanwhile can be exchanged.
"""

import contextlib
import socket
from collections.abc import Callable, Iterable

from tenantry.kernel import errors

PORTS = range(21_000, 32_000)
"""Below the range from which the system takes ports for outgoing connections."""

UIDS = 60_000
"""How many users an agent may give out from the start of its range."""


class NoPortLeftError(errors.TemporaryError):
    """No port is free for another workload on this machine."""

    code = "no-port-left"
    hint = "Delete installations or put some to sleep on another machine."


class NoUserLeftError(errors.TemporaryError):
    """No user is left for another installation on this machine."""

    code = "no-user-left"


def is_port_free(port: int) -> bool:
    """Tell whether a workload could listen on the port of the loopback address now."""
    with contextlib.closing(socket.socket()) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


class Allocator:
    """Knows what has been given to whom."""

    def __init__(
        self, first_uid: int | None, *, first_port: int = PORTS.start, is_free: Callable[[int], bool] = is_port_free
    ) -> None:
        """Take where to begin.

        Args:
            first_uid: the start of the range of users; None where processes run as the agent's own user.
            first_port: what is given out first. Another agent of the machine begins elsewhere, so that the two do not
                choose the same port between them before anybody listens on it.
            is_free: tells of a port whether a workload could listen on it now.
        """
        self._first_uid = first_uid
        self._is_free = is_free
        self._ports: dict[str, dict[str, int]] = {}
        self._uids: dict[str, int] = {}
        self._next = first_port

    def remember(self, name: str, ports: dict[str, int], uid: int | None) -> None:
        """Take note of what an installation got in an earlier life."""
        self._ports[name] = dict(ports)
        if uid is not None:
            self._uids[name] = uid

    def ports(self, name: str, wanted: Iterable[str]) -> dict[str, int]:
        """Return a number for each port name; numbers that it has already stay.

        Raises:
            NoPortLeftError: none is free.
        """
        given = self._ports.setdefault(name, {})
        kept = {port: given[port] for port in wanted if port in given}
        self._ports[name] = kept
        for port in wanted:
            if port not in kept:
                kept[port] = self._free_port()
        return dict(kept)

    def exchange(self, name: str, ports: Iterable[str]) -> dict[str, int]:
        """Replace these ports by others and return all that the installation has."""
        given = self._ports.setdefault(name, {})
        for port in ports:
            given[port] = self._free_port()
        return dict(given)

    def is_free(self, port: int) -> bool:
        """Tell whether a workload could listen on the port now."""
        return self._is_free(port)

    def uid(self, name: str) -> int | None:
        """Return the installation's user.

        Raises:
            NoUserLeftError: the range is used up.
        """
        if self._first_uid is None:
            return None
        if name not in self._uids:
            taken = set(self._uids.values())
            free = (uid for uid in range(self._first_uid, self._first_uid + UIDS) if uid not in taken)
            uid = next(free, None)
            if uid is None:
                raise NoUserLeftError
            self._uids[name] = uid
        return self._uids[name]

    def knows(self, name: str) -> bool:
        """Tell whether something has been given to it."""
        return name in self._ports or name in self._uids

    def release(self, name: str) -> None:
        """Free all that the installation had."""
        self._ports.pop(name, None)
        self._uids.pop(name, None)

    def _free_port(self) -> int:
        # Going round rather than lowest first: a port that was just freed rests, so no visitor meets a stranger.
        taken = {number for ports in self._ports.values() for number in ports.values()}
        for offset in range(len(PORTS)):
            port = PORTS.start + (self._next - PORTS.start + offset) % len(PORTS)
            if port not in taken and self._is_free(port):
                self._next = port + 1
                return port
        raise NoPortLeftError
