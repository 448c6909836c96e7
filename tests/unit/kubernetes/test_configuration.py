import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tenantry.kernel import clock as clocks
from tenantry.kubernetes import configuration, credentials

START = datetime(2026, 1, 1, tzinfo=UTC)


def written(folder: Path, user: dict[str, object], cluster: dict[str, object] | None = None) -> Path:
    path = folder / "config"
    config = {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": "home"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://api.example:6443/", **(cluster or {})}}],
        "users": [{"name": "u", "user": user}],
    }
    path.write_text(json.dumps(config))
    return path


def read(path: Path) -> configuration.Configuration:
    return configuration.from_kubeconfig(path, clocks.ManualClock(START))


async def test_reads_address_namespace_and_token(tmp_path: Path) -> None:
    found = read(written(tmp_path, {"token": "t0"}))
    assert (found.server, found.namespace) == ("https://api.example:6443", "home")
    assert (await found.credentials.current()).token == "t0"


async def test_reads_certificates_from_data_and_from_files_beside_the_file(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("KEY")
    data = base64.b64encode(b"CERTIFICATE").decode()
    found = read(
        written(
            tmp_path,
            {"client-certificate-data": data, "client-key": "key.pem"},
            {"certificate-authority-data": base64.b64encode(b"AUTHORITY").decode()},
        )
    )
    assert found.authority == "AUTHORITY"
    shown = await found.credentials.current()
    assert shown.certificate == credentials.Certificate(certificate="CERTIFICATE", key="KEY")


async def test_a_token_is_read_again_when_it_was_replaced(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("old\n")
    clock = clocks.ManualClock(START)
    source = credentials.TokenFile(token, clock)
    assert (await source.current()).token == "old"
    token.write_text("new")
    assert (await source.current()).token == "old"
    clock.advance(timedelta(minutes=1))
    assert (await source.current()).token == "new"


async def test_a_refused_token_is_read_again_at_once(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("old")
    source = credentials.TokenFile(token, clocks.ManualClock(START))
    await source.current()
    token.write_text("new")
    source.refused()
    assert (await source.current()).token == "new"


def test_a_pod_is_told_by_its_environment_and_its_mounted_account(tmp_path: Path) -> None:
    for name, content in {"token": "t", "ca.crt": "AUTHORITY", "namespace": "operators\n"}.items():
        (tmp_path / name).write_text(content)
    environment = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"}
    found = configuration.from_service_account(environment, clocks.ManualClock(START), folder=tmp_path)
    assert (found.server, found.authority, found.namespace) == ("https://[fd00::1]:6443", "AUTHORITY", "operators")


@pytest.mark.parametrize(
    ("user", "told"),
    [
        ({"auth-provider": {"name": "old"}}, "Kubernetes dropped"),
        ({"client-certificate-data": "§"}, "base 64"),
        ({"exec": {"args": []}}, "no command"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, user: dict[str, object], told: str) -> None:
    with pytest.raises(configuration.ConfigurationError, match=told):
        read(written(tmp_path, user))


def test_an_unknown_context_is_named(tmp_path: Path) -> None:
    with pytest.raises(configuration.ConfigurationError, match="no context “there”"):
        configuration.from_kubeconfig(written(tmp_path, {}), clocks.ManualClock(START), context="there")


def test_the_environment_names_the_file(tmp_path: Path) -> None:
    environment = {"KUBECONFIG": str(written(tmp_path, {"token": "t"})), "KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    assert configuration.find(environment, clocks.ManualClock(START)).server == "https://api.example:6443"


async def test_a_kubeconfig_that_is_written_anew_is_read_once_it_is_refused(tmp_path: Path) -> None:
    found = read(written(tmp_path, {"token": "old"}))
    written(tmp_path, {"token": "new"})
    assert (await found.credentials.current()).token == "old"
    found.credentials.refused()
    assert (await found.credentials.current()).token == "new"


async def test_a_certificate_beside_the_kubeconfig_is_read_anew_too(tmp_path: Path) -> None:
    for name in ("one.crt", "one.key"):
        (tmp_path / name).write_text("old")
    found = read(written(tmp_path, {"client-certificate": "one.crt", "client-key": "one.key"}))
    (tmp_path / "one.crt").write_text("new")
    found.credentials.refused()
    shown = (await found.credentials.current()).certificate
    assert shown == credentials.Certificate(certificate="new", key="old")


async def test_a_kubeconfig_that_is_half_written_is_waited_for(tmp_path: Path) -> None:
    path = written(tmp_path, {"token": "old"})
    found = read(path)
    path.write_text("{")
    found.credentials.refused()
    with pytest.raises(credentials.CredentialsMissingError, match="kubeconfig"):
        await found.credentials.current()
    written(tmp_path, {"token": "new"})
    assert (await found.credentials.current()).token == "new"
