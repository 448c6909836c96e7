"""Runs the steps on the connection that `schema.migrate` hands over."""

from alembic import context
from sqlalchemy import Connection

from tenantry.portal import tables


def _run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=tables.METADATA, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


_run(context.config.attributes["connection"])
