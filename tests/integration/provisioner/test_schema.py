"""The schema that migrations make is the one that the code believes in."""

import sqlalchemy as sa
from alembic import autogenerate
from alembic.runtime import migration as runtime

from support import provisioner_stage
from tenantry.engine import migration
from tenantry.provisioner import server, tables


def test_migrations_make_exactly_what_the_tables_say(place: provisioner_stage.Place) -> None:
    engine = sa.create_engine(place.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        context = runtime.MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert autogenerate.compare_metadata(context, tables.METADATA) == []


def test_checks_and_partial_indexes_are_the_same(place: provisioner_stage.Place, database_url: str) -> None:
    """What Alembic does not compare: CHECK constraints, and conditions of partial indexes."""
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        tables.METADATA.create_all(connection)
    assert _details(database_url) == _details(place.url)


def _details(url: str) -> set[tuple[str, str]]:
    checks = "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace"
    indexes = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        rows = [*connection.execute(sa.text(checks)), *connection.execute(sa.text(indexes))]
    return {(name, text) for name, text in rows if "alembic" not in name}


def test_a_second_migration_changes_nothing(place: provisioner_stage.Place) -> None:
    before = _details(place.url)
    migration.migrate(place.url, server.MIGRATIONS)
    assert _details(place.url) == before
