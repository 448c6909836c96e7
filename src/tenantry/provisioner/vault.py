"""Secrets at rest: sealed with a key that can be changed without losing what older keys sealed.

The first key seals; all keys open. To rotate, put a new key first and restart; `python -m tenantry.provisioner.reseal`
then seals everything anew, and the old key can be dropped.
"""

from pathlib import Path

import orjson
from cryptography import fernet

from tenantry.kernel import errors


class VaultLockedError(errors.PermanentError):
    """A stored secret cannot be opened with the keys at hand."""

    code = "vault-locked"
    hint = "Start the provisioner with the key file that it had when the secret was stored."


class Vault:
    """Seals and opens small secrets."""

    def __init__(self, keys: list[bytes]) -> None:
        """Take Fernet keys, the one that seals first."""
        self._fernet = fernet.MultiFernet([fernet.Fernet(key) for key in keys])

    def seal(self, secret: str) -> bytes:
        """Return what may be stored."""
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str:
        """Return the secret.

        Raises:
            VaultLockedError: none of the keys sealed it.
        """
        try:
            return self._fernet.decrypt(sealed).decode()
        except fernet.InvalidToken as error:
            raise VaultLockedError from error

    def reseal(self, sealed: bytes) -> bytes:
        """Return the same secret, sealed with the first key.

        Raises:
            VaultLockedError: none of the keys sealed it.
        """
        try:
            return self._fernet.rotate(sealed)
        except fernet.InvalidToken as error:
            raise VaultLockedError from error

    def seal_all(self, secrets: dict[str, str]) -> bytes:
        """Seal several secrets as one."""
        return self.seal(orjson.dumps(secrets).decode())

    def open_all(self, sealed: bytes) -> dict[str, str]:
        """Open what `seal_all` sealed."""
        return orjson.loads(self.open(sealed))


def from_file(path: Path) -> Vault:
    """Read keys, one a line.

    Raises:
        VaultLockedError: the file holds no key.
    """
    keys = [line.strip() for line in path.read_bytes().splitlines() if line.strip()]
    if not keys:
        raise VaultLockedError(f"The key file {path.name} holds no key.", hint="One Fernet key a line.")
    return Vault(keys)
