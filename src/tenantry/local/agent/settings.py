"""What the agent is told by its environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tenantry.kernel import errors
from tenantry.local import launch

_PREFIX = "TENANTRY_AGENT_"


class SettingMissingError(errors.PermanentError):
    """A setting of the agent is missing."""

    code = "setting-missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where things are, and what may be used.

    Attributes:
        stack: the marker of all processes of this stack.
        data: the agent's folder.
        socket: where it listens.
        supervisor_socket, supervisor_include: supervisord, and the folder it reads.
        frontdoor_socket: Caddy's admin interface.
        address_template: how an installation's address is formed.
        cache: prepared packages.
        first_uid: start of the range of users; None where processes run as our own user.
        starts_at_once: how many installations may change at the same time; one more than there are cores by default,
            since one of them always waits for a disk or a database.
        has_standbys: whether a process waits, with everything loaded, for the next new installation.
    """

    stack: str
    data: Path
    socket: Path
    supervisor_socket: Path
    supervisor_include: Path
    frontdoor_socket: Path
    address_template: str
    cache: Path
    first_uid: int | None
    starts_at_once: int
    has_standbys: bool = True


def read(environment: Mapping[str, str]) -> Settings:
    """Return the settings.

    Raises:
        SettingMissingError: one that is needed is not there.
    """

    def need(name: str) -> str:
        if value := environment.get(_PREFIX + name):
            return value
        raise SettingMissingError(f"Set {_PREFIX}{name}.", hint="`tenantry up` sets it.")

    first_uid = environment.get(f"{_PREFIX}SUBORDINATE_UIDS")
    return Settings(
        stack=environment.get(launch.MARKER, "agent"),
        data=Path(need("DATA")),
        socket=Path(need("SOCKET")),
        supervisor_socket=Path(need("SUPERVISOR_SOCKET")),
        supervisor_include=Path(need("SUPERVISOR_INCLUDE")),
        frontdoor_socket=Path(need("FRONTDOOR_SOCKET")),
        address_template=need("ADDRESS_TEMPLATE"),
        cache=Path(need("CACHE")),
        first_uid=int(first_uid) if first_uid and os.geteuid() == 0 else None,
        starts_at_once=int(environment.get(f"{_PREFIX}STARTS_AT_ONCE") or (os.cpu_count() or 1) + 1),
        has_standbys=environment.get(f"{_PREFIX}STANDBYS", "1") != "0",
    )
