"""All paths of a stack, and the modes of its folders.

Folders that the users of workloads must pass through are 0711: passed, not listed. Everything else is for the owner
only. A unix socket's path has at most 107 bytes; where the data directory is too deep for that, sockets live in a short
folder of their own.
"""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from tenantry.local import passage, program, room

_LONGEST_SOCKET_PATH = 107
_LONGEST_SOCKET_NAME = len("/provisioner.sock.123456789")
_PASSED = 0o711
_PRIVATE = 0o700


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where everything of one stack is.

    Attributes:
        data: the data directory.
        run: the folder of unix sockets.
    """

    data: Path
    run: Path

    @property
    def state_file(self) -> Path:
        """The stack's identifier, ports and addresses."""
        return self.data / "stack.json"

    @property
    def lock_file(self) -> Path:
        """Locked by the `up` that looks after the stack."""
        return self.data / "stack.lock"

    @property
    def cli_file(self) -> Path:
        """Address and token for the CLI."""
        return self.data / "cli.json"

    @property
    def logs(self) -> Path:
        """Logs of the parts."""
        return self.data / "log"

    @property
    def secrets(self) -> Path:
        """Passwords, keys and tokens of the parts."""
        return self.data / "secrets"

    @property
    def supervisor(self) -> Path:
        """The supervisor's own files."""
        return self.data / "supervisor"

    @property
    def programs(self) -> Path:
        """The files of supervised programs."""
        return self.supervisor / "programs"

    @property
    def postgres(self) -> Path:
        """The database server's folder; its data are in `data` below."""
        return self.data / "postgres"

    @property
    def object_store(self) -> Path:
        """The object store's root."""
        return self.data / "s3"

    @property
    def frontdoor(self) -> Path:
        """Caddy's files."""
        return self.data / "frontdoor"

    @property
    def mail(self) -> Path:
        """The mails of the mailbox."""
        return self.data / "mail"

    @property
    def agent(self) -> Path:
        """The agent's folder, with the folders of installations."""
        return self.data / "agent"

    def log(self, part: str) -> Path:
        """Return the log file of a part."""
        return self.logs / f"{part}.log"

    def socket(self, name: str) -> Path:
        """Return the path of a unix socket."""
        return self.run / f"{name}.sock"

    def create(self) -> None:
        """Make the folders that are missing and put their modes right.

        Raises:
            DataDirectoryUnusableError: one belongs to somebody else, or the system refuses to write there.
        """
        for folder in (self.data, self.run, self.postgres, self.agent):
            _create(folder, _PASSED)
        private = (self.logs, self.secrets, self.supervisor, self.programs)
        for folder in (*private, self.object_store, self.frontdoor, self.mail):
            _create(folder, _PRIVATE)


def choose(data: Path, *, has_own_users: bool | None = None) -> Layout:
    """Return the layout of a data directory, which need not exist.

    Args:
        data: the data directory.
        has_own_users: workloads run as users of their own; as root they do, and that is what is assumed.

    Raises:
        DataDirectoryUnusableError: its path holds other characters than parts can be told, or a folder above it is
            closed to the users that workloads run as.
    """
    folder = data.expanduser().absolute()
    try:
        program.check_path(folder)
    except program.ProgramInvalidError as error:
        raise room.DataDirectoryUnusableError(error.message, hint=error.advice) from error
    if os.geteuid() == 0 if has_own_users is None else has_own_users:
        _refuse_closed(folder)
    return Layout(data=folder, run=_run_folder(folder))


def default_data() -> Path:
    """Return where a stack lives unless told otherwise."""
    if named := os.environ.get("TENANTRY_DATA"):
        return Path(named)
    if os.geteuid() == 0:
        return Path("/var/lib/tenantry")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "tenantry"


def _run_folder(data: Path) -> Path:
    usual = data / "run"
    if len(os.fsencode(usual)) + _LONGEST_SOCKET_NAME <= _LONGEST_SOCKET_PATH:
        return usual
    own = os.environ.get("XDG_RUNTIME_DIR") or "/tmp"  # noqa: S108 - the folder made in it is ours alone
    base = Path("/run") if os.geteuid() == 0 else Path(own)
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    return base / f"tenantry-{os.geteuid()}-{digest}"


def _refuse_closed(folder: Path) -> None:
    if closed := passage.closed_above(folder):
        hint = f"Choose another folder with --data, or open that one for passing through: chmod o+x {closed}"
        message = f"Workloads run as users of their own and cannot pass through {closed} to {folder}."
        raise room.DataDirectoryUnusableError(message, hint=hint)


def _create(folder: Path, mode: int) -> None:
    folder.mkdir(mode=mode, parents=True, exist_ok=True)
    status = folder.stat()
    # A folder that somebody else made first, as may happen below /tmp, is not ours to trust.
    if status.st_uid != os.geteuid():
        raise room.DataDirectoryUnusableError(
            f"The folder {folder} belongs to another user.", hint="Choose another: --data."
        )
    if stat.S_IMODE(status.st_mode) != mode:
        folder.chmod(mode)
