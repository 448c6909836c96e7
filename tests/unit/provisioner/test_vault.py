"""Secrets at rest, and how their key is changed."""

from pathlib import Path

import pytest
from cryptography import fernet

from tenantry.provisioner import vault


def test_what_is_sealed_can_be_opened_and_not_be_read() -> None:
    kept = vault.Vault([fernet.Fernet.generate_key()])
    sealed = kept.seal_all({"a": "secret-a", "b": "ü"})
    assert b"secret-a" not in sealed
    assert kept.open_all(sealed) == {"a": "secret-a", "b": "ü"}
    assert kept.seal("x") != kept.seal("x")


def test_a_key_can_be_changed_without_losing_what_older_ones_sealed() -> None:
    old, new = fernet.Fernet.generate_key(), fernet.Fernet.generate_key()
    sealed = vault.Vault([old]).seal("secret")
    both = vault.Vault([new, old])
    assert both.open(sealed) == "secret"
    resealed = both.seal(both.open(sealed))
    assert vault.Vault([new]).open(resealed) == "secret"
    with pytest.raises(vault.VaultLockedError):
        vault.Vault([new]).open(sealed)


def test_what_was_tampered_with_does_not_open() -> None:
    kept = vault.Vault([fernet.Fernet.generate_key()])
    sealed = bytearray(kept.seal("secret"))
    sealed[20] ^= 1
    with pytest.raises(vault.VaultLockedError) as locked:
        kept.open(bytes(sealed))
    assert "secret" not in locked.value.message.replace("stored secret", "")


def test_keys_are_read_one_a_line(tmp_path: Path) -> None:
    keys = [fernet.Fernet.generate_key(), fernet.Fernet.generate_key()]
    path = tmp_path / "keys"
    path.write_bytes(b"\n".join([keys[0], b"", keys[1], b""]))
    assert vault.from_file(path).open(vault.Vault([keys[1]]).seal("x")) == "x"
    path.write_bytes(b"\n")
    with pytest.raises(vault.VaultLockedError):
        vault.from_file(path)
