"""A database on a Cluster of CloudNativePG: asked for, waited for with a reason, used, put back, and removed.

The API server has the published definitions. Pods are pretended here, so the tests write CloudNativePG's Secrets and
the status of its Database in its place, as it was seen to write them. CloudNativePG itself runs in another test.
"""

import asyncio
import base64
from collections.abc import AsyncGenerator, Mapping
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
SECRETS = {
    "pg-app": {
        "host": "pg-rw",
        "port": "5432",
        "user": "app",
        "username": "app",
        "password": "swordfish-42",
        "dbname": "app",
    },
    "pg-ca": {"ca.crt": "PEM", "ca.key": "KEY"},
}
"""What CloudNativePG writes with a Cluster, as far as it matters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """An installation that wants a database on a Cluster."""

    stage: stages.Stage
    ordered: stages.Ordered
    application: str

    @property
    def database(self) -> str:
        """Where the Database is."""
        return kinds.DATABASE.path(self.ordered.namespace, self.ordered.name)

    async def make_secrets(self) -> None:
        """Write what CloudNativePG writes with a Cluster."""
        for name, content in SECRETS.items():
            await self.put(name, content)

    async def put(self, name: str, content: Mapping[str, str]) -> None:
        """Make a Secret; like CloudNativePG's own, it is not one that we watch."""
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": self.ordered.namespace}}
        path = kinds.SECRET.path(self.ordered.namespace, name)
        await self.ordered.api.apply(path, {**body, "stringData": dict(content)})

    async def accept(self, name: str = "") -> None:
        """Say that the Database of an installation is as it is wanted now."""
        path = kinds.DATABASE.path(self.ordered.namespace, name or self.ordered.name)
        generation = (await self.ordered.api.get(path))["metadata"]["generation"]
        said = {"observedGeneration": generation, "applied": True, "message": None}
        await self.ordered.api.merge(f"{path}/status", {"status": said})

    async def refuse(self, message: str) -> None:
        """Say why there is no such database; which generation of it was seen is not said."""
        await self.ordered.api.merge(f"{self.database}/status", {"status": {"applied": False, "message": message}})

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
        yield Scene(stage=stage, ordered=ordered, application=name)


async def test_it_is_asked_for_waited_for_used_and_removed(scene: Scene) -> None:
    assert "“pg-app”" in await scene.until_prepared("DatabaseClusterNotReady")
    await scene.make_secrets()
    assert "still to be made" in await scene.until_prepared("DatabaseAwaited")
    spec = (await scene.ordered.api.get(scene.database))["spec"]
    assert (spec["cluster"], spec["name"], spec["owner"]) == ({"name": "pg"}, "acme", "app")
    await scene.refuse("role “app” does not exist")
    assert await scene.until_prepared("DatabaseRefused") == "role “app” does not exist"
    assert not any(kind == "Deployment" for kind, _ in await scene.ordered.objects())
    await scene.accept()
    await scene.ordered.until(Phase.READY)
    given = await given_to_programs(scene)
    assert "postgresql://app:swordfish-42@pg-rw:5432/acme?sslmode=verify-full" in given
    assert SECRETS["pg-ca"]["ca.key"] not in given
    await scene.ordered.delete()
    await scene.ordered.gone()
    assert not await scene.ordered.api.has(scene.database)


async def test_one_that_is_edited_or_deleted_by_hand_is_put_back_and_waited_for(scene: Scene) -> None:
    await scene.make_secrets()
    await scene.until_prepared("DatabaseAwaited")
    await scene.accept()
    await scene.ordered.until(Phase.READY)
    await scene.ordered.api.merge(scene.database, {"spec": {"owner": "somebody"}})

    async def is_back() -> bool:
        return (await scene.ordered.api.get(scene.database))["spec"]["owner"] == "app"

    await stages.eventually(is_back)
    await scene.ordered.until(Phase.DEGRADED)
    await scene.accept()
    await scene.ordered.until(Phase.READY)
    await scene.ordered.api.delete(scene.database)
    await scene.ordered.until(Phase.DEGRADED)
    await scene.accept()
    await scene.ordered.until(Phase.READY)
    assert "Repaired" in await scene.ordered.events()


