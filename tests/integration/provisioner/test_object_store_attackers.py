"""What the key of one bucket is tried with on a real S3 server with users, as an attacker would."""

import json

import aiohttp
import pytest

from support import s3_server, s3_tenants
from tenantry.provisioner.adapters.s3 import connection
from tenantry.provisioner.installations import ports

Server = s3_server.S3Server


class TestAKey:
    async def test_does_all_that_an_application_does_in_its_own_bucket(
        self, tenants: tuple[s3_tenants.Tenant, s3_tenants.Tenant]
    ) -> None:
        own = tenants[0]
        async with own.clients() as mine:
            s3, part = mine.s3, b"x" * 5 * 1024 * 1024
            await s3.put_object(Bucket=own.name, Key="a/b", Body=b"here", ContentType="text/plain")
            found = await s3.get_object(Bucket=own.name, Key="a/b")
            assert (await found["Body"].read(), found["ContentType"]) == (b"here", "text/plain")
            upload = (await s3.create_multipart_upload(Bucket=own.name, Key="large"))["UploadId"]
            where = {"Bucket": own.name, "Key": "large", "UploadId": upload}
            tags = [
                {"PartNumber": number, "ETag": (await s3.upload_part(**where, PartNumber=number, Body=part))["ETag"]}
                for number in (1, 2)
            ]
            assert len((await s3.list_parts(**where))["Parts"]) == 2
            assert len((await s3.list_multipart_uploads(Bucket=own.name))["Uploads"]) == 1
            await s3.complete_multipart_upload(**where, MultipartUpload={"Parts": tags})
            await s3.copy_object(Bucket=own.name, Key="c", CopySource={"Bucket": own.name, "Key": "a/b"})
            keys = [each["Key"] for each in (await s3.list_objects_v2(Bucket=own.name))["Contents"]]
            assert keys == ["a/b", "c", "large"]
            await s3.delete_objects(Bucket=own.name, Delete={"Objects": [{"Key": key} for key in keys]})
            assert (await s3.list_objects_v2(Bucket=own.name)).get("KeyCount", 0) == 0

    async def test_opens_nothing_of_anothers(self, tenants: tuple[s3_tenants.Tenant, s3_tenants.Tenant]) -> None:
        own, other = tenants
        async with other.clients() as theirs:
            await theirs.s3.put_object(Bucket=other.name, Key="secret", Body=b"theirs")
        async with own.clients() as mine:
            s3, there = mine.s3, {"Bucket": other.name}
            source = {"Bucket": other.name, "Key": "secret"}
            tried = {
                "list": s3.list_objects_v2(**there),
                "versions": s3.list_object_versions(**there),
                "uploads": s3.list_multipart_uploads(**there),
                "read": s3.get_object(**there, Key="secret"),
                "head": s3.head_object(**there, Key="secret"),
                "write": s3.put_object(**there, Key="mine", Body=b"1"),
                "upload": s3.create_multipart_upload(**there, Key="mine"),
                "copy out": s3.copy_object(Bucket=own.name, Key="stolen", CopySource=source),
                "delete": s3.delete_object(**there, Key="secret"),
                "delete bucket": s3.delete_bucket(**there),
                "policy": s3.get_bucket_policy(**there),
                "acl": s3.put_bucket_acl(**there, ACL="public-read"),
            }
            refused = {what: await s3_tenants.refusal(asked) for what, asked in tried.items()}
            signed = await s3.generate_presigned_url("get_object", Params=source)
        assert {what: code for what, code in refused.items() if code not in {"AccessDenied", "403"}} == {}
        assert await _status(signed) == 403
        async with other.clients() as theirs:
            found = await theirs.s3.list_objects_v2(Bucket=other.name)
            assert [each["Key"] for each in found["Contents"]] == ["secret"]

    async def test_sees_of_all_buckets_its_own_at_most(
        self, tenants: tuple[s3_tenants.Tenant, s3_tenants.Tenant]
    ) -> None:
        own = tenants[0]
        async with own.clients() as mine:
            found = await mine.s3.list_buckets()
        assert {each["Name"] for each in found["Buckets"]} <= {own.name}

    async def test_does_not_reach_beyond_objects(self, tenants: tuple[s3_tenants.Tenant, s3_tenants.Tenant]) -> None:
        own = tenants[0]
        everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{own.name}/*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [everybody]})
        async with own.clients() as mine:
            s3, here = mine.s3, {"Bucket": own.name}
            refused = {
                "another bucket": await s3_tenants.refusal(s3.create_bucket(Bucket=s3_tenants.new_name())),
                "its own bucket": await s3_tenants.refusal(s3.delete_bucket(**here)),
                "open it to all": await s3_tenants.refusal(s3.put_bucket_policy(**here, Policy=policy)),
                "by acl": await s3_tenants.refusal(s3.put_bucket_acl(**here, ACL="public-read")),
                "versions": await s3_tenants.refusal(
                    s3.put_bucket_versioning(**here, VersioningConfiguration={"Status": "Enabled"})
                ),
            }
        assert set(refused.values()) <= {"AccessDenied", "403"}
        assert await _status(f"{own.store.endpoint}/{own.name}?list-type=2") == 403

    @pytest.mark.parametrize("where", ["endpoint", "serving_endpoint"])
    async def test_makes_no_users_and_changes_none(
        self, tenants: tuple[s3_tenants.Tenant, s3_tenants.Tenant], object_store: Server, where: str
    ) -> None:
        own, other = tenants
        everything = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
        async with own.clients(iam_endpoint=getattr(object_store, where)) as mine:
            iam = mine.iam
            refused = {
                "list users": await s3_tenants.refusal(iam.list_users()),
                "make one": await s3_tenants.refusal(iam.create_user(UserName="friend")),
                "anothers key": await s3_tenants.refusal(iam.create_access_key(UserName=other.name)),
                "anothers keys": await s3_tenants.refusal(iam.list_access_keys(UserName=other.name)),
                "take anothers": await s3_tenants.refusal(
                    iam.delete_access_key(UserName=other.name, AccessKeyId=other.pair.access_key)
                ),
                "own policy": await s3_tenants.refusal(
                    iam.put_user_policy(UserName=own.name, PolicyName="x", PolicyDocument=policy)
                ),
                "delete another": await s3_tenants.refusal(iam.delete_user(UserName=other.name)),
            }
        assert set(refused.values()) <= {"AccessDenied", "403"}

    async def test_has_no_second_where_users_can_be_read_only(
        self,
        tenants: tuple[s3_tenants.Tenant, s3_tenants.Tenant],
        object_store: Server,
        administrator: connection.Clients,
    ) -> None:
        """SeaweedFS lets a user make keys of its own; so applications are given a gateway that makes none."""
        own = tenants[0]
        async with own.clients(iam_endpoint=object_store.serving_endpoint) as mine:
            assert await s3_tenants.refusal(mine.iam.create_access_key(UserName=own.name)) == "AccessDenied"
        assert await s3_tenants.living_keys(administrator, own.name) == [own.pair.access_key]

    async def test_is_needed(self, tenants: tuple[s3_tenants.Tenant, s3_tenants.Tenant], object_store: Server) -> None:
        own = tenants[0]
        for pair in (
            ports.KeyPair(access_key=own.pair.access_key, secret_key="wrong"),
            ports.KeyPair(access_key="T" * 20, secret_key=own.pair.secret_key),
        ):
            stranger = s3_tenants.Tenant(object_store, connection.Connections(), own.name, pair)
            async with stranger.clients() as theirs:
                refused = await s3_tenants.refusal(theirs.s3.list_objects_v2(Bucket=own.name))
            assert refused in {"SignatureDoesNotMatch", "InvalidAccessKeyId"}


async def _status(url: str) -> int:
    """Return how an address is answered without a key."""
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status
