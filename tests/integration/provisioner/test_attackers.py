"""What a customer's own database role and key are tried with, as an attacker would."""

import os
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tenantry.application import needs
from tenantry.kernel import errors
from tenantry.local import s3_keys
from tenantry.provisioner.adapters.postgres import maker as postgres
from tenantry.provisioner.adapters.rclone import maker as rclone

NEED = needs.DatabaseNeed(connections=2)


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """A logical database with its role."""

    name: str
    password: str
    server: Any

    async def connect(self, database: str | None = None, user: str | None = None) -> psycopg.AsyncConnection:
        return await psycopg.AsyncConnection.connect(
            host=self.server.host,
            port=self.server.port,
            user=user or self.name,
            password=self.password,
            dbname=database or self.name,
            autocommit=True,
        )

    async def attempt(self, statement: str) -> str:
        """Return the SQLSTATE with which a statement is refused; empty where it is not."""
        async with await self.connect() as connection:
            try:
                await connection.execute(statement.encode())
            except psycopg.Error as error:
                return error.sqlstate or type(error).__name__
        return ""


@pytest.fixture
def maker(postgres_server: Any) -> postgres.PostgresMaker:
    return postgres.PostgresMaker(
        postgres.Server(
            host=postgres_server.host,
            port=postgres_server.port,
            user=postgres_server.user,
            password=postgres_server.password,
            ssl_mode="disable",
        )
    )


@pytest.fixture
async def tenants(maker: postgres.PostgresMaker, postgres_server: Any) -> AsyncIterator[tuple[Tenant, Tenant]]:
    await maker.look()
    made: list[Tenant] = []
    for _ in range(2):
        tenant = Tenant(name=f"t_{secrets.token_hex(10)}", password=secrets.token_hex(24), server=postgres_server)
        await maker.make(tenant.name, tenant.password, NEED)
        made.append(tenant)
    yield made[0], made[1]
    for tenant in made:
        await maker.remove(tenant.name)


@pytest.fixture
def foreign(postgres_server: Any) -> Iterator[str]:
    """A database of somebody else, as PostgreSQL makes it."""
    name = f"foreign_{secrets.token_hex(6)}"
    with postgres_server.connect() as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    yield name
    with postgres_server.connect() as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


BREAKOUTS = [
    "CREATE DATABASE mine",
    "CREATE ROLE friend LOGIN",
    "ALTER ROLE postgres PASSWORD 'x'",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "ALTER ROLE CURRENT_USER CREATEDB",
    "ALTER ROLE CURRENT_USER CONNECTION LIMIT 1000",
    "ALTER ROLE CURRENT_USER BYPASSRLS",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION postgres",
    "GRANT pg_read_server_files TO CURRENT_USER",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_ls_dir('/')",
    "SELECT lo_import('/etc/passwd')",
    "COPY (SELECT 1) TO '/tmp/x'",
    "COPY pg_class FROM '/etc/passwd'",
    "COPY (SELECT 1) TO PROGRAM 'id'",
    "SELECT rolpassword FROM pg_authid",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'",
    "ALTER SYSTEM SET log_statement = 'all'",
    "SELECT pg_reload_conf()",
    "LOAD '/tmp/x.so'",
    "CREATE LANGUAGE plpython3u",
    "CREATE EXTENSION dblink",
    "CREATE SERVER s FOREIGN DATA WRAPPER file_fdw",
    "CREATE TABLESPACE t LOCATION '/tmp'",
    "SELECT pg_create_physical_replication_slot('s')",
    "CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1' PUBLICATION p",
    "CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "DROP ROLE postgres",
]


class TestDatabases:
    async def test_open_to_their_own_role_alone(self, tenants: tuple[Tenant, Tenant]) -> None:
        own, other = tenants
        async with await own.connect() as connection:
            await connection.execute("CREATE TABLE notes (id int)")
            await connection.execute("CREATE TEMP TABLE passing (id int)")
        for closed in (other.name, "postgres", "template1"):
            with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                await own.connect(closed)
        with pytest.raises(psycopg.OperationalError, match="not currently accepting connections"):
            await own.connect("template0")

    async def test_do_not_open_with_anothers_password_or_none(self, tenants: tuple[Tenant, Tenant]) -> None:
        own, other = tenants
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            await own.connect(other.name, other.name)
        with pytest.raises(psycopg.OperationalError):
            await psycopg.AsyncConnection.connect(
                host=own.server.host, port=own.server.port, user=own.name, dbname=own.name, password=""
            )

    async def test_let_nobody_out(self, tenants: tuple[Tenant, Tenant]) -> None:
        refusals = {statement: await tenants[0].attempt(statement) for statement in BREAKOUTS}
        # Insufficient privilege; or there is no such thing here, for them or for anybody.
        assert {each: code for each, code in refusals.items() if code not in {"42501", "42704", "58P01", "0A000"}} == {}

    async def test_hide_what_others_ask(self, tenants: tuple[Tenant, Tenant]) -> None:
        own, other = tenants
        async with await other.connect() as theirs, await own.connect() as mine:
            await theirs.execute("SELECT 'their secret'")
            rows = await mine.execute("SELECT query FROM pg_stat_activity WHERE usename <> CURRENT_USER")
            assert not [row for row in await rows.fetchall() if "their secret" in (row[0] or "")]

    async def test_limit_connections(self, tenants: tuple[Tenant, Tenant]) -> None:
        own = tenants[0]
        async with await own.connect(), await own.connect():
            with pytest.raises(psycopg.OperationalError, match="too many connections for role"):
                await own.connect()


