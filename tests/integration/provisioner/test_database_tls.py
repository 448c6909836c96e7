"""A database server shows who it is: to the provisioner, and to the programs of its installations."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from support import pgbouncer, postgres, provisioner_stage
from tenantry.application import authorities
from tenantry.client import failures
from tenantry.kernel import clock
from tenantry.wire import infrastructure
from testbed import authority

Stage = provisioner_stage.Stage


@dataclass(frozen=True)
class Secured:
    """A server that speaks TLS as `localhost`."""

    server: postgres.Server
    signed_by: str
    pair: authority.Pair


@pytest.fixture(scope="module")
def secured() -> Iterator[Secured]:
    ours = authority.Authority("databases", clock.SystemClock())
    pair = ours.server("database", names=["localhost"], addresses=[])
    with postgres.running(postgres.tls_files(pair), **postgres.TLS) as server:
        yield Secured(server, ours.certificate.decode(), pair)


def request(secured: Secured, **changes: Any) -> infrastructure.RegisterDatabaseServer:
    server = secured.server
    stated = {"host": "localhost", "port": server.port, "user": server.user, "password": server.password}
    verified = {"ssl_mode": "verify-full", "ca_certificate": secured.signed_by}
    return infrastructure.RegisterDatabaseServer.model_validate({"name": "secured", **stated, **verified, **changes})


async def seen(stage: Stage, status: infrastructure.Status) -> infrastructure.DatabaseServer:
    """The server, once it has that status."""
    found: list[infrastructure.DatabaseServer] = []

    async def has_it() -> bool:
        found[:] = [await stage.client.database_servers.get("secured")]
        return found[0].status is status

    await provisioner_stage.poll(has_it)
    return found[0]


async def test_is_used_where_its_authority_is_stated(bare: Stage, secured: Secured) -> None:
    await bare.client.database_servers.register(request(secured))
    server = await seen(bare, infrastructure.Status.AVAILABLE)
    assert (server.ssl_mode, server.ca_certificate) == ("verify-full", secured.signed_by)


async def test_is_used_where_this_machine_trusts_who_signed(
    bare: Stage, secured: Secured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ca.pem").write_text(secured.signed_by)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    await bare.client.database_servers.register(request(secured, ca_certificate=""))
    await seen(bare, infrastructure.Status.AVAILABLE)


async def test_is_trusted_as_one_of_the_systems_where_a_variable_leads_to_them(
    secured: Secured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As our image does: the OpenSSL of psycopg's wheel finds nobody by itself."""
    server = secured.server
    url = f"postgresql://{server.user}:{server.password}@localhost:{server.port}/postgres?sslmode=verify-full"
    (tmp_path / "ca.pem").write_text(secured.signed_by)
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        await psycopg.AsyncConnection.connect(url, sslrootcert="system")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    async with await psycopg.AsyncConnection.connect(url, sslrootcert="system") as connection:
        assert connection.pgconn.ssl_in_use


async def test_is_not_used_where_another_signed_until_that_is_put_right(bare: Stage, secured: Secured) -> None:
    other = authority.Authority("others", clock.SystemClock()).certificate.decode()
    await bare.client.database_servers.register(request(secured, ca_certificate=other))
    server = await seen(bare, infrastructure.Status.UNREACHABLE)
    assert server.reason == "DatabaseServerUntrusted"
    assert "certificate verify failed" in server.message
    change = infrastructure.UpdateDatabaseServer(ca_certificate=secured.signed_by)
    await bare.client.database_servers.update("secured", change)
    await seen(bare, infrastructure.Status.AVAILABLE)


async def test_is_not_used_under_a_name_that_it_cannot_show(bare: Stage, secured: Secured) -> None:
    await bare.client.database_servers.register(request(secured, host="127.0.0.1"))
    server = await seen(bare, infrastructure.Status.UNREACHABLE)
    assert server.reason == "DatabaseServerUntrusted"


async def test_that_refuses_our_password_does_not_count_as_silent(bare: Stage, secured: Secured) -> None:
    await bare.client.database_servers.register(request(secured, password="wrong"))
    server = await seen(bare, infrastructure.Status.UNREACHABLE)
    assert server.reason == "DatabaseServerRefused"
    assert "does not let us in" in server.message


async def test_is_not_registered_with_what_is_no_certificate(bare: Stage, secured: Secured) -> None:
    unchecked = request(secured).model_copy(update={"ca_certificate": secured.signed_by[:100]})
    with pytest.raises(failures.RequestProblemError, match="caCertificate: These are no certificates"):
        await bare.client.database_servers.register(unchecked)
    assert await bare.client.database_servers.list() == []


async def test_is_what_programs_connect_to(stage: Stage, secured: Secured, tmp_path: Path) -> None:
    await stage.client.database_servers.cordon("pg")
    await stage.client.database_servers.register(request(secured))
    await stage.until_available()
    made = await stage.stable("acme")
    (given,) = [each.data for each in stage.world.bundles[made.id].secrets if each.name.endswith("-database")]
    file = tmp_path / "ca.pem"
    file.write_text(given[authorities.CERTIFICATE])
    told = authorities.variables(given, str(file))
    assert "sslmode=verify-full" in given["url"]
    connection = await psycopg.AsyncConnection.connect(given["url"], sslrootcert=told[authorities.VARIABLE])
    async with connection:
        row = await (await connection.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")).fetchone()
    assert row == (True,)


async def test_is_trusted_by_its_pooler_and_the_pooler_as_it_is(stage: Stage, secured: Secured, tmp_path: Path) -> None:
    pooling = {"connections": 6, "pooling": {"mode": "session", "connections": 2}}
    needs = {**provisioner_stage.NEEDS, "database": pooling}
    await stage.client.database_servers.cordon("pg")
    async with pgbouncer.placed(secured.pair) as pooler:
        reached = {"pooler_host": "localhost", "pooler_port": pooler.port, "pooler_budget": 4}
        await stage.client.database_servers.register(request(secured, name="pg2", **reached))
        await stage.until_available()
        await stage.client.applications.apply(provisioner_stage.application(needs=needs))
        await pooler.stand_beside(stage.url, provisioner_stage.SECRET, server="pg2")
        await pooler.until_told("Written")
        pooler.start()
        await pooler.until_up()
        made = await stage.stable("acme")
        (given,) = [each.data for each in stage.world.bundles[made.id].secrets if each.name.endswith("-database")]
        file = tmp_path / "ca.pem"
        file.write_text(given[authorities.CERTIFICATE])
        connection = await psycopg.AsyncConnection.connect(given["poolerUrl"], sslrootcert=str(file))
        async with connection:
            assert connection.pgconn.ssl_in_use
            asked = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
            assert await (await connection.execute(asked)).fetchone() == (True,)
        other = authority.Authority("others", clock.SystemClock()).certificate.decode()
        file.write_text(other)
        with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
            await psycopg.AsyncConnection.connect(given["poolerUrl"], sslrootcert=str(file))
