"""The composition root of the portal, and its process: `python -m tenantry.portal.server`."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import prometheus_client
import structlog
import uvicorn
import uvloop
from fastapi import FastAPI

from tenantry.client import provisioner as clients
from tenantry.client import retrying, transport
from tenantry.engine import metrics as engine_metrics
from tenantry.engine import owners
from tenantry.engine import store as engine_store
from tenantry.engine import supervisor as supervisors
from tenantry.engine import waker as wakers
from tenantry.kernel import clock as clocks
from tenantry.kernel import ids
from tenantry.kernel import randomness as randoms
from tenantry.portal import application, database, ports, schema
from tenantry.portal import settings as portal_settings
from tenantry.portal.accounts import model as accounts
from tenantry.portal.accounts import service as account_service
from tenantry.portal.accounts import tokens
from tenantry.portal.adapters import provisioner as rest
from tenantry.portal.adapters import smtp
from tenantry.portal.catalogue import service as catalogue
from tenantry.portal.following import follower
from tenantry.portal.following import metrics as following_metrics
from tenantry.portal.mail import outbox
from tenantry.portal.mail import ports as mail_ports
from tenantry.portal.mail import store as mail_store
from tenantry.portal.mail import supervisor as mail_supervisor
from tenantry.portal.orders import service as order_service
from tenantry.portal.orders import store as order_store
from tenantry.portal.orders import supervisor as order_supervisor
from tenantry.portal.overview import service as overview
from tenantry.portal.pages import context, rendering
from tenantry.portal.upkeep import store as upkeep_store
from tenantry.portal.upkeep import supervisor as upkeep

_SHUTDOWN_SECONDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What the portal needs from the world, so that a test can give it another one."""

    clock: clocks.Clock
    randomness: randoms.Randomness
    provisioner: ports.Provisioner
    mailer: mail_ports.Mailer


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """Everything that was put together."""

    portal: context.Portal
    clock: clocks.Clock
    database: database.Database
    registry: prometheus_client.CollectorRegistry
    follower: follower.Follower
    supervisors: tuple[supervisors.Supervisor[Any, Any], ...]
    wakers: tuple[wakers.Waker, ...]


def compose(settings: portal_settings.Settings, outside: Outside) -> Rooms:
    """Wire the rooms together."""
    db = database.Database(settings.database_url)
    url = database.libpq_url(settings.database_url)
    page_waker = wakers.Waker(url, database.CHANNEL)
    work_waker = wakers.Waker(url, engine_store.CHANNEL)
    registry = prometheus_client.CollectorRegistry()
    products = catalogue.Catalogue(db, clock=outside.clock, provisioner=outside.provisioner)
    around = supervisors.Surroundings(
        database=db.engine,
        waker=work_waker,
        clock=outside.clock,
        randomness=outside.randomness,
        metrics=engine_metrics.Metrics(registry),
        owner=owners.this_process(),
    )
    order_work = order_supervisor.OrderWork(outside.provisioner, outside.clock)
    mail_work = mail_supervisor.MailWork(outside.mailer, outside.clock)
    chore_work = upkeep.ChoreWork(outside.clock, registry)
    return Rooms(
        portal=_portal(settings, outside, db, products, page_waker),
        clock=outside.clock,
        database=db,
        registry=registry,
        follower=follower.Follower(
            db,
            clock=outside.clock,
            randomness=outside.randomness,
            provisioner=outside.provisioner,
            products=products,
            metrics=following_metrics.Metrics(registry),
        ),
        supervisors=(
            supervisors.Supervisor(order_store.QUEUE, order_work, around),
            supervisors.Supervisor(mail_store.QUEUE, mail_work, around, supervisors.Policy(concurrency=4)),
            supervisors.Supervisor(upkeep_store.QUEUE, chore_work, around, supervisors.Policy(concurrency=1)),
        ),
        wakers=(page_waker, work_waker),
    )