class TestDatabasesThatAreNotOurs:
    """On a server that others use too, PostgreSQL lets every role connect to every new database."""

    async def test_are_told_of_and_left_as_they_are(
        self, maker: postgres.PostgresMaker, tenants: tuple[Tenant, Tenant], foreign: str
    ) -> None:
        own = tenants[0]
        async with await own.connect(foreign) as connection:
            await connection.execute("SELECT 1")
        seen = await maker.look(ours=[tenant.name for tenant in tenants])
        assert foreign in seen.is_open
        assert not {own.name, "postgres", "template1"} & set(seen.is_open)
        async with await own.connect(foreign) as connection:
            await connection.execute("SELECT 1")

    async def test_closed_by_their_owner_are_told_of_no_more(
        self, maker: postgres.PostgresMaker, tenants: tuple[Tenant, Tenant], foreign: str, postgres_server: Any
    ) -> None:
        with postgres_server.connect() as connection:
            connection.execute(f"REVOKE CONNECT ON DATABASE {foreign} FROM PUBLIC")
        assert foreign not in (await maker.look()).is_open
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            await tenants[0].connect(foreign)

    async def test_do_not_hide_that_one_of_ours_was_opened(
        self, maker: postgres.PostgresMaker, tenants: tuple[Tenant, Tenant], postgres_server: Any
    ) -> None:
        own, other = tenants
        with postgres_server.connect() as connection:
            for name in (own.name, "template1"):
                connection.execute(f"GRANT CONNECT ON DATABASE {name} TO PUBLIC")
        async with await other.connect(own.name):
            pass
        seen = await maker.look(ours=[own.name, other.name])
        assert set(seen.closed) == {own.name, "template1"}
        for closed in (own.name, "template1"):
            with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                await other.connect(closed)
        async with await own.connect() as connection:
            await connection.execute("SELECT 1")


class TestPasswords:
    async def test_reach_the_server_as_verifiers_only(
        self, maker: postgres.PostgresMaker, postgres_server: Any
    ) -> None:
        name, password = f"t_{secrets.token_hex(10)}", secrets.token_hex(24)
        with postgres_server.connect() as connection:
            connection.execute("ALTER SYSTEM SET log_statement = 'all'")
            connection.execute("SELECT pg_reload_conf()")
        try:
            await maker.make(name, password, NEED)
            await maker.make(name, password, NEED)
            with postgres_server.connect() as connection:
                row = connection.execute("SELECT rolpassword FROM pg_authid WHERE rolname = %s", [name]).fetchone()
            log = postgres_server.log.read_text()
        finally:
            with postgres_server.connect() as connection:
                connection.execute("ALTER SYSTEM RESET ALL")
                connection.execute("SELECT pg_reload_conf()")
            await maker.remove(name)
        assert row is not None
        assert row[0].startswith("SCRAM-SHA-256$")
        assert f'ROLE "{name}"' in log
        assert password not in log

    async def test_are_in_no_repr_and_no_error(self) -> None:
        server = postgres.Server(host="127.0.0.1", port=1, user="u", password="hunter2", ssl_mode="disable")
        assert "hunter2" not in repr(server)
        away = postgres.PostgresMaker(server)
        with pytest.raises(postgres.ServerAwayError) as caught:
            await away.look()
        assert "hunter2" not in f"{caught.value} {caught.value.__cause__}"


