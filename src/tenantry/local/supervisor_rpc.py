"""One XML-RPC call to supervisord over its unix socket, with a timeout and errors of ours.

The standard library's proxy knows neither unix sockets nor timeouts; its encoding of calls is used, not its transport.
"""

import http.client
import socket
import xmlrpc.client
from collections.abc import Sequence
from datetime import timedelta
from enum import IntEnum
from pathlib import Path
from typing import Any
from xml.parsers import expat

from tenantry.kernel import errors

TIMEOUT = timedelta(seconds=20)
"""Generous: a supervisord that takes in a file beside hundreds of others may need a second on a busy machine."""


class Fault(IntEnum):
    """supervisord's numbers for what it refuses (those that we act on)."""

    OTHER = 0
    BAD_NAME = 10
    NO_FILE = 20
    SPAWN_ERROR = 50
    ALREADY_STARTED = 60
    NOT_RUNNING = 70
    ALREADY_ADDED = 90
    STILL_RUNNING = 91
    CANT_REREAD = 92

    @classmethod
    def of(cls, number: int) -> "Fault":
        """Return the fault of this number, OTHER where it means nothing to us."""
        return cls(number) if number in set(cls) else cls.OTHER


class SupervisorAwayError(errors.TemporaryError):
    """The supervisor does not answer."""

    code = "supervisor-away"
    hint = "Bring the stack up again: tenantry up."


class SupervisorFaultError(errors.PermanentError):
    """The supervisor refused."""

    code = "supervisor-refused"

    def __init__(self, message: str, *, fault: Fault) -> None:
        """Take supervisord's words and number."""
        super().__init__(message)
        self.fault = fault


class SupervisorRpc:
    """Makes calls; holds no connection between them."""

    def __init__(self, socket_path: Path) -> None:
        """Take the path of supervisord's unix socket."""
        self._socket_path = socket_path

    def call(self, method: str, arguments: Sequence[str | bool]) -> Any:
        """Call a method of supervisord's own interface and return its answer; blocks.

        Raises:
            SupervisorAwayError: nobody answers, or not in time.
            SupervisorFaultError: it answers with a fault.
        """
        # A member of a StrEnum is text too, which the encoder does not know.
        plain = tuple(value if isinstance(value, bool) else str(value) for value in arguments)
        body = xmlrpc.client.dumps(plain, f"supervisor.{method}", encoding="utf-8").encode()
        connection = _UnixConnection(self._socket_path)
        try:
            connection.request("POST", "/RPC2", body, {"Content-Type": "text/xml"})
            answer = connection.getresponse().read()
            return xmlrpc.client.loads(answer.decode())[0][0]
        except (OSError, http.client.HTTPException, expat.ExpatError, UnicodeDecodeError) as error:
            raise SupervisorAwayError(f"The supervisor did not answer ({method}): {error}.") from error
        except xmlrpc.client.Fault as fault:
            message = f"The supervisor refused {method}: {fault.faultString}."
            raise SupervisorFaultError(message, fault=Fault.of(fault.faultCode)) from fault
        finally:
            connection.close()


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, socket_path: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT.total_seconds())
        self._socket_path = socket_path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT.total_seconds())
        self.sock.connect(str(self._socket_path))
