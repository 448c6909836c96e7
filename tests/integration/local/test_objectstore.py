"""The object store as a customer uses it, and as one who would like to have what is another's."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tenantry.kernel import randomness
from tenantry.local import objectstore, ports, readiness, s3_keys, supervision

pytestmark = pytest.mark.embedded


@dataclass(frozen=True)
class Store:
    """A running object store with two customers."""

    store: objectstore.ObjectStore

    def client(self, access_key: str, secret_key: str) -> Any:
        make: Any = boto3.client  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - untyped
        return make(
            "s3",
            endpoint_url=self.store.endpoint,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            region_name=objectstore.REGION,
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0}),
        )


@pytest.fixture
async def running(supervised: supervision.Supervisord, short_folder: Path) -> AsyncIterator[Store]:
    port = ports.choose(["s3"], {}, randomness.SystemRandomness())["s3"]
    store = objectstore.ObjectStore(root=short_folder / "s3", port=port, log_file=short_folder / "s3.log")
    objectstore.create_folders(store)
    await supervised.put(objectstore.spec(store))
    while not await readiness.listens("127.0.0.1", port):
        pass
    for name in ("one", "two"):
        s3_keys.put_key(store.root, access_key=f"KEY{name}", secret_key=f"secret-{name}", bucket=f"bucket-{name}")
    yield Store(store)
    await supervised.remove("objectstore")


def refused(error: type[Exception] = ClientError) -> Any:
    return pytest.raises(error, match=r"AccessDenied|NoSuchBucket|InternalError|InvalidArgument|BucketNotEmpty")


async def test_objects_come_back_as_they_were_put(running: Store) -> None:
    one = running.client("KEYone", "secret-one")
    one.put_object(Bucket="bucket-one", Key="a/b.txt", Body=b"mine")
    assert one.get_object(Bucket="bucket-one", Key="a/b.txt")["Body"].read() == b"mine"
    assert [each["Key"] for each in one.list_objects_v2(Bucket="bucket-one")["Contents"]] == ["a/b.txt"]
    assert [each["Name"] for each in one.list_buckets()["Buckets"]] == ["bucket-one"]
    one.delete_object(Bucket="bucket-one", Key="a/b.txt")
    assert "Contents" not in one.list_objects_v2(Bucket="bucket-one")


async def test_a_key_opens_nothing_of_another(running: Store) -> None:
    one, two = running.client("KEYone", "secret-one"), running.client("KEYtwo", "secret-two")
    one.put_object(Bucket="bucket-one", Key="x", Body=b"mine")
    for call in (two.get_object, two.delete_object):
        with refused():
            call(Bucket="bucket-one", Key="x")
    for key in ("../bucket-one/x", "../../KEYone/bucket-one/x"):
        with refused():
            two.get_object(Bucket="bucket-two", Key=key)
    with refused():
        two.copy_object(Bucket="bucket-two", Key="x", CopySource={"Bucket": "bucket-one", "Key": "x"})
    assert one.get_object(Bucket="bucket-one", Key="x")["Body"].read() == b"mine"


async def test_a_key_makes_no_second_bucket_and_keeps_its_own(running: Store) -> None:
    one = running.client("KEYone", "secret-one")
    with refused():
        one.create_bucket(Bucket="second")
    assert [each["Name"] for each in one.list_buckets()["Buckets"]] == ["bucket-one"]


@pytest.mark.parametrize(("access_key", "secret_key"), [("KEYone", "guess"), ("KEYnone", "secret-one")])
async def test_wrong_keys_open_nothing(running: Store, access_key: str, secret_key: str) -> None:
    with refused():
        running.client(access_key, secret_key).list_buckets()


async def test_a_deleted_key_finds_nothing(running: Store) -> None:
    one = running.client("KEYone", "secret-one")
    one.put_object(Bucket="bucket-one", Key="x", Body=b"mine")
    s3_keys.delete_key(running.store.root, access_key="KEYone")
    # The server still knows the folder for some seconds, and the key for some minutes; nothing can come back by them.
    with pytest.raises(ClientError):
        one.put_object(Bucket="bucket-one", Key="y", Body=b"again")
    assert list((running.store.root / "buckets" / "KEYone").iterdir()) == []
