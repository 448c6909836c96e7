"""The operator's composition root: `python -m tenantry.operator.server` cares for one cluster until told to stop.

Everything is loaded before the election, so that a standby takes over at once. Health and metrics are served on
loopback unless told otherwise.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import structlog
import uvloop
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from tenantry.kernel import clock as clocks
from tenantry.kernel import randomness as randoms
from tenantry.kubernetes import client as clients
from tenantry.kubernetes import configuration, connection, limits, measures, rights
from tenantry.operator import settings
from tenantry.operator.controller import controller, election, table

log = structlog.get_logger(__name__)


@asynccontextmanager
async def running(
    chosen: settings.Settings, known: configuration.Configuration, registry: CollectorRegistry, ended: asyncio.Event
) -> AsyncGenerator[controller.Controller]:
    """Run an operator; leaving ends it, gives its Lease back, and raises what it died of, if it did.

    Args:
        chosen: the administrator's decisions.
        known: the way to the cluster.
        registry: where series are registered.
        ended: set if it dies of a defect.
    """
    clock, randomness = clocks.SystemClock(), randoms.SystemRandomness()
    async with connection.Connection(known) as opened:
        client, at_home = _clients(opened, chosen, measures.Measures(registry))
        made = controller.Controller(
            client,
            facts=chosen.facts(await controller.offered(client)),
            clock=clock,
            randomness=randomness,
            registry=registry,
            instance=chosen.identity,
            bounds=chosen.bounds(),
            shard=chosen.part(),
        )
        elected = election.Election(
            at_home,
            name=chosen.lease(),
            namespace=chosen.namespace or known.namespace,
            identity=chosen.identity,
            clock=clock,
        )
        tasks = [asyncio.create_task(made.look()), asyncio.create_task(elected.lead(made.act))]
        for each in tasks:
            each.add_done_callback(lambda _: ended.set())
        try:
            yield made
        finally:
            for each in reversed(tasks):
                each.cancel()
                await asyncio.wait({each})
        for each in tasks:
            if not each.cancelled():
                each.result()


def _clients(
    opened: connection.Connection, chosen: settings.Settings, counted: measures.Measures
) -> tuple[clients.Client, clients.Client]:
    """Return who cares for installations, and who holds the Lease.

    Each has a gate of its own: renewing the Lease must not wait behind hundreds of calls that wait for their turn.
    """
    everywhere = clients.Client(
        opened, allowed=rights.Rights(table.RIGHTS), gate=limits.Gate(chosen.limits()), counted=counted
    )
    at_home = clients.Client(
        opened, allowed=rights.Rights(table.AT_HOME), gate=limits.Gate(limits.Limits()), counted=counted
    )
    return everywhere, at_home


@asynccontextmanager
async def served(listen: str, made: controller.Controller, registry: CollectorRegistry) -> AsyncGenerator[None]:
    """Serve `/healthz`, `/readyz` and `/metrics`.

    Args:
        listen: address and port.
        made: whose health it is.
        registry: whose series they are.
    """

    async def health(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def ready(_: web.Request) -> web.Response:
        is_ready = made.is_ready()
        return web.Response(text="ok" if is_ready else "not synced", status=200 if is_ready else 503)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/healthz", health), web.get("/readyz", ready), web.get("/metrics", metrics)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    host, _, port = listen.rpartition(":")
    await web.TCPSite(runner, host, int(port)).start()
    try:
        yield
    finally:
        await runner.cleanup()


async def run(chosen: settings.Settings) -> None:
    """Run until told to stop."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    registry = CollectorRegistry()
    known = configuration.find(os.environ, clocks.SystemClock(), context=chosen.context)
    async with running(chosen, known, registry, stopped) as made, served(chosen.listen, made, registry):
        log.info("serves", listen=chosen.listen, identity=chosen.identity)
        await stopped.wait()


def main() -> None:
    """Run until told to stop."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ]
    )
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(run(settings.from_environment()))


if __name__ == "__main__":
    main()