async def test_a_second_installation_waits_until_the_role_is_nobodys(scene: Scene) -> None:
    await scene.make_secrets()
    await scene.until_prepared("DatabaseAwaited")
    await scene.accept()
    await scene.ordered.until(Phase.READY)
    second = await scene.stage.order(scene.application, "second", namespace=scene.ordered.namespace, **ON_CLUSTER)
    told = await second.says(document.ConditionType.PREPARED, "“acme”", "“pg-app”", "databaseCluster.secretName")
    assert told.reason == "DatabaseRoleTaken"
    assert not await scene.ordered.api.has(kinds.DATABASE.path(second.namespace, second.name))
    assert await scene.prepared() == ("Prepared", "")
    await scene.ordered.delete()
    await scene.ordered.gone()
    await second.says(document.ConditionType.PREPARED, "still to be made")
    await scene.accept(second.name)
    await second.until(Phase.READY)


async def test_a_role_of_its_own_makes_room_for_a_second_installation(scene: Scene) -> None:
    await scene.make_secrets()
    await scene.put("second-role", {"username": "second", "password": "swordfish-43"})
    on_cluster = {"databaseCluster": {"name": "pg", "secretName": "second-role"}}
    second = await scene.stage.order(scene.application, "second", namespace=scene.ordered.namespace, **on_cluster)
    await second.says(document.ConditionType.PREPARED, "still to be made")
    await scene.until_prepared("DatabaseAwaited")
    await asyncio.gather(scene.accept(), scene.accept(second.name))
    await asyncio.gather(scene.ordered.until(Phase.READY), second.until(Phase.READY))


async def test_a_secret_that_comes_to_have_anothers_role_is_refused_and_what_runs_stays(scene: Scene) -> None:
    await scene.make_secrets()
    await scene.until_prepared("DatabaseAwaited")
    await scene.put("second-role", {"username": "second", "password": "swordfish-43"})
    on_cluster = {"databaseCluster": {"name": "pg", "secretName": "second-role"}}
    second = await scene.stage.order(scene.application, "second", namespace=scene.ordered.namespace, **on_cluster)
    await second.says(document.ConditionType.PREPARED, "still to be made")
    await scene.accept(second.name)
    await second.until(Phase.READY)
    before = [name for name in await second.objects() if name[0] != "Job"]
    await scene.put("second-role", {"username": "app", "password": "swordfish-42"})
    await second.want(displayName="Looked at again")
    told = await second.says(document.ConditionType.PREPARED, "“acme”", "“second-role”")
    assert told.reason == "DatabaseRoleTaken"
    assert [name for name in await second.objects() if name[0] != "Job"] == before
    owner = (await scene.ordered.api.get(kinds.DATABASE.path(second.namespace, second.name)))["spec"]["owner"]
    assert owner == "second"


async def test_an_authority_that_is_missing_is_named(scene: Scene) -> None:
    await scene.put("pg-app", SECRETS["pg-app"])
    told = await scene.stage.order(scene.application, "early", namespace=scene.ordered.namespace, **ON_CLUSTER)
    await told.says(document.ConditionType.PREPARED, "There is no Secret “pg-ca” yet", "the Cluster “pg”")


async def test_a_namespace_with_a_server_in_it_has_no_quota_that_would_starve_it(scene: Scene) -> None:
    await scene.make_secrets()
    await scene.until_prepared("DatabaseAwaited")
    kinds_made = {kind for kind, _ in await scene.ordered.objects()}
    assert not kinds_made & {"ResourceQuota", "LimitRange"}
    assert "NetworkPolicy" in kinds_made


async def given_to_programs(scene: Scene) -> str:
    """Return everything that the operator's Secrets hold."""
    secrets = [each for (kind, _), each in (await scene.ordered.objects()).items() if kind == "Secret"]
    return " ".join(base64.b64decode(value).decode() for each in secrets for value in each.get("data", {}).values())
