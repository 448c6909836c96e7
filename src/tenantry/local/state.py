"""What a stack remembers between one `up` and the next: who it is, where it listens, and which ports are its own."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tenantry.kernel import errors, ids
from tenantry.kernel import randomness as randoms
from tenantry.local import atomic, ports

DEFAULT_LISTEN = "127.0.0.1:8080"
HOST = "localhost"
"""The name below which everything is; browsers resolve all names below it to this machine."""

PORTS = ("postgres", "objectstore", "mail", "provisioner", "portal")

_FIRST_UID = 200_000
_UIDS = 5_000
_RANGES = 300


class StateUnreadableError(errors.PermanentError):
    """The stack's state file cannot be read."""

    code = "stack-state-unreadable"


class ListenInvalidError(errors.CustomerMustActError):
    """This is no address to listen on."""

    code = "listen-invalid"
    hint = "Write it as ADDRESS:PORT, for example 127.0.0.1:8080."


@dataclass(frozen=True, slots=True, kw_only=True)
class StackState:
    """A stack's memory.

    Attributes:
        id: the marker that every process of the stack carries.
        listen: ADDRESS:PORT of the front door.
        ports: part → port on 127.0.0.1.
        first_uid: the beginning of the range of users for workloads.
        is_detached: nobody stays with the stack; it runs by itself.
    """

    id: str
    listen: str
    ports: dict[str, int]
    first_uid: int
    is_detached: bool = False

    @property
    def public_port(self) -> str:
        """The port as it appears in addresses: with its colon, or nothing where it is the usual one."""
        port = self.listen.rpartition(":")[2]
        return "" if port == "80" else f":{port}"

    def url(self, name: str = "") -> str:
        """Return the address of a host below ours, or of ours."""
        return f"http://{name}.{HOST}{self.public_port}" if name else f"http://{HOST}{self.public_port}"


def read(file: Path) -> StackState | None:
    """Return the state, None where there is none.

    Raises:
        StateUnreadableError: the file is there and is not what we write.
    """
    try:
        return StackState(**json.loads(file.read_bytes()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        hint = f"Restore {file}, or move it away and begin with an empty data directory."
        raise StateUnreadableError(f"{file} cannot be read: {error}.", hint=hint) from error


def write(file: Path, state: StackState) -> None:
    """Keep the state."""
    atomic.write(file, json.dumps(asdict(state), indent=2, sort_keys=True).encode())


def begin(chance: randoms.Randomness, identifiers: ids.Identifiers) -> StackState:
    """Return the state of a stack that has never been up."""
    return StackState(
        id=identifiers.new("stk"),
        listen=DEFAULT_LISTEN,
        ports={},
        # Two stacks on one machine must not share users: workloads of one could end those of the other.
        first_uid=_FIRST_UID + _UIDS * chance.below(_RANGES),
    )


def complete(
    begun: StackState,
    *,
    listen: str | None,
    is_detached: bool,
    chance: randoms.Randomness,
    is_usable: Callable[[str, int], bool] | None = None,
) -> StackState:
    """Return the state for this `up`: what was there, what was asked for, and free ports for what is new.

    Raises:
        ListenInvalidError: the address to listen on is none.
    """
    return replace(
        begun,
        listen=check_listen(listen or begun.listen),
        ports=ports.choose(PORTS, begun.ports, chance, is_usable=is_usable),
        is_detached=is_detached,
    )


def check_listen(listen: str) -> str:
    """Return the address if one can listen there.

    Raises:
        ListenInvalidError: it is not of the form ADDRESS:PORT.
    """
    address, _, port = listen.rpartition(":")
    if not address or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise ListenInvalidError(f"“{listen}” is no address to listen on.", field="listen")
    return listen
