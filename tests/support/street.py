"""A namespace of former workspaces with both operators, and somebody who brings them over under exactly that role."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from support import former, guards, operator_reach
from support import operator_stage as stages
from tenantry.kernel import clock as clocks
from tenantry.kubernetes import client as clients
from tenantry.kubernetes import kinds
from tenantry.operator import settings
from tenantry.operator.migration import command, fleet, model, table
from tenantry.operator.render import facts as fact
from testbed import accounts, definitions, tiny

FACTS = fact.Facts(owns_namespace=False, front_door=fact.IngressController(class_name="nginx"))
WITHIN = timedelta(seconds=90)
BOUNDS = fleet.Bounds(at_once=25, patience=WITHIN, pause=timedelta(seconds=1))
_ACCOUNT = "migration"
_PACE = 0.5
_NEEDS = {"volumes": [{"name": "data", "size": "1Gi"}]}
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_SERVICE = "kubernetes.io/service-name"


class KilledError(Exception):
    """The process was ended."""


class Mortal(clients.Client):
    """A client whose process ends right after each write, before the answer is of use to anybody."""

    async def create(self, kind: kinds.Kind, wanted: kinds.Object) -> kinds.Object:
        await super().create(kind, wanted)
        raise KilledError

    async def patch(
        self, kind: kinds.Kind, name: str, namespace: str | None, changes: kinds.Object, *, subresource: str = ""
    ) -> kinds.Object:
        await super().patch(kind, name, namespace, changes, subresource=subresource)
        raise KilledError

    async def delete(self, kind: kinds.Kind, name: str, namespace: str | None, **how: Any) -> bool:
        await super().delete(kind, name, namespace, **how)
        raise KilledError


class Street:
    """The namespace."""

    def __init__(self, stage: stages.Stage, theirs: former.FormerOperator, application: str, facts: Path) -> None:
        """Take the parts."""
        self.stage = stage
        self.api = stage.api
        self.theirs = theirs
        self.application = application
        self.namespace = theirs.namespace
        self.facts = facts
        self.told: list[fleet.Told] = []

    async def build(self, *workspaces: tuple[str, dict[str, Any]]) -> None:
        """Make workspaces and wait until they serve."""
        made = [
            former.workspace(self.namespace, name, **{"application": self.application, **spec})
            for name, spec in workspaces
        ]
        await asyncio.gather(*(self.api.create(former.KIND.path(self.namespace), each) for each in made))
        names = {name for name, _ in workspaces}

        async def serve() -> bool:
            await asyncio.sleep(_PACE)  # lists of hundreds cost as much as what is waited for
            deployments = await self.api.items(kinds.DEPLOYMENT.path(self.namespace))
            ready = {each["metadata"]["labels"]["app"] for each in deployments if each["status"].get("readyReplicas")}
            slices = await self.api.items(kinds.ENDPOINT_SLICE.path(self.namespace))
            return names <= ready & {each["metadata"]["labels"][_SERVICE] for each in slices if each.get("endpoints")}

        await stages.eventually(serve, within=WITHIN)

    async def flag(self, value: str | None, *names: str) -> None:
        """Let workspaces ask to be brought over or back."""
        patch = {"metadata": {"labels": {model.MIGRATE: value}}}
        await asyncio.gather(*(self.api.merge(former.KIND.path(self.namespace, name), patch) for name in names))

    @asynccontextmanager
    async def client(self, kind: type[clients.Client] = clients.Client) -> AsyncGenerator[clients.Client]:
        """Give a client under exactly the role that a migration needs."""
        where = {"KUBECONFIG": str(await self.kubeconfig())}
        allowed = table.resources(former.MAPPING)
        async with command.connected(settings.Settings(), allowed, client=kind, environment=where) as client:
            yield client

    async def kubeconfig(self) -> Path:
        """Return the kubeconfig of the account that brings them over."""
        return await accounts.write_kubeconfig(self.stage.up, stages.HOME, _ACCOUNT)

    def those(self, client: clients.Client, **given: Any) -> fleet.Fleet:
        """Return who brings them over."""
        mapping, facts = given.get("mapping", former.MAPPING), given.get("facts", FACTS)
        return fleet.Fleet(client, mapping, facts, clock=clocks.SystemClock(), bounds=BOUNDS, tell=self.told.append)

    async def bring(self) -> dict[fleet.State, int]:
        """Bring all to where their flags want them."""
        async with self.client() as client:
            return await self.those(client).bring(fleet.Selection(namespace=self.namespace))

    async def bring_dying(self) -> int:
        """The same, by processes that end after each write; return how many it took."""
        deaths = 0
        while True:
            try:
                async with self.client(Mortal) as client:
                    await self.those(client).bring(fleet.Selection(namespace=self.namespace))
                break
            except* KilledError:
                deaths += 1
        return deaths

    async def program(self, *arguments: str) -> tuple[int | None, str]:
        """Run the program itself; return its exit code and what it says."""
        given = {"KUBECONFIG": str(await self.kubeconfig()), "TENANTRY_OPERATOR_FACTS_FILE": str(self.facts)}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tenantry.operator.migration",
            *arguments,
            env={**os.environ, **given},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        return process.returncode, said.decode()

    @asynccontextmanager
    async def guarded(self, *names: str) -> AsyncGenerator[guards.Guard]:
        """Watch that nothing happens to workspaces that must not."""
        owned = [(kind.kind, name) for each in names for kind, name in handed_over(each)]
        allowed = operator_reach.all_of(*guards.WATCHED)
        async with (
            operator_reach.connected(self.stage.up.kubeconfig, allowed) as client,
            guards.guarding(client, self.namespace, list(names), owned) as guard,
        ):
            yield guard
        assert guard.wrong == []
        assert {name: min(guard.fewest.get(name, 0), 1) for name in names} == dict.fromkeys(names, 1)
        assert self.theirs.fights == []

    async def owners(self, name: str) -> set[str]:
        """Return who owns what a workspace has handed over."""
        items = [await self.api.get(kind.path(self.namespace, each)) for kind, each in handed_over(name)]
        return {each["kind"] for item in items for each in item["metadata"].get("ownerReferences", [])}

    async def left(self) -> dict[str, str]:
        """Return why workspaces were left."""
        return {each.key.name: each.message for each in self.told if each.state is fleet.State.LEFT}


def handed_over(name: str) -> list[tuple[kinds.Kind, str]]:
    """Return what a workspace hands over."""
    return [(kinds.VOLUME_CLAIM, f"{name}-data"), (kinds.SERVICE, name), (kinds.SECRET, f"{name}-secrets")]


@asynccontextmanager
async def built(stage: stages.Stage, folder: Path) -> AsyncGenerator[Street]:
    """Give an empty street with both operators."""
    await _prepare(stage)
    application = stages.fresh("tiny")
    web, clock = tiny.MANIFEST["spec"]["workloads"]
    clock = {**clock, "command": ["tick", "{{ volumes.data }}"], "volumes": [{"name": "data"}]}
    await stage.offer(stages.application(application, workloads=[web, clock], needs=_NEEDS))
    namespace = stages.fresh("street")
    await stage.make_namespace(namespace)
    facts = folder / "facts.yaml"
    facts.write_text("owns_namespace: false\nfront_door: {class_name: nginx}\n")
    async with former.running(stage.api, namespace) as theirs, stage.operator(facts_file=facts):
        yield Street(stage, theirs, application, facts)
    await stage.api.delete(f"/api/v1/namespaces/{namespace}")


async def _prepare(stage: stages.Stage) -> None:
    await definitions.apply(stage.api, [former.DEFINITION])
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": _ACCOUNT, "namespace": stages.HOME}}
    await stage.api.apply(f"/api/v1/namespaces/{stages.HOME}/serviceaccounts/{_ACCOUNT}", account)
    role = table.cluster_role(former.MAPPING)
    name = role["metadata"]["name"]
    await stage.api.apply(f"{_RBAC}/clusterroles/{name}", role)
    binding = {
        "apiVersion": role["apiVersion"],
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": _ACCOUNT, "namespace": stages.HOME}],
    }
    await stage.api.apply(f"{_RBAC}/clusterrolebindings/{name}", binding)
