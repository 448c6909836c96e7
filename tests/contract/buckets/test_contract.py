"""What everybody who makes buckets has to keep to (`installations.ports.BucketMaker`), on real servers."""

import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from support import provisioner_stage
from tenantry.kernel import randomness
from tenantry.provisioner.adapters.s3 import connection, refusals
from tenantry.provisioner.installations import ports


def chosen() -> tuple[str, str, str]:
    """Return a name, and a key for it that a store may take or leave."""
    return f"t-{secrets.token_hex(10)}", f"T{secrets.token_hex(10).upper()}", secrets.token_hex(24)


@asynccontextmanager
async def opened(store: Any, pair: ports.KeyPair) -> AsyncGenerator[Any]:
    reached = connection.Store(
        endpoint=store.endpoint, region="us-east-1", access_key=pair.access_key, secret_key=pair.secret_key
    )
    async with connection.Connections().opened(reached, within=provisioner_stage.PATIENCE) as clients:
        yield clients.s3


async def content(store: Any, pair: ports.KeyPair, name: str) -> list[str]:
    async with opened(store, pair) as s3:
        found = await s3.list_objects_v2(Bucket=name)
    return [each["Key"] for each in found.get("Contents", [])]


async def test_the_pair_that_is_returned_opens_the_bucket_and_no_other(store: Any) -> None:
    (name, *key), (other, *another) = chosen(), chosen()
    pair = await store.maker.make(name, *key)
    stranger = await store.maker.make(other, *another)
    async with opened(store, pair) as s3:
        await s3.put_object(Bucket=name, Key="mine", Body=b"1")
    assert await content(store, pair, name) == ["mine"]
    with pytest.raises(refusals.StoreRefusedError, match=r"AccessDenied|NoSuchBucket"):
        await content(store, stranger, name)


async def test_making_again_keeps_what_is_there(store: Any) -> None:
    name, *key = chosen()
    first = await store.maker.make(name, *key)
    async with opened(store, first) as s3:
        await s3.put_object(Bucket=name, Key="kept", Body=b"1")
    again = await store.maker.make(name, first.access_key, first.secret_key)
    assert await content(store, again, name) == ["kept"]


async def test_another_pair_opens_what_is_there_and_the_one_before_nothing_once_that_is_retired(store: Any) -> None:
    name, *key = chosen()
    old = await store.maker.make(name, *key)
    async with opened(store, old) as s3:
        await s3.put_object(Bucket=name, Key="kept", Body=b"1")
    new = await store.maker.renew(name, proposed(), present=old.access_key)
    assert new.access_key != old.access_key
    assert await content(store, new, name) == ["kept"]
    for _ in "12":
        await store.maker.retire(name, present=new.access_key)
    assert await content(store, new, name) == ["kept"]
    await until_closed(store, old, name)
    await store.maker.remove(name, new.access_key)


async def test_a_renewal_that_nobody_heard_of_may_be_repeated_and_nothing_of_it_stays(store: Any) -> None:
    name, *key = chosen()
    old = await store.maker.make(name, *key)
    lost = await store.maker.renew(name, proposed(), present=old.access_key)
    new = await store.maker.renew(name, proposed(), present=old.access_key)
    await store.maker.retire(name, present=new.access_key)
    assert await content(store, new, name) == []
    for each in (old, lost):
        await until_closed(store, each, name)
    await store.maker.renew(name, proposed(), present=new.access_key)
    await store.maker.remove(name, new.access_key)  # it knows nothing of the last one
    await until_closed(store, new, name)


def proposed() -> ports.KeyPair:
    return ports.new_pair(randomness.SystemRandomness())


async def until_closed(store: Any, pair: ports.KeyPair, name: str) -> None:
    """Wait until a pair opens nothing; gateways learn of it one after another."""

    async def is_closed() -> bool:
        try:
            async with opened(store, pair) as s3:
                await s3.put_object(Bucket=name, Key="from-the-thief", Body=b"1")
        except (refusals.StoreRefusedError, refusals.KeyRefusedError):
            return True
        return False

    await provisioner_stage.poll(is_closed)


async def test_removing_takes_everything_and_may_be_repeated(store: Any) -> None:
    name, *key = chosen()
    pair = await store.maker.make(name, *key)
    async with opened(store, pair) as s3:
        await s3.put_object(Bucket=name, Key="x/y", Body=b"1")
    for _ in "12":
        await store.maker.remove(name, pair.access_key)
    with pytest.raises((refusals.StoreRefusedError, refusals.KeyRefusedError, aiohttp.ClientPayloadError)):
        async with opened(store, pair) as s3:  # rclone remembers for some minutes that there was something
            await (await s3.get_object(Bucket=name, Key="x/y"))["Body"].read()


async def test_removing_what_was_never_made_is_fine(store: Any) -> None:
    name, access_key, _ = chosen()
    await store.maker.remove(name, access_key)
