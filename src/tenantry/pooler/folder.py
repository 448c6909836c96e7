"""The files that PgBouncer reads: each is written whole or not at all, for its owner alone, and only if it changes."""

import contextlib
import hashlib
import os
import ssl
from collections.abc import Mapping
from pathlib import Path

from tenantry.kernel import errors
from tenantry.pooler import configuration

_LOADED = ".loaded"
"""Says which content PgBouncer was last told to load."""
_MODE = 0o600


class AuthoritiesUnknownError(errors.CustomerMustActError):
    """The system has no list of those whom it trusts to sign certificates."""

    code = "authorities-unknown"
    hint = "Name them: tenantry database update NAME --ca-file FILE."


class Folder:
    """A folder with the files."""

    def __init__(self, path: Path) -> None:
        """Take where it is; it is made where it is not there."""
        self.path = path.absolute()

    def write(self, files: Mapping[str, str]) -> bool:
        """Write what differs from what is there, and tell whether anything did."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        changed = [name for name in configuration.NAMES if self._content(name) != files[name].encode()]
        for name in changed:
            self._replace(name, files[name].encode())
        return bool(changed)

    @property
    def is_loaded(self) -> bool:
        """Tell whether PgBouncer was told to load what is there; of nothing there is nothing to tell."""
        return self._content(configuration.MAIN) is None or self._content(_LOADED) == self.digest()

    def note_loaded(self, digest: bytes) -> None:
        """Write down that PgBouncer has loaded what had this digest."""
        self._replace(_LOADED, digest)

    def digest(self) -> bytes:
        """Return what stands for all that is there."""
        whole = hashlib.sha256()
        for name in configuration.NAMES:
            content = self._content(name) or b""
            whole.update(len(content).to_bytes(8) + content)
        return whole.hexdigest().encode()

    def _content(self, name: str) -> bytes | None:
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return None

    def _replace(self, name: str, content: bytes) -> None:
        passing = self.path / f".{name}.new"
        with contextlib.suppress(FileNotFoundError):
            passing.unlink()  # of one who was killed while he wrote
        descriptor = os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        passing.replace(self.path / name)


def system_authorities() -> str:
    """Return whom the system trusts to sign certificates, as PEM.

    Raises:
        AuthoritiesUnknownError: it has no file of them.
    """
    paths = ssl.get_default_verify_paths()
    for each in (paths.cafile, "/etc/ssl/certs/ca-certificates.crt"):
        if each and Path(each).is_file():
            return Path(each).read_text()
    raise AuthoritiesUnknownError
