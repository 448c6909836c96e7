"""The provisioner as its clients see it: one object, a noun for each part of the API.

async with Provisioner("http://api.localhost:8080", token) as provisioner:
    installation = await provisioner.installations.create(request, key="order-1")
"""

from collections.abc import AsyncGenerator
from datetime import timedelta
from types import TracebackType
from typing import Self

from tenantry.client import (
    applications,
    events,
    infrastructure,
    installations,
    operators,
    poolers,
    tokens,
    transport,
    watching,
)
from tenantry.kernel import randomness as randoms
from tenantry.wire import applications as wire_applications
from tenantry.wire import events as wire_events
from tenantry.wire import infrastructure as wire_infrastructure
from tenantry.wire import installations as wire_installations


class Provisioner:
    """A client of one provisioner; use it as an asynchronous context.

    Attributes:
        applications: calls about applications.
        installations: calls about installations, and about names for them.
        clusters: calls about clusters.
        operators: calls about the operators of clusters.
        database_servers: calls about database servers.
        poolers: calls about what poolers are configured with.
        object_stores: calls about object stores.
        event_log: calls about events.
        tokens: calls about access tokens.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        options: transport.Options | None = None,
        randomness: randoms.Randomness | None = None,
    ) -> None:
        """Take the provisioner's address and a token's secret.

        Args:
            url: scheme, host and port.
            token: the secret; empty for the few routes that ask for none.
            options: time limits and retries.
            randomness: for jitter and Idempotency-Keys; the system's where it is not given.
        """
        way = transport.Transport(
            url,
            token,
            options=options or transport.Options(),
            randomness=randomness or randoms.SystemRandomness(),
        )
        self._transport = way
        self.applications = applications.Applications(way)
        self.installations = installations.Installations(way)
        self.clusters: infrastructure.Clusters = infrastructure.Infrastructure(
            way, "clusters", wire_infrastructure.Cluster
        )
        self.operators = operators.Operators(way)
        self.database_servers: infrastructure.DatabaseServers = infrastructure.Infrastructure(
            way, "database-servers", wire_infrastructure.DatabaseServer
        )
        self.poolers = poolers.Poolers(way)
        self.object_stores: infrastructure.ObjectStores = infrastructure.Infrastructure(
            way, "object-stores", wire_infrastructure.ObjectStore
        )
        self.event_log = events.Events(way)
        self.tokens = tokens.Tokens(way)

    async def __aenter__(self) -> Self:
        """Open the connections."""
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self._transport.__aexit__(kind, error, trace)

    def events(
        self, *, after: int = 0, follow: bool = False, patience: timedelta | None = None
    ) -> AsyncGenerator[wire_events.Event, None]:
        """Yield every event after the given sequence and, if it follows, each new one as it happens."""
        return self.event_log.iterate(after=after, follow=follow, patience=patience)

    def watch(self, identifier: str) -> AsyncGenerator[wire_installations.Installation, None]:
        """Yield an installation as it is now, then after each change, for as long as it is asked for."""
        return watching.watch(lambda: self.installations.get(identifier), self.event_log)

    def watch_application(self, name: str) -> AsyncGenerator[wire_applications.Application, None]:
        """Yield an application as it is now, then after each change, for as long as it is asked for."""
        return watching.watch(lambda: self.applications.get(name), self.event_log)
