"""Short transactions on PostgreSQL: connections that read and connections that write are different types.

Whoever holds a `Writer` is inside one transaction that commits when the block ends, with the notices it gave; nothing
outside the database is called inside one.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import NewType

import sqlalchemy as sa
from sqlalchemy.ext import asyncio as sa_asyncio

Reader = NewType("Reader", sa_asyncio.AsyncConnection)
"""Reads; everything it reads is of one moment per statement."""
Writer = NewType("Writer", Reader)
"""Reads and writes inside one transaction."""

_RETURN_SECONDS = 5.0
_LOOK_SECONDS = 0.02


class Database:
    """Opens short transactions on a pool of connections."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        """Connect lazily.

        Args:
            url: `postgresql+psycopg://…`.
            pool_size: connections that are kept; as many again are opened under load.
        """
        self.engine = sa_asyncio.create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            connect_args={"connect_timeout": 5, "options": "-c statement_timeout=10000 -c timezone=UTC"},
        )

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[Reader]:
        """Open a connection for reading."""
        async with self.engine.connect() as connection:
            yield Reader(connection)

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[Writer]:
        """Open a transaction; it commits when the block ends without an error."""
        async with self.engine.begin() as connection:
            yield Writer(Reader(connection))

    async def close(self) -> None:
        """Close all connections; those that are in use are waited for, since a closed pool would take them back open.

        Whoever keeps one for longer than a few seconds keeps it.
        """
        pool = self.engine.pool
        end = asyncio.get_running_loop().time() + _RETURN_SECONDS
        while _in_use(pool) and asyncio.get_running_loop().time() < end:  # noqa: ASYNC110 - a pool tells nobody
            await asyncio.sleep(_LOOK_SECONDS)
        await self.engine.dispose()


def _in_use(pool: sa.Pool) -> int:
    return pool.checkedout() if isinstance(pool, sa.QueuePool) else 0


async def ping(reader: Reader) -> None:
    """Make sure that the database answers."""
    await reader.execute(sa.select(1))


def libpq_url(url: str) -> str:
    """Return the URL as libpq reads it, from SQLAlchemy's form."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)
