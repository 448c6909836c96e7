"""What is deregistered is forgotten, and only where nothing would be left that nobody knows of."""

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import sqlalchemy as sa

from support import provisioner_api, provisioner_installers, provisioner_stage
from tenantry.client import failures
from tenantry.engine import database
from tenantry.kernel import errors
from tenantry.provisioner import tables
from tenantry.provisioner.registry import nouns
from tenantry.wire import infrastructure, installations, operators

Stage = provisioner_stage.Stage
Status = installations.Status
NOUNS = {
    "clusters": ("here", nouns.CLUSTERS),
    "database_servers": ("pg", nouns.DATABASE_SERVERS),
    "object_stores": ("s3", nouns.OBJECT_STORES),
}
HELD = {
    "clusters": "the installations",
    "database_servers": "the logical databases of",
    "object_stores": "the buckets of",
}
OTHER = "then"
"""Another of a kind; between two that are as full, names decide, and this one comes last."""


@pytest.fixture(params=NOUNS)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


def calls(stage: Stage, kind: str) -> Any:
    return getattr(stage.client, kind)


async def deregister(stage: Stage, kind: str) -> None:
    await calls(stage, kind).deregister(NOUNS[kind][0])


async def recorded(stage: Stage, subject: str) -> list[tuple[str, str, str]]:
    """Return what was written down about something, as event and as audit entry."""
    async with stage.program.services.base.read() as reader:
        events, audit = tables.EVENTS, tables.AUDIT_ENTRIES
        told = await reader.execute(sa.select(events.c.type, events.c.summary).where(events.c.subject_id == subject))
        kept = await reader.execute(sa.select(audit.c.action, audit.c.detail).where(audit.c.subject_id == subject))
        found = [("event", row.type, row.summary) for row in told]
        return found + [("audit", row.action, row.detail["summary"]) for row in kept]


async def rows(stage: Stage, table: sa.Table) -> int:
    async with stage.program.services.base.read() as reader:
        return await reader.scalar(sa.select(sa.func.count()).select_from(table)) or 0


async def deleted(stage: Stage, name: str) -> str:
    made = await stage.client.installations.delete(name, grace_seconds=0)
    await stage.until(made.id, Status.DELETED)
    return made.id


async def test_what_nobody_uses_is_forgotten_with_its_credentials(stage: Stage, kind: str) -> None:
    name, noun = NOUNS[kind]
    known = await calls(stage, kind).get(name)
    await deregister(stage, kind)
    assert await calls(stage, kind).list() == []
    assert await rows(stage, noun.queue.table) == 0
    summary = f"{name} deregistered."
    action = f"{noun.kind}.deregistered"
    assert {("event", action, summary), ("audit", action, summary)} <= set(await recorded(stage, known.id))
    with pytest.raises(errors.NotFoundError):
        await deregister(stage, kind)


async def test_what_is_used_is_kept_and_says_by_whom(stage: Stage, kind: str) -> None:
    name, _ = NOUNS[kind]
    for number in range(7):
        await stage.stable(f"acme-{number}")
    with pytest.raises(failures.ConflictProblemError) as refused:
        await deregister(stage, kind)
    named = ", ".join(f"acme-{number} (stable)" for number in range(5))
    assert (refused.value.code, refused.value.message) == (
        "still-used",
        f"{name} still has {HELD[kind]} {named} and 2 more.",
    )
    assert "Cordon it" in (refused.value.advice or "")
    assert (await calls(stage, kind).get(name)).status is infrastructure.Status.AVAILABLE


async def test_what_was_used_goes_when_the_last_deletion_has_ended(stage: Stage, kind: str) -> None:
    await stage.stable("acme")
    await stage.client.installations.delete("acme")
    await stage.until("acme", Status.DISCARDED)
    with pytest.raises(errors.ConflictError, match=r"acme \(discarded\)"):
        await deregister(stage, kind)
    await stage.client.installations.undelete("acme")
    await stage.until("acme", Status.STABLE)
    gone = await deleted(stage, "acme")
    await deregister(stage, kind)
    known = await stage.client.installations.get(gone)
    assert (known.status, known.cluster) == (Status.DELETED, None if kind == "clusters" else "here")


async def test_a_name_is_free_again(stage: Stage) -> None:
    await stage.stable("acme")
    await deleted(stage, "acme")
    for kind in NOUNS:
        await deregister(stage, kind)
    await stage.register()
    assert (await stage.stable("acme")).cluster == "here"


