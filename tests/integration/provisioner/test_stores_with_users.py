"""The whole way of a bucket on a store with users: registered, ordered, handed over, deleted, and after crashes."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pydantic
import pytest
import sqlalchemy as sa

from support import provisioner_lives, provisioner_stage, runtime_twin, s3_server
from tenantry.client import failures
from tenantry.provisioner import tables
from tenantry.provisioner.adapters.s3 import connection, refusals
from tenantry.wire import infrastructure

Stage = provisioner_stage.Stage
Status = provisioner_stage.Status
Server = s3_server.S3Server
EVERYTHING_ELSE = ["preparations", "clusters", "database-servers", "object-stores"]


def registration(server: Server, **changes: Any) -> infrastructure.RegisterObjectStore:
    given: dict[str, Any] = {
        "name": "s3",
        "kind": "iam",
        "endpoint": server.serving_endpoint,
        "iam_endpoint": server.endpoint,
        "access_key": server.access_key,
        "secret_key": server.secret_key,
        **changes,
    }
    return infrastructure.RegisterObjectStore(**given)


@pytest.fixture
async def api(object_store: Server) -> AsyncIterator[connection.Clients]:
    """The store as its administrator sees it."""
    async with connection.Connections().opened(object_store.store(), within=provisioner_stage.PATIENCE) as clients:
        yield clients


async def left(api: connection.Clients) -> dict[str, int]:
    """Count what is in the store for customers."""
    users = [each["UserName"] for each in (await api.iam.list_users())["Users"] if each["UserName"].startswith("t-")]
    keys = [(await api.iam.list_access_keys(UserName=user))["AccessKeyMetadata"] for user in users]
    return {
        "buckets": len((await api.s3.list_buckets())["Buckets"]),
        "users": len(users),
        "keys": sum(map(len, keys)),
    }


NOTHING = {"buckets": 0, "users": 0, "keys": 0}
ONE = {"buckets": 1, "users": 1, "keys": 1}


async def handed_over(stage: Stage, installation: str) -> dict[str, str]:
    """Return the secret of the bucket that its cluster has."""
    secrets = {each.name: each.data for each in stage.world.bundles[installation].secrets}
    return secrets[f"{installation}-bucket"]


async def opens(given: dict[str, str]) -> bool:
    """Write and read with what an application is given, and nothing else."""
    store = connection.Store(
        endpoint=given["endpoint"],
        region=given["region"],
        access_key=given["accessKey"],
        secret_key=given["secretKey"],
        ca_certificate=given.get("caCertificate", ""),
    )
    async with connection.Connections().opened(store, within=provisioner_stage.PATIENCE) as mine:
        await mine.s3.put_object(Bucket=given["name"], Key="x", Body=b"here")
        return await (await mine.s3.get_object(Bucket=given["name"], Key="x"))["Body"].read() == b"here"


class TestOneInstallation:
    async def test_gets_a_bucket_whose_key_the_store_chose_and_leaves_nothing(
        self, bare: Stage, object_store: Server, api: connection.Clients
    ) -> None:
        await bare.register(registration(object_store))
        made = await bare.stable("acme")
        given = await handed_over(bare, made.id)
        assert await opens(given)
        assert await left(api) == ONE
        async with bare.program.services.base.read() as reader:
            row = (await reader.execute(tables.BUCKETS.select())).one()
        assert (row.access_key, bare.program.services.around.vault.open(row.secret_key)) == (
            given["accessKey"],
            given["secretKey"],
        )
        assert given["secretKey"].encode() not in row.secret_key
        await bare.client.installations.delete("acme", grace_seconds=0)
        await bare.until(made.id, Status.DELETED)
        assert await left(api) == NOTHING

    async def test_is_told_whom_to_trust_where_the_public_does_not(self, bare: Stage, object_store: Server) -> None:
        secure = {"endpoint": object_store.secure_endpoint, "ca_certificate": object_store.ca}
        await bare.register(registration(object_store, **secure))
        made = await bare.stable("acme")
        given = await handed_over(bare, made.id)
        assert given["caCertificate"] == object_store.ca
        assert await opens(given)
        with pytest.raises(refusals.StoreUntrustedError):
            await opens({key: value for key, value in given.items() if key != "caCertificate"})
        await bare.client.installations.delete("acme", grace_seconds=0)
        await bare.until(made.id, Status.DELETED)

    async def test_keeps_its_key_through_updates_and_sleep(self, bare: Stage, object_store: Server) -> None:
        await bare.register(registration(object_store))
        made = await bare.stable("acme")
        before = await handed_over(bare, made.id)
        await bare.client.installations.hibernate("acme")
        await bare.until(made.id, Status.HIBERNATED)
        await bare.client.installations.wake("acme")
        await bare.until(made.id, Status.STABLE)
        assert await handed_over(bare, made.id) == before
        await bare.client.installations.delete("acme", grace_seconds=0)
        await bare.until(made.id, Status.DELETED)


class TestACrash:
    @pytest.fixture
    async def stage(
        self, place: provisioner_stage.Place, world: runtime_twin.World, object_store: Server
    ) -> AsyncIterator[Stage]:
        """A provisioner without a supervisor of installations: its lives come and go."""
        async with provisioner_stage.opened(place, world=world, supervised=EVERYTHING_ELSE) as opened:
            await opened.register(registration(object_store))
            yield opened

    async def test_at_any_step_leaves_one_key_that_opens_the_bucket_and_then_nothing(
        self, stage: Stage, api: connection.Clients
    ) -> None:
        made = await stage.create("acme")
        async with provisioner_lives.life(stage) as whole:
            await stage.until(made.id, Status.STABLE)
        await self._delete(stage, made.id, None)
        steps = whole.count
        assert steps >= 3
        for number in range(1, steps + 1):
            for when in ("before", "after"):
                fuse = provisioner_lives.Fuse(**{when: number})
                made = await stage.create(f"acme-{when}-{number}")
                await self._die(stage, fuse)
                async with provisioner_lives.life(stage):
                    await stage.until(made.id, Status.STABLE)
                assert await left(api) == ONE
                assert await opens(await handed_over(stage, made.id))
                await self._delete(stage, made.id, provisioner_lives.Fuse(after=min(number, 3)))
                assert await left(api) == NOTHING

    async def test_at_any_step_of_a_rotation_leaves_the_one_key_that_was_handed_over(
        self, stage: Stage, api: connection.Clients
    ) -> None:
        made = await stage.create("acme")
        async with provisioner_lives.life(stage):
            await stage.until(made.id, Status.STABLE)
        steps = await self._rotate(stage, made.id, provisioner_lives.Fuse())
        assert steps >= 5
        for number in range(1, steps + 1):
            for when in ("before", "after"):
                before = await handed_over(stage, made.id)
                await stage.client.installations.rotate("acme")
                await self._die(stage, provisioner_lives.Fuse(**{when: number}))
                await self._live(stage, made.id)
                after = await handed_over(stage, made.id)
                assert after["accessKey"] != before["accessKey"]
                assert await opens(after)
                user = (await api.iam.list_access_keys(UserName=after["name"]))["AccessKeyMetadata"]
                assert [each["AccessKeyId"] for each in user] == [after["accessKey"]]
        await self._delete(stage, made.id, None)
        assert await left(api) == NOTHING

    async def _rotate(self, stage: Stage, installation: str, fuse: provisioner_lives.Fuse) -> int:
        await stage.client.installations.rotate(installation)
        await self._live(stage, installation, fuse)
        return fuse.count

    async def _live(self, stage: Stage, installation: str, fuse: provisioner_lives.Fuse | None = None) -> None:
        async with provisioner_lives.life(stage, fuse):
            await stage.until(installation, Status.STABLE)

    async def _delete(self, stage: Stage, installation: str, fuse: provisioner_lives.Fuse | None) -> None:
        await stage.client.installations.delete(installation, grace_seconds=0)
        if fuse is not None:
            await self._die(stage, fuse)
        async with provisioner_lives.life(stage):
            await stage.until(installation, Status.DELETED)

    async def _die(self, stage: Stage, fuse: provisioner_lives.Fuse) -> None:
        async with provisioner_lives.life(stage, fuse):
            await fuse.blown.wait()
            await provisioner_lives.let_leases_end(stage)


class TestAStore:
    async def test_with_a_wrong_key_says_so_until_it_gets_another(self, bare: Stage, object_store: Server) -> None:
        wrong = registration(object_store, secret_key="hunter2-hunter2")
        await bare.client.object_stores.register(wrong)
        seen = await self._once(bare, infrastructure.Status.UNREACHABLE)
        assert seen.reason == "ObjectStoreKeyRefused"
        assert "refuses the administrator's key" in seen.message
        right = infrastructure.UpdateObjectStore(
            access_key=pydantic.SecretStr(object_store.access_key),
            secret_key=pydantic.SecretStr(object_store.secret_key),
        )
        await bare.client.object_stores.update("s3", right)
        seen = await self._once(bare, infrastructure.Status.AVAILABLE)
        assert (seen.reason, seen.message) == ("", "")

    async def test_that_is_not_trusted_says_so_until_somebody_vouches_for_it(
        self, bare: Stage, object_store: Server
    ) -> None:
        secure = registration(object_store, endpoint=object_store.secure_endpoint, iam_endpoint=None)
        await bare.client.object_stores.register(secure)
        seen = await self._once(bare, infrastructure.Status.UNREACHABLE)
        assert seen.reason == "ObjectStoreUntrusted"
        await bare.client.object_stores.update("s3", infrastructure.UpdateObjectStore(ca_certificate=object_store.ca))
        await self._once(bare, infrastructure.Status.AVAILABLE)

    async def test_keeps_its_key_to_itself(
        self, bare: Stage, object_store: Server, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.DEBUG):
            made = await bare.client.object_stores.register(registration(object_store))
            await self._once(bare, infrastructure.Status.AVAILABLE)
            listed = await bare.client.object_stores.list()
        async with bare.program.services.base.read() as reader:
            stored = (await reader.execute(tables.OBJECT_STORES.select())).one()
            events = (await reader.execute(sa.select(tables.EVENTS))).all()
            kept = (await reader.execute(tables.ANSWERS.select())).all()
        assert bare.program.services.around.vault.open(stored.secret_key) == object_store.secret_key
        told = f"{made!r} {listed!r} {stored} {events} {kept} {caplog.text}"
        assert object_store.secret_key not in told
        assert object_store.access_key not in f"{made!r} {listed!r} {events} {kept}"

    async def test_that_is_a_folder_takes_no_key(self, bare: Stage, tmp_path: Path) -> None:
        folder = infrastructure.RegisterObjectStore(name="s3", endpoint=bare.store_url, root=str(tmp_path))
        await bare.client.object_stores.register(folder)
        key = infrastructure.UpdateObjectStore(access_key=pydantic.SecretStr("a"), secret_key=pydantic.SecretStr("b"))
        with pytest.raises(failures.ProblemError, match="kind “rclone”"):
            await bare.client.object_stores.update("s3", key)

    async def _once(self, stage: Stage, status: infrastructure.Status) -> infrastructure.ObjectStore:
        async def has() -> bool:
            return (await stage.client.object_stores.get("s3")).status is status

        await provisioner_stage.poll(has, seconds=20)
        return await stage.client.object_stores.get("s3")


CASES: list[tuple[dict[str, Any], str]] = [
    ({"kind": "iam", "endpoint": "https://s3"}, "has an accessKey and a secretKey"),
    ({"kind": "iam", "endpoint": "https://s3", "access_key": "a"}, "has an accessKey and a secretKey"),
    ({"kind": "iam", "endpoint": "https://s3", "access_key": "a", "secret_key": "b", "root": "/x"}, "and no root"),
    ({"kind": "iam", "endpoint": "unix:///s", "access_key": "a", "secret_key": "b"}, "begins with https://"),
    ({"endpoint": "http://s3"}, "has a root"),
    ({"endpoint": "http://s3", "root": "/x", "access_key": "a"}, "and no key"),
    ({"endpoint": "http://s3", "root": "/x", "iam_endpoint": "http://s3"}, "and no key"),
]


@pytest.mark.parametrize(("given", "words"), CASES)
def test_a_registration_that_is_not_whole_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(pydantic.ValidationError, match=words):
        infrastructure.RegisterObjectStore(name="s3", **given)
