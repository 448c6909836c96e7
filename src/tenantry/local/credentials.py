"""The secrets of a stack's parts: made once, each in a file that only its owner may read."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography import fernet

from tenantry.local import atomic
from tenantry.wire import tokens

PORTAL_SCOPES = (
    tokens.Scope.APPLICATIONS_READ,
    tokens.Scope.INSTALLATIONS_READ,
    tokens.Scope.INSTALLATIONS_WRITE,
    tokens.Scope.INSTALLATIONS_CREDENTIALS,
    tokens.Scope.EVENTS_READ,
)
"""What the portal's token may do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The files of a stack's secrets; `create` makes those that are missing."""

    folder: Path

    @property
    def postgres(self) -> Path:
        """The database superuser's password."""
        return self.folder / "postgres.password"

    @property
    def provisioner_database(self) -> Path:
        """The password of the provisioner's role."""
        return self.folder / "provisioner-database.password"

    @property
    def portal_database(self) -> Path:
        """The password of the portal's role."""
        return self.folder / "portal-database.password"

    @property
    def sealing_keys(self) -> Path:
        """The keys that seal secrets at rest, one a line."""
        return self.folder / "provisioner.keys"

    @property
    def bootstrap_tokens(self) -> Path:
        """The tokens that the provisioner accepts from the start."""
        return self.folder / "provisioner-tokens.json"

    @property
    def cli_token(self) -> Path:
        """The token of the command line: it may do everything."""
        return self.folder / "cli.token"

    @property
    def portal_token(self) -> Path:
        """The portal's token."""
        return self.folder / "portal.token"

    @property
    def portal_secret(self) -> Path:
        """The key on which the portal's sessions and codes depend."""
        return self.folder / "portal.secret"

    @property
    def mailbox_key(self) -> Path:
        """The key that opens the mailbox."""
        return self.folder / "mailbox.key"

    def create(self) -> None:
        """Make the secrets that are missing; the ones that are there stay."""
        random = (self.postgres, self.provisioner_database, self.portal_database, self.cli_token, self.portal_token)
        for file in (*random, self.portal_secret, self.mailbox_key):
            _keep(file, lambda: secrets.token_urlsafe(48))
        _keep(self.sealing_keys, lambda: fernet.Fernet.generate_key().decode())
        bootstrap = [
            {"name": "cli", "scopes": [scope.value for scope in tokens.Scope], "secret": read(self.cli_token)},
            {"name": "portal", "scopes": [scope.value for scope in PORTAL_SCOPES], "secret": read(self.portal_token)},
        ]
        atomic.write(self.bootstrap_tokens, json.dumps(bootstrap).encode())


def read(file: Path) -> str:
    """Return the secret in a file."""
    return file.read_text().strip()


def _keep(file: Path, make: Callable[[], str]) -> None:
    if not file.exists():
        atomic.write(file, make().encode())
