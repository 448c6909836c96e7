"""The provisioner's composition root: everything is wired here, once, and handed to whoever needs it.

`python -m tenantry.provisioner.server` runs the REST API and every supervisor in one process;
`--supervise` chooses among them, so that the same wheel is one process on a laptop and many in production.
"""

import argparse
import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import structlog
import uvicorn
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from tenantry.engine import database, metrics, migration, owners, store, supervisor, waker
from tenantry.kernel import clock as clocks
from tenantry.kernel import errors, ids
from tenantry.kernel import randomness as randoms
from tenantry.provisioner import context, settings, tables
from tenantry.provisioner import vault as vaults
from tenantry.provisioner.access import service as access
from tenantry.provisioner.adapters import agent, directory, kubernetes
from tenantry.provisioner.api import app as api
from tenantry.provisioner.api import dependencies
from tenantry.provisioner.applications import service as applications
from tenantry.provisioner.applications import work as application_work
from tenantry.provisioner.clusters import work as cluster_work
from tenantry.provisioner.installations import reservations_store
from tenantry.provisioner.installations import service as installations
from tenantry.provisioner.installations import work as installation_work
from tenantry.provisioner.operators import service as operators
from tenantry.provisioner.operators import work as operator_work
from tenantry.provisioner.registry import nouns
from tenantry.provisioner.registry import service as registry
from tenantry.provisioner.registry import work as registry_work
from tenantry.wire import tokens

log = structlog.get_logger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
SUPERVISORS = (
    *("installations", "preparations", "clusters", "watches", "operators"),
    *("database-servers", "object-stores"),
)
_KNOCK_SECONDS = 5.0
_LEEWAY = timedelta(seconds=10)
"""Beyond its grace, what a supervisor needs to hand back what it has, where the database does not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A wired provisioner."""

    services: dependencies.Services
    supervisors: dict[str, "Runnable"]
    directory: directory.Directory
    registry: CollectorRegistry
    stop_grace: timedelta


class Runnable:
    """A supervisor of any kind of work."""

    def __init__(self, run: Callable[[], Coroutine[Any, Any, None]], stop: Callable[[], None]) -> None:
        """Take how it runs and how it is asked to stop."""
        self.run = run
        self.stop = stop


def build(chosen: settings.Settings, *, open_agent: directory.Open = agent.AgentRuntime) -> Program:
    """Wire a provisioner; nothing is connected yet.

    Args:
        chosen: the administrator's decisions.
        open_agent: how clusters of kind `local` are reached.
    """
    base = database.Database(chosen.database_url)
    clock, randomness = clocks.SystemClock(), randoms.SystemRandomness()
    vault = vaults.from_file(chosen.keys_file)
    around = context.Context(
        clock=clock,
        identifiers=ids.UlidIdentifiers(clock, randomness),
        randomness=randomness,
        vault=vault,
        address_template=chosen.address_template,
        deletion_grace=chosen.deletion_grace,
        mail=chosen.mail(),
    )
    wakes = waker.Waker(database.libpq_url(chosen.database_url), store.CHANNEL)
    ways = directory.Directory(base, vault, open_agent)
    collected = CollectorRegistry()
    services = dependencies.Services(
        base=base,
        around=around,
        waker=wakes,
        world=ways,
        access=access.Access(around),
        applications=applications.Applications(around),
        installations=installations.Installations(around),
        registry=registry.Registry(around, kubernetes.finder(chosen.kubeconfig_programs), kubernetes.find_own_server),
        operators=operators.Operators(around, ways, chosen.operator_terms()),
    )
    return Program(
        services=services,
        supervisors=_supervisors(services, ways, collected, chosen),
        directory=ways,
        registry=collected,
        stop_grace=chosen.stop_grace,
    )


