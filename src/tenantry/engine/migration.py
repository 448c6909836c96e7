"""Brings a database to the schema that this version needs, one process at a time.

Locks are waited for, a minute at the most: a migration that would block the service for longer fails instead. A schema
that is newer than this version is left as it is: while programs are replaced, those of before go on, and start again
where they must.
"""

from pathlib import Path

import sqlalchemy as sa
import structlog
from alembic import command, config, script
from alembic.runtime import migration as state

log = structlog.get_logger(__name__)

_LOCK_NAMESPACE = 0x74656E61


def migrate(url: str, folder: Path) -> None:
    """Run the steps that are missing; others that start at the same moment wait.

    Args:
        url: `postgresql+psycopg://…`.
        folder: the Alembic script folder; its `env.py` runs on `config.attributes["connection"]`.
    """
    options = "-c lock_timeout=60000 -c timezone=UTC"
    engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args={"connect_timeout": 10, "options": options})
    with engine.connect() as guard, engine.connect() as connection:
        guard.execute(sa.select(sa.func.pg_advisory_lock(_LOCK_NAMESPACE, 1)))
        alembic = config.Config()
        alembic.set_main_option("script_location", str(folder))
        alembic.attributes["connection"] = connection
        if newer := _newer(connection, alembic):
            log.warning("schema is newer", revisions=newer)
        else:
            command.upgrade(alembic, "head")
        connection.commit()
    engine.dispose()


def _newer(connection: sa.Connection, alembic: config.Config) -> list[str]:
    """Return the revisions of the database that this version does not know."""
    known = {each.revision for each in script.ScriptDirectory.from_config(alembic).walk_revisions()}
    return sorted(set(state.MigrationContext.configure(connection).get_current_heads()) - known)