async def test_a_watch_ends_with_its_cluster(stage: Stage) -> None:
    second = await stage.add_cluster("second")
    await provisioner_stage.poll(lambda: bool(second.watches))
    await stage.client.clusters.deregister("second")
    second.tell("anything")
    await provisioner_stage.poll(lambda: not second.watches)
    known = await stage.client.clusters.get("here")

    async def is_closed() -> bool:
        await stage.client.clusters.update("here", infrastructure.UpdateCluster(labels={"probe": "now"}))
        await stage.client.clusters.update("here", infrastructure.UpdateCluster(labels={}))
        return second.calls["close", ""] == 1

    await provisioner_stage.poll(is_closed, every=0.1)
    assert known.name == "here"
    assert await rows(stage, tables.WATCHES) == await rows(stage, tables.CLUSTERS) == 1


async def until_unreachable(stage: Stage) -> infrastructure.Cluster:
    """Wait until the cluster is known to be away, and return it."""

    async def is_away() -> infrastructure.Cluster | None:
        known = await stage.client.clusters.get("here")
        return known if known.status is infrastructure.Status.UNREACHABLE else None

    await provisioner_stage.poll(is_away)
    return await stage.client.clusters.get("here")


async def test_a_cluster_that_never_comes_back_can_be_left_behind(stage: Stage) -> None:
    made = await stage.stable("acme")
    stage.world.go_away()
    await until_unreachable(stage)
    await stage.client.installations.delete("acme", grace_seconds=0)
    await stage.client.installations.abandon("acme")
    await stage.until(made.id, Status.DELETED)
    await deregister(stage, "clusters")
    stage.world.come_back()
    await stage.client.clusters.register(provisioner_stage.cluster("here"))
    await stage.until_available()
    assert made.id in stage.world.bundles  # nobody here knows of it any more


class TestAnEtag:
    async def test_is_another_after_every_change_and_the_same_after_a_probe(self, live: provisioner_api.Api) -> None:
        read = await live.call("GET", "/v1/clusters/here")
        assert read.headers["ETag"] == read.json()["etag"]
        live.stage.world.go_away()
        probed = await until_unreachable(live.stage)
        assert probed.etag == read.headers["ETag"]
        changed = await live.call("PATCH", "/v1/clusters/here", {"maxInstallations": 7})
        answer = await live.call("DELETE", "/v1/clusters/here", If_Match=read.headers["ETag"])
        assert (answer.status, answer.code) == (412, "changed-meanwhile")
        answer = await live.call("DELETE", "/v1/clusters/here", If_Match="here")
        assert (answer.status, answer.code) == (400, "condition-invalid")
        assert (await live.call("DELETE", "/v1/clusters/here", If_Match=changed.headers["ETag"])).status == 204

    async def test_of_one_is_none_of_another_of_the_same_name(self, bare: Stage) -> None:
        first = await bare.client.clusters.register(provisioner_stage.cluster("here"))
        await bare.client.clusters.deregister("here", if_match=first.etag)
        second = await bare.client.clusters.register(provisioner_stage.cluster("here"))
        with pytest.raises(errors.ConflictError) as refused:
            await bare.client.clusters.deregister("here", if_match=first.etag)
        assert refused.value.code == "changed-meanwhile"
        await bare.client.clusters.deregister("here", if_match=second.etag)


async def test_a_request_with_a_key_is_answered_as_at_first(live: provisioner_api.Api) -> None:
    for _ in range(2):
        answer = await live.call("DELETE", "/v1/clusters/here", Idempotency_Key="once")
        assert (answer.status, answer.text) == (204, "")


class TestAKeptOperator:
    @pytest.fixture
    async def fleet(self, place: provisioner_stage.Place) -> AsyncIterator[provisioner_installers.Fleet]:
        async with provisioner_stage.opened(place, supervised=[]) as stage:
            yield provisioner_installers.Fleet(stage=stage, good={"1.0.0"})

    async def test_is_given_out_of_hand_first_and_stays(self, fleet: provisioner_installers.Fleet) -> None:
        await fleet.add("eu")
        await fleet.want("eu")
        clusters = fleet.stage.client.clusters
        with pytest.raises(failures.ConflictProblemError) as refused:
            await clusters.deregister("eu")
        assert (refused.value.code, refused.value.message) == (
            "operator-kept",
            "The provisioner keeps the operator of eu.",
        )
        assert "`tenantry cluster manage eu --by external`" in (refused.value.advice or "")
        await fleet.stage.client.operators.update("eu", operators.UpdateOperator(kept_by=operators.Keeper.EXTERNAL))
        await clusters.deregister("eu")
        assert await rows(fleet.stage, tables.OPERATORS) == 0


