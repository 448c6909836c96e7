import sqlalchemy as sa
from alembic import autogenerate
from alembic.runtime import migration

from support import portal_postgres
from tenantry.portal import schema, tables


class TestSchema:
    def test_migrations_lead_to_the_tables(self, portal_postgres_server: portal_postgres.Server) -> None:
        url = portal_postgres_server.empty_database()
        schema.migrate(url)
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            context = migration.MigrationContext.configure(connection)
            assert autogenerate.compare_metadata(context, tables.METADATA) == []

    def test_running_twice_changes_nothing(self, portal_postgres_server: portal_postgres.Server) -> None:
        url = portal_postgres_server.empty_database()
        schema.migrate(url)
        schema.migrate(url)
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == "0003"

    def test_a_schema_that_is_newer_is_left_as_it_is(self, portal_postgres_server: portal_postgres.Server) -> None:
        url = portal_postgres_server.empty_database()
        schema.migrate(url)
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
        schema.migrate(url)
        with engine.connect() as connection:
            assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == "9999"
            assert connection.scalar(sa.text("SELECT count(*) FROM accounts")) == 0
