"""A database on a Cluster of CloudNativePG: asked for, waited for with a reason, used, put back, and removed.

The API server has the published definitions. CloudNativePG itself does not run here, since it needs images of
PostgreSQL: the tests write its Secret and the status of its Database in its place, and no database is made.
"""

import base64
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from support import operator_everything as everything
from support import operator_stage as stages
from tenantry.kubernetes import kinds
from tenantry.runtime import document
from testbed import cache, tiny

pytestmark = pytest.mark.asyncio(loop_scope="module")

Phase = document.Phase
ON_CLUSTER: dict[str, Any] = {"databaseCluster": {"name": "pg"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """An installation that wants a database on a Cluster."""

    ordered: stages.Ordered

    @property
    def database(self) -> str:
        """Where the Database is."""
        return kinds.DATABASE.path(self.ordered.namespace, self.ordered.name)

    async def make_secret(self) -> None:
        """Write what CloudNativePG writes with a Cluster."""
        told = {"host": "pg-rw", "port": "5432", "username": "app", "password": "swordfish-42", "dbname": "app"}
        data = {key: base64.b64encode(value.encode()).decode() for key, value in told.items()}
        metadata = {"name": "pg-app", "namespace": self.ordered.namespace, "labels": {"cnpg.io/cluster": "pg"}}
        body = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/basic-auth", "metadata": metadata}
        await self.ordered.api.apply(kinds.SECRET.path(self.ordered.namespace, "pg-app"), {**body, "data": data})

    async def say(self, **status: Any) -> None:
        """Say what CloudNativePG says of the Database as it is wanted now."""
        generation = (await self.ordered.api.get(self.database))["metadata"]["generation"]
        said = {"status": {"observedGeneration": generation, **status}}
        await self.ordered.api.merge(f"{self.database}/status", said)

    async def prepared(self) -> tuple[str, str]:
        """Return why the condition `Prepared` is as it is."""
        status = (await self.ordered.get()).status
        conditions = status.conditions if status is not None else []
        return next(((each.reason, each.message) for each in conditions if each.type == "Prepared"), ("", ""))

    async def until_prepared(self, reason: str) -> str:
        """Wait until the condition has a reason, and return its message."""

        async def holds() -> tuple[str, str] | None:
            found = await self.prepared()
            return found if found[0] == reason else None

        return (await stages.eventually(holds, within=timedelta(seconds=60), about=self.ordered.get))[1]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    control_plane: cache.Cache, definitions_there: cache.Cache, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[stages.Stage]:
    del control_plane
    async with everything.furnished(tmp_path_factory.mktemp("cluster"), definitions_there) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def scene(stage: stages.Stage) -> AsyncGenerator[Scene]:
    name = stages.fresh("stored")
    web, clock = tiny.MANIFEST["spec"]["workloads"]
    environment = [*web["environment"], {"name": "DATABASE", "value": "{{ database.url }}"}]
    needs = {"database": {"locale": "C", "extensions": ["pg_trgm"]}}
    await stage.offer(stages.application(name, needs=needs, workloads=[{**web, "environment": environment}, clock]))
    async with stage.operator():
        ordered = await stage.order(name, namespace=stages.fresh("stored"), **ON_CLUSTER)
        yield Scene(ordered=ordered)


async def test_it_is_asked_for_waited_for_used_and_removed(scene: Scene) -> None:
    assert "“pg-app”" in await scene.until_prepared("DatabaseClusterNotReady")
    await scene.make_secret()
    assert "still to be made" in await scene.until_prepared("DatabaseAwaited")
    spec = (await scene.ordered.api.get(scene.database))["spec"]
    assert (spec["cluster"], spec["name"], spec["owner"]) == ({"name": "pg"}, "acme", "app")
    await scene.say(applied=False, message="role “app” does not exist")
    assert await scene.until_prepared("DatabaseRefused") == "role “app” does not exist"
    assert not any(kind == "Deployment" for kind, _ in await scene.ordered.objects())
    await scene.say(applied=True, message=None)
    await scene.ordered.until(Phase.READY)
    assert "postgresql://app:swordfish-42@pg-rw:5432/acme?sslmode=require" in await given_to_programs(scene)
    await scene.ordered.delete()
    await scene.ordered.gone()
    assert not await scene.ordered.api.has(scene.database)


async def test_one_that_is_edited_or_deleted_by_hand_is_put_back_and_waited_for(scene: Scene) -> None:
    await scene.make_secret()
    await scene.until_prepared("DatabaseAwaited")
    await scene.say(applied=True)
    await scene.ordered.until(Phase.READY)
    await scene.ordered.api.merge(scene.database, {"spec": {"owner": "somebody"}})

    async def is_back() -> bool:
        return (await scene.ordered.api.get(scene.database))["spec"]["owner"] == "app"

    await stages.eventually(is_back)
    await scene.ordered.until(Phase.DEGRADED)
    await scene.say(applied=True)
    await scene.ordered.until(Phase.READY)
    await scene.ordered.api.delete(scene.database)
    await scene.ordered.until(Phase.DEGRADED)
    await scene.say(applied=True)
    await scene.ordered.until(Phase.READY)
    assert "Repaired" in await scene.ordered.events()


async def test_a_namespace_with_a_server_in_it_has_no_quota_that_would_starve_it(scene: Scene) -> None:
    await scene.make_secret()
    await scene.until_prepared("DatabaseAwaited")
    kinds_made = {kind for kind, _ in await scene.ordered.objects()}
    assert not kinds_made & {"ResourceQuota", "LimitRange"}
    assert "NetworkPolicy" in kinds_made


async def given_to_programs(scene: Scene) -> str:
    """Return everything that the operator's Secrets hold."""
    secrets = [each for (kind, _), each in (await scene.ordered.objects()).items() if kind == "Secret"]
    return " ".join(base64.b64decode(value).decode() for each in secrets for value in each.get("data", {}).values())
