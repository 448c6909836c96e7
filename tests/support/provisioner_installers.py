"""Clusters in memory with an operator each, for supervisors that keep them: a test decides which versions do."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from support import provisioner_stage
from tenantry.engine import backoff, metrics, supervisor
from tenantry.kernel import errors, ids
from tenantry.provisioner import tables
from tenantry.provisioner.operators import model, plan, render, work
from tenantry.wire import infrastructure
from tenantry.wire import operators as wire

POLICY = supervisor.Policy(retry=backoff.Backoff(first=timedelta(seconds=0.1), ceiling=timedelta(seconds=1)))
KUBECONFIG = """
current-context: here
contexts: [{name: here, context: {cluster: one, user: me}}]
clusters: [{name: one, cluster: {server: "https://127.0.0.1:9"}}]
users: [{name: me, user: {token: x}}]
"""


@dataclass(kw_only=True)
class Twin:
    """One cluster. What is applied is ready at once where its version is good.

    Attributes:
        failure: raised by every change.
    """

    good: set[str]
    failure: errors.TenantryError | None = None
    applied: list[str] = field(default_factory=list[str])
    _there: dict[str, Any] | None = None

    async def look(self) -> model.Seen:
        if self._there is None:
            return model.Seen()
        about = self._there["metadata"]
        version = about["labels"]["app.kubernetes.io/version"]
        is_good = version in self.good
        return model.Seen(
            manager=plan.OURS,
            place="x/x",
            image=self._there["spec"]["template"]["spec"]["containers"][0]["image"],
            version=version,
            digest=about["annotations"][render.DIGEST],
            is_ready=is_good,
            is_led=is_good,
            obstacle="" if is_good else f"{version} is broken.",
        )

    async def apply(self, objects: Sequence[model.Object]) -> None:
        if self.failure is not None:
            raise self.failure
        self._there = objects[-1]
        assert self._there is not None
        self.applied.append(self._there["metadata"]["labels"]["app.kubernetes.io/version"])

    async def remove(self, objects: Sequence[model.Object]) -> None:
        assert not objects

    async def preview(
        self, objects: Sequence[model.Object], left_over: Sequence[model.Object]
    ) -> list[wire.ObjectChange]:
        raise NotImplementedError

    @property
    def version(self) -> str | None:
        """The version that is there."""
        return None if self._there is None else self._there["metadata"]["labels"]["app.kubernetes.io/version"]


@dataclass(kw_only=True)
class Fleet:
    """Several clusters, registered with a provisioner whose own supervisors rest."""

    stage: provisioner_stage.Stage
    good: set[str]
    twins: dict[str, Twin] = field(default_factory=dict[str, Twin])
    _ids: dict[str, str] = field(default_factory=dict[str, str])

    async def add(self, *names: str) -> None:
        for name in names:
            request = infrastructure.RegisterCluster(name=name, kind="kubernetes", kubeconfig=SecretStr(KUBECONFIG))
            made = await self.stage.client.clusters.register(request)
            self._ids[made.id], self.twins[name] = name, Twin(good=self.good)

    async def installer(self, cluster: ids.ClusterId) -> Twin:
        return self.twins[self._ids[cluster]]

    async def want(self, *names: str, **wish: Any) -> None:
        for name in names:
            request = wire.UpdateOperator(kept_by=wire.Keeper.TENANTRY, **wish)
            await self.stage.client.operators.update(name, request)

    async def get(self, name: str) -> wire.Operator:
        return await self.stage.client.operators.get(name)

    async def statuses(self) -> dict[str, str]:
        return {name: str((await self.get(name)).status) for name in self.twins}

    async def until(self, **wanted: str) -> None:
        """Wait until these clusters' operators have these statuses."""

        async def reached() -> bool:
            found = await self.statuses()
            return all(found[name] == status for name, status in wanted.items())

        try:
            await provisioner_stage.poll(reached)
        except TimeoutError:
            told = {name: (await self.get(name)).message for name in self.twins}
            raise AssertionError(f"{wanted} is not so: {await self.statuses()}: {told}") from None

    async def counted(self, *, upgrading: int, pending: int) -> list[str]:
        """Wait until so many are being upgraded and so many wait for it; return the names of the former."""

        async def reached() -> bool:
            found = list((await self.statuses()).values())
            waiting = [name for name in self.twins if (await self.get(name)).reason == "WaitsForTurn"]
            applied = [name for name, twin in self.twins.items() if twin.version is not None]
            return (found.count("upgrading"), len(waiting), len(applied)) == (upgrading, pending, upgrading)

        await provisioner_stage.poll(reached)
        return [name for name, status in (await self.statuses()).items() if status == "upgrading"]

    @asynccontextmanager
    async def supervised(self, terms: model.Terms) -> AsyncGenerator[None]:
        """Run a supervisor of operators as a provisioner of these terms would."""
        services = self.stage.program.services
        around = supervisor.Surroundings(
            database=services.base.engine,
            waker=services.waker,
            clock=services.around.clock,
            randomness=services.around.randomness,
            metrics=metrics.Metrics(CollectorRegistry()),
            owner="test",
        )
        kept = work.OperatorWork(self, terms, services.around.clock, tempo=timedelta(seconds=0.1))
        made = supervisor.Supervisor(tables.OPERATORS_QUEUE, kept, around, POLICY)
        task = asyncio.create_task(made.run())
        try:
            yield
        finally:
            made.stop()
            await task
