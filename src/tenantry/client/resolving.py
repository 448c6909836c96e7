"""Finds `*.localhost` on this machine, as browsers do (RFC 6761); many system resolvers do not."""

import socket

from aiohttp import abc, resolver


class LoopbackResolver(resolver.ThreadedResolver):
    """The system's resolver, but `localhost` and every name below it is this machine."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[abc.ResolveResult]:
        """Return the addresses of a host."""
        if host != "localhost" and not host.endswith(".localhost"):
            return await super().resolve(host, port, family)
        flags = socket.AI_NUMERICHOST
        return [
            abc.ResolveResult(
                hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=int(flags)
            )
        ]