def _supervisors(
    services: dependencies.Services,
    ways: directory.Directory,
    collected: CollectorRegistry,
    chosen: settings.Settings,
) -> dict[str, Runnable]:
    around = services.around
    surroundings = supervisor.Surroundings(
        database=services.base.engine,
        waker=services.waker,
        clock=around.clock,
        randomness=around.randomness,
        metrics=metrics.Metrics(collected),
        owner=owners.this_process(),
    )
    usual = supervisor.Policy(stop_grace=chosen.stop_grace)
    many = supervisor.Policy(concurrency=chosen.concurrency, stop_grace=chosen.stop_grace)
    clusters = registry_work.RegistryWork(nouns.CLUSTERS, directory.ClusterProber(ways, around.clock), around.clock)
    watches = cluster_work.WatchWork(services.base, ways, around.clock)
    kept = operator_work.OperatorWork(ways, chosen.operator_terms(), around.clock)
    servers = registry_work.RegistryWork(nouns.DATABASE_SERVERS, directory.DatabaseServerProber(ways), around.clock)
    stores = registry_work.RegistryWork(nouns.OBJECT_STORES, directory.ObjectStoreProber(ways, _knock), around.clock)
    made = [
        supervisor.Supervisor(
            tables.INSTALLATIONS_QUEUE, installation_work.InstallationWork(around, ways), surroundings, many
        ),
        supervisor.Supervisor(
            tables.PREPARATIONS_QUEUE, application_work.PreparationWork(ways, around.clock), surroundings, usual
        ),
        supervisor.Supervisor(tables.CLUSTERS_QUEUE, clusters, surroundings, usual),
        supervisor.Supervisor(tables.WATCHES_QUEUE, watches, surroundings, cluster_work.POLICY),
        supervisor.Supervisor(tables.OPERATORS_QUEUE, kept, surroundings, usual),
        supervisor.Supervisor(tables.DATABASE_SERVERS_QUEUE, servers, surroundings, usual),
        supervisor.Supervisor(tables.OBJECT_STORES_QUEUE, stores, surroundings, usual),
    ]
    return {name: Runnable(each.run, each.stop) for name, each in zip(SUPERVISORS, made, strict=True)}


async def _knock(endpoint: str) -> None:
    timeout = aiohttp.ClientTimeout(total=_KNOCK_SECONDS)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(endpoint):
            return
    except (aiohttp.ClientError, TimeoutError) as error:
        raise errors.TemporaryError(f"The object store at {endpoint} does not answer.") from error


@asynccontextmanager
async def running(program: Program, supervised: list[str]) -> AsyncGenerator[None]:
    """Run the waker and the chosen supervisors; leaving finishes or hands back what is under way."""
    chosen = [program.supervisors[name] for name in supervised]
    background = [asyncio.create_task(program.services.waker.run(), name="waker")]
    working = [asyncio.create_task(program.supervisors[name].run(), name=name) for name in supervised]
    try:
        yield
    finally:
        for each in chosen:
            each.stop()
        await _end(working, within=program.stop_grace + _LEEWAY)
        for task in background:
            task.cancel()
        await _end(background, within=_LEEWAY)
        await program.directory.close()
        await program.services.base.close()


async def _end(tasks: Sequence[asyncio.Task[None]], *, within: timedelta) -> None:
    """Wait for tasks to end; those that do not are told once more, and then left behind."""
    left = set(tasks)
    for _ in range(2):
        if left:
            _, left = await asyncio.wait(left, timeout=within.total_seconds())
        for task in left:
            task.cancel()
    for task in tasks:
        if task in left:
            log.error("did not end", task=task.get_name())
        elif not task.cancelled() and (error := task.exception()) is not None:
            log.error("ended with an error", task=task.get_name(), exc_info=error)


async def put_bootstrap_tokens(program: Program, chosen: settings.Settings) -> None:
    """Let the tokens of the configuration be valid."""
    async with program.services.base.write() as writer:
        for each in chosen.bootstrap_tokens():
            request = tokens.CreateToken(name=each.name, scopes=each.scopes, expires_in_days=None)
            await program.services.access.put(writer, request, each.secret)


async def reserve_anew(program: Program) -> None:
    """Let what is reserved be what installations take, as this version of ours reckons it."""
    async with program.services.base.write() as writer:
        await reservations_store.follow_manifests(writer)


def main() -> None:
    """Run until told to stop."""
    _write_logs_as_json()
    chosen = settings.from_environment()
    options = _options()
    migration.migrate(chosen.database_url, MIGRATIONS)
    program = build(chosen)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        await put_bootstrap_tokens(program, chosen)
        await reserve_anew(program)
        async with running(program, options.supervise):
            yield

    host, _, port = chosen.listen.rpartition(":")
    app = api.build(program.services, program.registry, lifespan)
    uvicorn.run(app, host=host, port=int(port), log_level="warning", access_log=False, timeout_graceful_shutdown=5)


def _write_logs_as_json() -> None:
    """One object a line; a traceback has no values of variables, since some of them are secrets."""
    transform = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(transform),
            structlog.processors.JSONRenderer(),
        ]
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--supervise",
        type=lambda text: [name for name in text.split(",") if name],
        default=list(SUPERVISORS),
        metavar="NAMES",
        help=f"which supervisors run, separated by commas; all of them by default: {','.join(SUPERVISORS)}",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
