"""Whom libpq is told to trust; nothing is connected."""

from pathlib import Path

import pytest

from tenantry.provisioner.adapters.postgres import maker


def trusted(ssl_mode: str, ca_certificate: str = "") -> str | None:
    """Return what is in the file that libpq is told of; without a file, what it is told."""
    server = maker.Server(
        host="x", port=5432, user="x", password="x", ssl_mode=ssl_mode, ca_certificate=ca_certificate
    )  # fmt: skip
    with maker.trusting(server) as told:
        return Path(told).read_text() if told is not None and Path(told).exists() else told


def test_those_who_are_stated() -> None:
    assert trusted("verify-full", "stated") == "stated"


def test_else_those_whom_this_machine_trusts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ca.pem").write_text("of this machine")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    assert trusted("verify-full") == "of this machine"


def test_nobody_where_nothing_is_verified() -> None:
    assert trusted("require") is None
