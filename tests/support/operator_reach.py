"""How tests of the operator reach a test cluster: the operator's own client, as the administrator or somebody else."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry

from tenantry.kernel import clock as clocks
from tenantry.kubernetes import client as clients
from tenantry.kubernetes import configuration, connection, kinds, limits, measures, rights

_USUAL = connection.Patience()
EVERYTHING = frozenset(rights.Verb)


def all_of(*wanted: kinds.Kind) -> rights.Rights:
    """Return a table that allows everything with these kinds and their status."""
    return rights.Rights(
        right
        for kind in wanted
        for right in (
            rights.Right(kind=kind, verbs=EVERYTHING),
            rights.Right(kind=kind, verbs=EVERYTHING, subresource="status"),
        )
    )


@asynccontextmanager
async def connected(
    kubeconfig: Path,
    allowed: rights.Rights,
    counted: measures.Measures | None = None,
    patience: connection.Patience = _USUAL,
) -> AsyncGenerator[clients.Client]:
    """Give a client by a kubeconfig file."""
    known = configuration.from_kubeconfig(kubeconfig, clocks.SystemClock())
    async with connection.Connection(known, patience=patience) as opened:
        yield clients.Client(
            opened,
            allowed=allowed,
            gate=limits.Gate(limits.Limits()),
            counted=counted or measures.Measures(CollectorRegistry()),
        )


async def until(holds: Callable[[], bool], *, within: float = 30.0) -> None:
    """Wait until a condition holds that something outside brings about."""
    async with asyncio.timeout(within):
        while not holds():  # noqa: ASYNC110 - another process acts
            await asyncio.sleep(0.02)


def config_map(namespace: str, name: str, **data: str) -> kinds.Object:
    """Return a small object."""
    metadata = {"namespace": namespace, "name": name, "labels": {"seen": "yes"}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def names(items: Iterable[kinds.Object]) -> list[str]:
    """Return the names of objects."""
    return [each["metadata"]["name"] for each in items]
