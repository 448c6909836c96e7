"""Buckets of a real S3 server with users: made, removed and looked at."""

import asyncio
import json
import logging
import threading
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from support import provisioner_stage, s3_server, s3_tenants
from tenantry.kernel import errors
from tenantry.provisioner.adapters.s3 import connection, emptying, maker, refusals
from tenantry.provisioner.installations import ports

Server = s3_server.S3Server


@pytest.fixture
async def stranger() -> AsyncIterator[str]:
    """The address of a web server that knows nothing of S3."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>welcome</html>", content_type="text/html")

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


class TestMaking:
    async def test_again_keeps_what_is_in_the_bucket_and_leaves_one_key(
        self,
        made_by: maker.IamMaker,
        object_store: Server,
        connections: connection.Connections,
        administrator: connection.Clients,
    ) -> None:
        name = s3_tenants.new_name()
        first = s3_tenants.Tenant(object_store, connections, name, await made_by.make(name, "", ""))
        async with first.clients() as mine:
            await mine.s3.put_object(Bucket=name, Key="kept", Body=b"1")
        second = s3_tenants.Tenant(object_store, connections, name, await made_by.make(name, "", ""))
        assert await s3_tenants.living_keys(administrator, name) == [second.pair.access_key]
        async with second.clients() as mine:
            assert [each["Key"] for each in (await mine.s3.list_objects_v2(Bucket=name))["Contents"]] == ["kept"]

        async def is_shut() -> bool:
            async with first.clients() as mine:
                return await s3_tenants.refusal(mine.s3.list_objects_v2(Bucket=name)) == "InvalidAccessKeyId"

        await provisioner_stage.poll(is_shut, seconds=20)
        await made_by.remove(name, "")

    @pytest.mark.parametrize("last", ["bucket", "user", "policy", "key", "second key"])
    async def test_goes_on_where_another_try_died(
        self,
        made_by: maker.IamMaker,
        object_store: Server,
        connections: connection.Connections,
        administrator: connection.Clients,
        last: str,
    ) -> None:
        name, orphans = s3_tenants.new_name(), list[str]()
        steps = {
            "bucket": lambda: administrator.s3.create_bucket(Bucket=name),
            "user": lambda: administrator.iam.create_user(UserName=name),
            "policy": lambda: administrator.iam.put_user_policy(
                UserName=name, PolicyName="bucket", PolicyDocument=_nothing()
            ),
            "key": lambda: administrator.iam.create_access_key(UserName=name),
            "second key": lambda: administrator.iam.create_access_key(UserName=name),
        }
        for each, step in steps.items():
            answer = await step()
            orphans += [answer["AccessKey"]["AccessKeyId"]] if "AccessKey" in answer else []
            if each == last:
                break
        pair = await made_by.make(name, "", "")
        assert await s3_tenants.living_keys(administrator, name) == [pair.access_key]
        assert pair.access_key not in orphans
        async with s3_tenants.Tenant(object_store, connections, name, pair).clients() as mine:
            await mine.s3.put_object(Bucket=name, Key="x", Body=b"1")
        await made_by.remove(name, "")

    async def test_ends_where_it_was_frozen_so_that_its_successors_key_lives(
        self, made_by: maker.IamMaker, object_store: Server, administrator: connection.Clients
    ) -> None:
        """The first stands still while it waits for a list of keys; the second makes one meanwhile."""
        name, pairs = s3_tenants.new_name(), list[ports.KeyPair]()

        async def succeed() -> None:
            pairs.append(await maker.IamMaker(object_store.store(), connection.Connections()).make(name, "", ""))

        limits = maker.Limits(attempt=timedelta(seconds=1.5))
        frozen = maker.IamMaker(object_store.store(), Freezing(succeed, lasts=timedelta(seconds=2)), limits)
        with pytest.raises(refusals.StoreAwayError):
            await frozen.make(name, "", "")
        assert await s3_tenants.living_keys(administrator, name) == [pairs[0].access_key]
        await made_by.remove(name, "")

    async def test_of_a_bucket_that_is_somebody_elses_is_refused(
        self,
        tenants: tuple[s3_tenants.Tenant, s3_tenants.Tenant],
        object_store: Server,
        connections: connection.Connections,
    ) -> None:
        """An administrator who may make users, but sees not all buckets."""
        own, other = tenants
        store = object_store.store().opened_by(own.pair.access_key, own.pair.secret_key)
        with pytest.raises(refusals.StoreRefusedError):
            await maker.IamMaker(store, connections).make(other.name, "", "")


def _nothing() -> str:
    """A policy as a try of an earlier version might have left it."""
    statement = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::nothing/*"]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class Freezing(connection.Connections):
    """Connections of a process that stands still, with all that is in it, while it waits for a list of keys."""

    def __init__(self, meanwhile: Any, *, lasts: timedelta) -> None:
        super().__init__()
        self._meanwhile = meanwhile
        self._lasts = lasts

    @asynccontextmanager
    async def opened(self, store: connection.Store, *, within: timedelta) -> AsyncGenerator[connection.Clients]:
        async with super().opened(store, within=within) as clients:
            yield replace(clients, iam=self._Iam(clients.iam, self._freeze))

    def _freeze(self) -> None:
        other = threading.Thread(target=lambda: asyncio.run(self._meanwhile()))
        other.start()
        other.join()
        threading.Event().wait(self._lasts.total_seconds())

    class _Iam:
        def __init__(self, inner: Any, freeze: Any) -> None:
            self._inner, self._freeze = inner, freeze

        def __getattr__(self, name: str) -> Any:
            if name == "list_access_keys":
                asyncio.get_running_loop().call_soon(self._freeze)
            return getattr(self._inner, name)


class TestRemoving:
    async def test_leaves_nothing_and_may_be_repeated(
        self, made_by: maker.IamMaker, administrator: connection.Clients
    ) -> None:
        name = s3_tenants.new_name()
        await made_by.make(name, "", "")
        await administrator.iam.create_access_key(UserName=name)  # one that was never handed over
        for _ in "12":
            await made_by.remove(name, "")
            assert await s3_tenants.refusal(administrator.s3.list_objects_v2(Bucket=name)) == "NoSuchBucket"
            assert await s3_tenants.refusal(administrator.iam.get_user(UserName=name)) == "NoSuchEntity"
            assert await s3_tenants.living_keys(administrator, name) == []

    async def test_takes_versions_markers_and_unfinished_uploads_however_many(
        self,
        made_by: maker.IamMaker,
        object_store: Server,
        connections: connection.Connections,
        administrator: connection.Clients,
    ) -> None:
        name, s3 = s3_tenants.new_name(), administrator.s3
        await made_by.make(name, "", "")
        await s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        await _all(s3.put_object(Bucket=name, Key=f"many/{number % 1100}", Body=b"1") for number in range(1300))
        await _all(s3.delete_object(Bucket=name, Key=f"many/{number}") for number in range(50))
        await _all(s3.create_multipart_upload(Bucket=name, Key=f"half/{number}") for number in range(40))
        hasty = maker.IamMaker(object_store.store(), connections, maker.Limits(emptying=timedelta(0)))
        turns = 0
        with pytest.raises(emptying.NotEmptyYetError, match="objects went in this turn"):
            await hasty.remove(name, "")
        while await s3_tenants.refusal(s3.list_objects_v2(Bucket=name)) != "NoSuchBucket":
            turns += 1
            assert turns < 20
            with_more: errors.TemporaryError | None = None
            try:
                await hasty.remove(name, "")
            except emptying.NotEmptyYetError as error:
                with_more = error
            assert with_more is None or with_more.delay is not None
        assert turns >= 3
        assert await s3_tenants.refusal(administrator.iam.get_user(UserName=name)) == "NoSuchEntity"

    async def test_shuts_the_bucket_before_it_empties_it(
        self, made_by: maker.IamMaker, object_store: Server, connections: connection.Connections
    ) -> None:
        name = s3_tenants.new_name()
        tenant = s3_tenants.Tenant(object_store, connections, name, await made_by.make(name, "", ""))
        async with tenant.clients() as mine:
            await mine.s3.put_object(Bucket=name, Key="x", Body=b"1")
            await mine.s3.create_multipart_upload(Bucket=name, Key="y")
        hasty = maker.IamMaker(object_store.store(), connections, maker.Limits(emptying=timedelta(0)))
        with pytest.raises(emptying.NotEmptyYetError):
            await hasty.remove(name, "")

        async def is_shut() -> bool:
            async with tenant.clients() as mine:
                return bool(await s3_tenants.refusal(mine.s3.put_object(Bucket=name, Key="z", Body=b"1")))

        await provisioner_stage.poll(is_shut, seconds=20)
        await made_by.remove(name, "")


async def _all(asked: Any, *, together: int = 32) -> None:
    waiting = list(asked)
    for number in range(0, len(waiting), together):
        await asyncio.gather(*waiting[number : number + together])


class TestLooking:
    async def test_finds_a_store_that_will_do(
        self, object_store: Server, connections: connection.Connections, made_by: maker.IamMaker
    ) -> None:
        await made_by.look("t-nobody")
        secure = object_store.store(endpoint=object_store.secure_endpoint, ca_certificate=object_store.ca)
        await maker.IamMaker(secure, connections).look("t-nobody")
        apart = object_store.store(endpoint=object_store.serving_endpoint, iam_endpoint=object_store.endpoint)
        await maker.IamMaker(apart, connections).look("t-nobody")

    async def test_says_what_is_wrong(self, object_store: Server, connections: connection.Connections) -> None:
        secure, nowhere = object_store.secure_endpoint, "http://127.0.0.1:9"
        cases = [
            ({"secret_key": "hunter2"}, refusals.KeyRefusedError, "refuses the administrator's key"),
            ({"access_key": "NOBODY"}, refusals.KeyRefusedError, "InvalidAccessKeyId"),
            ({"endpoint": nowhere}, refusals.StoreAwayError, "127.0.0.1:9 does not answer"),
            ({"endpoint": "https://nowhere.invalid"}, refusals.StoreAwayError, "nowhere.invalid does not answer"),
            ({"iam_endpoint": nowhere}, refusals.StoreAwayError, "127.0.0.1:9 does not answer"),
            ({"endpoint": secure}, refusals.StoreUntrustedError, "not trusted: .*certificate"),
            (
                {"endpoint": object_store.serving_endpoint},
                refusals.StoreRefusedError,
                "IAM write operations are disabled",
            ),
        ]
        for changes, kind, words in cases:
            with pytest.raises(kind, match=words) as caught:
                await maker.IamMaker(object_store.store(**changes), connections).look("t-nobody")
            assert "hunter2" not in f"{caught.value} {caught.value.__cause__}"

    async def test_tells_a_store_from_another_kind_of_server(
        self, connections: connection.Connections, object_store: Server, stranger: str
    ) -> None:
        for changes, language in (({"endpoint": stranger}, "S3"), ({"iam_endpoint": stranger}, "IAM")):
            with pytest.raises(refusals.StoreRefusedError, match=f"does not speak {language}"):
                await maker.IamMaker(object_store.store(**changes), connections).look("t-nobody")


class TestSecrets:
    async def test_are_in_no_repr_and_no_log(
        self, object_store: Server, connections: connection.Connections, caplog: pytest.LogCaptureFixture
    ) -> None:
        name, store = s3_tenants.new_name(), object_store.store()
        with caplog.at_level(logging.DEBUG):
            pair = await maker.IamMaker(store, connections).make(name, "", "")
            await maker.IamMaker(store, connections).remove(name, "")
        told = f"{caplog.text} {store} {pair}"
        assert pair.secret_key not in told
        assert store.secret_key not in told
