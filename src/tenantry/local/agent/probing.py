"""Asks workloads over HTTP whether they are ready or well."""

import aiohttp

from tenantry.application import rendering
from tenantry.local.agent import deployment

_UNWELL = 400


class HttpProber:
    """One session for all probes; connections are not kept, so a probe always speaks to the process of this moment."""

    def __init__(self) -> None:
        connector = aiohttp.TCPConnector(force_close=True, limit=0)
        self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    async def ask(self, probe: rendering.Probe) -> bool:
        headers = {"Host": probe.host_header} if probe.host_header else {}
        timeout = aiohttp.ClientTimeout(total=probe.timeout.total_seconds())
        url = f"http://{deployment.LOOPBACK}:{probe.port}{probe.path}"
        try:
            async with self._session.get(url, headers=headers, timeout=timeout, allow_redirects=False) as answer:
                return answer.status < _UNWELL
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return False

    async def close(self) -> None:
        """End the session."""
        await self._session.close()
