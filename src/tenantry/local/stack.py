"""One stack: where it is, what it remembers, and the values that its parts are told."""

import os
from dataclasses import dataclass
from pathlib import Path

from tenantry.local import credentials, layout, objectstore, postgres, state, supervision, supervisord


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """A stack as its parts see it.

    Attributes:
        layout: all its paths.
        state: what it remembers.
        cache: the folder of prepared packages; other stacks of the same user share it.
    """

    layout: layout.Layout
    state: state.StackState
    cache: Path

    @property
    def host(self) -> str:
        """The name below which everything is."""
        return state.HOST

    @property
    def credentials(self) -> credentials.Credentials:
        """The files of its secrets."""
        return credentials.Credentials(folder=self.layout.secrets)

    @property
    def database_server(self) -> postgres.DatabaseServer:
        """Its database server."""
        return postgres.DatabaseServer(
            folder=self.layout.postgres,
            port=self.state.ports["postgres"],
            password_file=self.credentials.postgres,
            log_file=self.layout.log("postgres"),
        )

    @property
    def object_store(self) -> objectstore.ObjectStore:
        """Its object store."""
        return objectstore.ObjectStore(
            root=self.layout.object_store,
            port=self.state.ports["objectstore"],
            log_file=self.layout.log("objectstore"),
        )

    @property
    def supervisor_paths(self) -> supervisord.Paths:
        """Where its supervisor keeps its things."""
        return supervisord.Paths(
            folder=self.layout.supervisor,
            include=self.layout.programs,
            socket=self.layout.socket("supervisor"),
            log=self.layout.log("supervisor"),
        )

    @property
    def supervisor(self) -> supervision.Supervisord:
        """Its supervisor."""
        paths = self.supervisor_paths
        return supervision.Supervisord(paths.socket, paths.include)

    @property
    def address_template(self) -> str:
        """How a workspace's address is formed."""
        return f"http://{{name}}.{self.host}{self.state.public_port}"

    @property
    def provisioner_url(self) -> str:
        """The provisioner's address for programs on this machine."""
        return f"http://127.0.0.1:{self.state.ports['provisioner']}"

    @property
    def mailbox_url(self) -> str:
        """The mailbox's address with the key that opens it."""
        return f"{self.state.url('mailbox')}/?key={credentials.read(self.credentials.mailbox_key)}"


def default_cache() -> Path:
    """Return where prepared packages are kept unless told otherwise."""
    if named := os.environ.get("TENANTRY_CACHE"):
        return Path(named)
    if os.geteuid() == 0:
        return Path("/var/cache/tenantry/packages")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tenantry" / "packages"
