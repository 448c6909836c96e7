"""Brings the portal's database to the schema that this version needs, one process at a time.

The portal does so when it starts; `python -m tenantry.portal.schema` does it alone, before programs are replaced.
"""

import os
from pathlib import Path

from tenantry.engine import migration
from tenantry.portal import settings

_MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(url: str) -> None:
    """Run the steps that are missing. Others that start at the same moment wait, for at most a minute.

    Args:
        url: `postgresql+psycopg://…`.
    """
    migration.migrate(url, _MIGRATIONS)


if __name__ == "__main__":
    migrate(os.environ[f"{settings.PREFIX}DATABASE_URL"])