class TestMaking:
    async def test_twice_makes_one_and_keeps_what_is_in_it(
        self, maker: postgres.PostgresMaker, postgres_server: Any
    ) -> None:
        tenant = Tenant(name=f"t_{secrets.token_hex(10)}", password=secrets.token_hex(24), server=postgres_server)
        wanted = needs.DatabaseNeed(connections=3, extensions=["pg_trgm"])
        await maker.make(tenant.name, tenant.password, wanted)
        async with await tenant.connect() as connection:
            await connection.execute("CREATE TABLE kept AS SELECT similarity('a', 'a') AS value")
        await maker.make(tenant.name, tenant.password, wanted)
        async with await tenant.connect() as connection:
            row = await (await connection.execute("SELECT value FROM kept")).fetchone()
            shown = await connection.execute(
                "SELECT datcollate, pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()"
            )
            assert await shown.fetchone() == ("C.UTF-8", "UTF8")
        assert row == (1.0,)
        async with await tenant.connect():
            await maker.remove(tenant.name)  # although somebody is connected
        await maker.remove(tenant.name)
        with postgres_server.connect() as connection:
            left = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [tenant.name]).fetchone()
        assert left is None

    async def test_says_what_the_server_refused(self, maker: postgres.PostgresMaker) -> None:
        name = f"t_{secrets.token_hex(10)}"
        with pytest.raises(postgres.ServerRefusedError, match="nothing_like_it"):
            await maker.make(name, "x", needs.DatabaseNeed(extensions=["nothing_like_it"]))
        await maker.remove(name)

    async def test_heals_what_was_half_made(self, maker: postgres.PostgresMaker, postgres_server: Any) -> None:
        """The maker died between making the database and closing it."""
        tenant = Tenant(name=f"t_{secrets.token_hex(10)}", password=secrets.token_hex(24), server=postgres_server)
        with postgres_server.connect() as connection:
            connection.execute(f"CREATE ROLE {tenant.name}")
            connection.execute(
                f"CREATE DATABASE {tenant.name} OWNER {tenant.name} TEMPLATE template0 ALLOW_CONNECTIONS false"
            )
        await maker.make(tenant.name, tenant.password, NEED)
        async with await tenant.connect() as connection:
            await connection.execute("SELECT 1")
        await maker.remove(tenant.name)


class TestBuckets:
    async def test_are_made_and_removed_with_their_key(self, tmp_path: Path) -> None:
        maker = rclone.RcloneMaker(tmp_path)
        for _ in "12":
            await maker.make("t-one", "TONE", "secret")
        await maker.make("t-two", "TTWO", "secret")
        assert s3_keys.has_key(tmp_path, access_key="TONE")
        for _ in "12":
            await maker.remove("t-one", "TONE")
        assert not s3_keys.has_key(tmp_path, access_key="TONE")
        assert [path.name for path in (tmp_path / "buckets").glob("*/*")] == ["t-two"]

    @pytest.mark.parametrize(("name", "key"), [("../up", "TONE"), ("t-one", "../up"), ("t-one", "a/b"), ("", "TONE")])
    async def test_of_names_that_lead_elsewhere_are_refused(self, tmp_path: Path, name: str, key: str) -> None:
        with pytest.raises(errors.TenantryError):
            await rclone.RcloneMaker(tmp_path / "s3").make(name, key, "secret")
        assert not [found for _, folders, files in os.walk(tmp_path) for found in (*folders, *files) if "up" in found]


@pytest.fixture
def modest(postgres_server: Any) -> Iterator[postgres.PostgresMaker]:
    """A maker who is no superuser, as managed servers have it."""
    name, password = f"customers_{secrets.token_hex(6)}", secrets.token_hex(24)
    with postgres_server.connect() as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN CREATEDB CREATEROLE PASSWORD '{password}'")
        connection.execute(f"GRANT CONNECT ON DATABASE postgres TO {name}")
    server = postgres.Server(
        host=postgres_server.host, port=postgres_server.port, user=name, password=password, ssl_mode="disable"
    )
    yield postgres.PostgresMaker(server)
    with postgres_server.connect() as connection:
        connection.execute(f"DROP OWNED BY {name}")
        connection.execute(f"DROP ROLE {name}")


class TestModestMaker:
    async def test_makes_twice_and_removes(self, modest: postgres.PostgresMaker, postgres_server: Any) -> None:
        tenant = Tenant(name=f"t_{secrets.token_hex(10)}", password=secrets.token_hex(24), server=postgres_server)
        wanted = needs.DatabaseNeed(connections=3, extensions=["pg_trgm"])
        await modest.make(tenant.name, tenant.password, wanted)
        await modest.make(tenant.name, tenant.password, wanted)
        async with await tenant.connect() as connection:
            await connection.execute("CREATE TABLE made AS SELECT similarity('a', 'a') AS value")
            await modest.remove(tenant.name)  # although somebody is connected
        await modest.remove(tenant.name)
        with postgres_server.connect() as connection:
            left = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [tenant.name]).fetchone()
        assert left is None

    async def test_shuts_tenants_off_from_each_other_and_from_itself(
        self, modest: postgres.PostgresMaker, postgres_server: Any
    ) -> None:
        one, other = (
            Tenant(name=f"t_{secrets.token_hex(10)}", password=secrets.token_hex(24), server=postgres_server)
            for _ in range(2)
        )
        for each in (one, other):
            await modest.make(each.name, each.password, NEED)
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            await one.connect(other.name)
        with postgres_server.connect() as connection:
            row = connection.execute(
                "SELECT rolsuper, rolcreatedb, rolcreaterole, pg_has_role(%s, %s, 'member') FROM pg_roles "
                "WHERE rolname = %s",
                [one.name, other.name, one.name],
            ).fetchone()
        assert row == (False, False, False, False)
        assert await one.attempt("CREATE ROLE friend LOGIN") == "42501"
        for each in (one, other):
            await modest.remove(each.name)

    async def test_tells_of_what_it_cannot_close(self, modest: postgres.PostgresMaker, foreign: str) -> None:
        seen = await modest.look([foreign])
        assert foreign in seen.is_open
        assert seen.closed == ()
