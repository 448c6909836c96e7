"""Calls of whoever stands beside a pooler."""

from dataclasses import dataclass

from tenantry.client import call as calls
from tenantry.client import transport as transports
from tenantry.wire import poolers as wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """A configuration, and what stands for it."""

    etag: str
    configuration: wire.PoolerConfiguration


class Poolers:
    """Calls about what poolers are configured with."""

    def __init__(self, transport: transports.Transport) -> None:
        """Take the way to the provisioner."""
        self._transport = transport

    async def configuration(self, server: str, *, known: str = "") -> Configured | None:
        """Return what the pooler of a database server is to know; None where that is what is known already.

        Args:
            server: name or id of the database server.
            known: the ETag of what is known.
        """
        call = calls.Call(
            method="GET", path=calls.path("database-servers", server, "pooler"), if_none_match=known or None
        )
        answer = await self._transport.fetch(call)
        if answer is None:
            return None
        return Configured(etag=answer.etag, configuration=calls.read(wire.PoolerConfiguration, answer.body))