@asynccontextmanager
async def working(rooms: Rooms) -> AsyncGenerator[None]:
    """Let supervisors, follower and listeners work until the block ends."""
    await upkeep.prepare(rooms.database, rooms.clock)
    async with asyncio.TaskGroup() as group:
        listening = [group.create_task(waker.run()) for waker in rooms.wakers]
        following = group.create_task(rooms.follower.run())
        supervising = [group.create_task(supervisor.run()) for supervisor in rooms.supervisors]
        try:
            yield
        finally:
            following.cancel()
            for supervisor in rooms.supervisors:
                supervisor.stop()
            await asyncio.wait(supervising)
            for task in listening:
                task.cancel()
    await rooms.database.close()


def web_application(rooms: Rooms) -> FastAPI:
    """Return the web application, which lets the rooms work as long as it runs."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        async with working(rooms):
            yield

    return application.assemble(rooms.portal, rooms.registry, lifespan)


def main() -> None:
    """Bring the schema up to date and serve; say in a line what is missing where that is known."""
    try:
        _run()
    except rendering.AssetsMissingError as error:
        sys.exit(f"The portal cannot start. {error.message} {error.advice}")


def _run() -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Without local variables: they hold codes, tokens and forms.
            structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ]
    )
    settings = portal_settings.from_environment()
    rendering.environment()  # before anything is changed: without its assets the portal could show no page
    schema.migrate(settings.database_url)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings))


async def _serve(settings: portal_settings.Settings) -> None:
    token = settings.provisioner_token_file.read_text().strip()
    # Orders are tried again by their supervisor and events by the follower: the client itself need not be patient.
    options = transport.Options(
        connect=timedelta(seconds=2), total=timedelta(seconds=10), retries=retrying.Retrying(attempts=1)
    )
    async with clients.Provisioner(settings.provisioner_url, token, options=options) as client:
        outside = Outside(
            clock=clocks.SystemClock(),
            randomness=randoms.SystemRandomness(),
            provisioner=rest.RestProvisioner(client),
            mailer=mailer(settings),
        )
        await uvicorn.Server(uvicorn_config(web_application(compose(settings, outside)), settings)).serve()


def mailer(settings: portal_settings.Settings) -> smtp.SmtpMailer:
    """Return who carries mails away."""
    file = settings.smtp_password_file
    account = None if file is None else smtp.Account(user=settings.smtp_user, password_file=file)
    host, port = settings.smtp_host, settings.smtp_port
    return smtp.SmtpMailer(host=host, port=port, sender=settings.mail_sender, account=account)


def uvicorn_config(app: FastAPI, settings: portal_settings.Settings) -> uvicorn.Config:
    """Return how the web server listens: behind a front door, whose forwarded addresses it believes."""
    host, _, port = settings.listen.rpartition(":")
    return uvicorn.Config(
        app,
        host=host,
        port=int(port),
        proxy_headers=True,
        forwarded_allow_ips=settings.front_doors,
        server_header=False,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )


def _portal(
    settings: portal_settings.Settings,
    outside: Outside,
    db: database.Database,
    products: catalogue.Catalogue,
    waker: wakers.Waker,
) -> context.Portal:
    templates = rendering.environment()
    keys = tokens.Keys(settings.secret())
    limits = accounts.Limits(codes_per_address=settings.codes_per_address, codes_per_client=settings.codes_per_client)
    identifiers = ids.UlidIdentifiers(outside.clock, outside.randomness)
    mails = outbox.Outbox(templates, clock=outside.clock, identifiers=identifiers, brand=settings.brand.name)
    return context.Portal(
        settings=settings,
        limits=limits,
        clock=outside.clock,
        randomness=outside.randomness,
        keys=keys,
        templates=templates,
        waker=waker,
        accounts=account_service.Accounts(
            db, clock=outside.clock, randomness=outside.randomness, keys=keys, limits=limits, mails=mails
        ),
        catalogue=products,
        orders=order_service.Orders(db, clock=outside.clock, identifiers=identifiers),
        overview=overview.Workspaces(db, clock=outside.clock, provisioner=outside.provisioner),
    )


if __name__ == "__main__":
    main()
