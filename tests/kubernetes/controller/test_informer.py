"""The informer against a real API server that is killed, frozen and started again: nothing is lost."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import structlog
from prometheus_client import CollectorRegistry

from support import operator_reach
from tenantry.kernel import randomness
from tenantry.kubernetes import client as clients
from tenantry.kubernetes import connection, kinds, measures, parts
from tenantry.operator.controller import informer as informers
from tenantry.operator.controller import keys
from testbed import cluster as clusters

MAP = kinds.CONFIG_MAP


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    key: keys.Key
    content: str
    version: int = field(compare=False)
    owner: keys.Key | None = None


def project(item: kinds.Object) -> Seen:
    about = item["metadata"]
    key = keys.Key(about["namespace"], about["name"])
    return Seen(key=key, content=parts.mapping(item, "data").get("x", ""), version=int(about["resourceVersion"]))


class Watched:
    """An informer with everything that it noticed."""

    def __init__(self, client: clients.Client, kind: kinds.Kind) -> None:
        self.noticed: list[tuple[str | None, str | None]] = []
        self.informer = informers.Informer(
            client,
            kind,
            project=project,
            noticed=self._notice,
            randomness=randomness.SeededRandomness(1),
            labels="seen=yes",
        )

    def _notice(self, before: Seen | None, after: Seen | None) -> None:
        self.noticed.append((before.content if before else None, after.content if after else None))

    @property
    def known(self) -> dict[str, str]:
        return {each.key.name: each.content for each in self.informer.cache.all()}


@asynccontextmanager
async def watching(client: clients.Client, kind: kinds.Kind = MAP) -> AsyncGenerator[Watched]:
    watched = Watched(client, kind)
    task = asyncio.create_task(watched.informer.run())
    try:
        async with asyncio.timeout(10):
            await watched.informer.synced.wait()
        yield watched
    finally:
        task.cancel()
        await asyncio.wait({task})
    assert task.cancelled()


@pytest.mark.usefixtures("api_server")
class TestInformer:
    @pytest.fixture
    async def up(self, folder: Path) -> AsyncGenerator[clusters.Cluster]:
        async with clusters.running(folder, level=clusters.Level.API) as running:
            yield running

    @pytest.fixture
    async def client(self, up: clusters.Cluster) -> AsyncGenerator[clients.Client]:
        async with operator_reach.connected(up.kubeconfig, operator_reach.all_of(MAP)) as connected:
            yield connected

    async def put(self, client: clients.Client, name: str, content: str) -> kinds.Object:
        return await client.apply(MAP, operator_reach.config_map("default", name, x=content))

    async def test_what_is_there_is_known_when_it_is_synced_and_changes_are_noticed(
        self, client: clients.Client
    ) -> None:
        await self.put(client, "a", "1")
        async with watching(client) as watched:
            assert watched.known == {"a": "1"}
            await self.put(client, "a", "2")
            await client.delete(MAP, "a", "default")
            await operator_reach.until(lambda: len(watched.noticed) == 3)
        assert watched.noticed == [(None, "1"), ("1", "2"), ("2", None)]

    async def test_a_killed_api_server_that_comes_back_loses_nothing(
        self, up: clusters.Cluster, client: clients.Client
    ) -> None:
        await self.put(client, "stays", "1")
        await self.put(client, "goes", "1")
        async with watching(client) as watched:
            await up.programs.kill("kube-apiserver")
            await up.programs.start("kube-apiserver")
            await self.put(client, "stays", "2")
            await client.delete(MAP, "goes", "default")
            await self.put(client, "new", "1")
            await operator_reach.until(lambda: watched.known == {"stays": "2", "new": "1"})
        assert sorted(watched.noticed[2:], key=str) == sorted([("1", "2"), ("1", None), (None, "1")], key=str)

    async def test_a_moment_that_is_forgotten_is_made_up_for_by_a_list(
        self, up: clusters.Cluster, client: clients.Client
    ) -> None:
        await self.put(client, "goes", "1")
        async with watching(client) as watched:
            pass
        await client.delete(MAP, "goes", "default")
        await self.put(client, "new", "1")
        await up.programs.kill("kube-apiserver")
        await up.programs.start("kube-apiserver")
        watched.informer.go_on_from("1")
        task = asyncio.create_task(watched.informer.run())
        await operator_reach.until(lambda: watched.known == {"new": "1"})
        task.cancel()
        await asyncio.wait({task})
        assert watched.noticed == [(None, "1"), (None, "1"), ("1", None)]

    async def test_the_answer_to_our_own_change_is_known_before_the_watch_tells_it(
        self, client: clients.Client
    ) -> None:
        async with watching(client) as watched:
            watched.informer.answered(await self.put(client, "ours", "1"))
            assert watched.known == {"ours": "1"}
            await self.put(client, "ours", "2")
            await operator_reach.until(lambda: watched.known == {"ours": "2"})
        # Whichever comes first, answer or watch: each change is noticed once at most, and the last one is.
        assert watched.noticed in ([("1", "2")], [(None, "1"), ("1", "2")])

    async def test_a_frozen_api_server_that_goes_on_loses_nothing(
        self, up: clusters.Cluster, client: clients.Client
    ) -> None:
        async with watching(client) as watched:
            up.programs.freeze("kube-apiserver")
            waiting = asyncio.create_task(self.put(client, "late", "1"))
            up.programs.thaw("kube-apiserver")
            await waiting
            await operator_reach.until(lambda: watched.known == {"late": "1"})

    async def test_that_nothing_happens_is_no_trouble_and_that_nobody_answers_is(self, up: clusters.Cluster) -> None:
        """No object of this kind ever was, so that the API server sends no bookmark either."""
        registry, patience = CollectorRegistry(), connection.Patience(answer=2, silence=0.5)
        kind = kinds.CRON_JOB

        def watches() -> float:
            labels = {"verb": "watch", "resource": kind.plural, "code": "200"}
            return registry.get_sample_value("tenantry_kubernetes_calls_total", labels) or 0.0

        with structlog.testing.capture_logs() as told:
            async with (
                operator_reach.connected(
                    up.kubeconfig, operator_reach.all_of(kind), measures.Measures(registry), patience
                ) as client,
                watching(client, kind),
            ):
                await operator_reach.until(lambda: watches() >= 4)
                assert told == []
                up.programs.freeze("kube-apiserver")
                await operator_reach.until(lambda: [each["why"] for each in told][:1] == ["cluster-unreachable"])
                up.programs.thaw("kube-apiserver")
                before = watches()
                await operator_reach.until(lambda: watches() > before)