async def other(stage: Stage, kind: str) -> None:
    """Make another of a kind known, and wait until it can be used."""
    place = stage.place
    match kind:
        case "clusters":
            await stage.add_cluster(OTHER)
        case "database_servers":
            await stage.client.database_servers.register(
                infrastructure.RegisterDatabaseServer.model_validate(
                    {
                        "name": OTHER,
                        "host": place.host,
                        "port": place.port,
                        "user": place.user,
                        "password": place.password,
                        "ssl_mode": "disable",
                    }
                )
            )
        case _:
            root = str(place.folder / OTHER)
            await stage.client.object_stores.register(
                infrastructure.RegisterObjectStore(name=OTHER, endpoint=stage.store_url, root=root)
            )
    await stage.until_available()


async def homes(stage: Stage, kind: str) -> set[str]:
    """Return the ids of those that installations have something on."""
    _, noun = NOUNS[kind]
    column = noun.taken_by
    async with stage.program.services.base.read() as reader:
        return set(await reader.scalars(sa.select(column).where(column.is_not(None))))


async def is_waiting(stage: Stage) -> bool:
    """Tell whether somebody waits for a lock of the database."""
    async with stage.program.services.base.read() as reader:
        waiting = sa.text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(await reader.scalar(waiting))


async def leave(stage: Stage, kind: str, writer: database.Writer) -> None:
    """Deregister it in a transaction; no client tries again what the database refuses."""
    name, noun = NOUNS[kind]
    by = provisioner_stage.ADMINISTRATOR
    await stage.program.services.registry.deregister(writer, noun, name, if_match=None, by=by)


async def come(stage: Stage, name: str, writer: database.Writer) -> None:
    """Order an installation, with its place, in a transaction."""
    services = stage.program.services
    request = installations.CreateInstallation(name=name, application="tiny")
    application = await services.applications.get(writer, "tiny")
    await services.installations.create(writer, application, request, provisioner_stage.ADMINISTRATOR)


async def alone(stage: Stage, change: Callable[[database.Writer], Awaitable[None]]) -> str:
    """Make a change in a transaction of its own; return the code with which it was refused."""
    async with stage.program.services.base.write() as writer:
        return await refused(change(writer))


class TestAtTheSameTime:
    async def test_a_placement_that_has_chosen_it_wins(self, stage: Stage, kind: str) -> None:
        async with asyncio.TaskGroup() as group, stage.program.services.base.write() as writer:
            await come(stage, "acme", writer)
            leaving = group.create_task(alone(stage, functools.partial(leave, stage, kind)))
            await provisioner_stage.poll(lambda: is_waiting(stage))
            assert not leaving.done()
        assert leaving.result() == "still-used"
        await stage.until("acme", Status.STABLE)

    async def test_a_placement_that_comes_after_it_goes_elsewhere(self, stage: Stage, kind: str) -> None:
        known = await calls(stage, kind).get(NOUNS[kind][0])
        await other(stage, kind)
        async with asyncio.TaskGroup() as group, stage.program.services.base.write() as writer:
            await leave(stage, kind, writer)
            coming = group.create_task(alone(stage, functools.partial(come, stage, "acme")))
            await provisioner_stage.poll(lambda: is_waiting(stage))
            assert not coming.done()
        assert coming.result() == ""
        await stage.until("acme", Status.STABLE)
        assert known.id not in await homes(stage, kind)

    async def test_all_that_goes_on_ends_in_one_of_the_two(self, stage: Stage, kind: str) -> None:
        """Installations are placed, applications applied and everything is probed, again and again."""
        await other(stage, kind)
        name, _ = NOUNS[kind]
        known = await calls(stage, kind).get(name)
        elsewhere = OTHER if kind == "clusters" else "here"
        for turn in range(4):
            summary, limits = f"Turn {turn}.", infrastructure.UpdateCluster(max_installations=150 + turn)
            names = [f"acme-{turn}-{number}" for number in range(8)]
            left, *others = await asyncio.gather(
                alone(stage, functools.partial(leave, stage, kind)),
                *[alone(stage, functools.partial(come, stage, each)) for each in names],
                refused(stage.client.applications.apply(provisioner_stage.application(summary=summary))),
                refused(stage.client.clusters.update(elsewhere, limits)),
            )
            assert left in {"", "still-used", "not-found"}
            assert set(others) == {""}
        still = {each.name for each in await calls(stage, kind).list()}
        assert (name in still) is (known.id in await homes(stage, kind))


async def refused(asked: Awaitable[Any]) -> str:
    """Return the code with which something is refused; empty where it is not."""
    try:
        await asked
    except errors.TenantryError as error:
        return error.code
    return ""
