"""Which addresses are asked; nothing is sent."""

from datetime import timedelta

import pytest

from tenantry.provisioner.adapters.s3 import connection

CONNECTIONS = connection.Connections()
"""For all tests, since reading the descriptions of the APIs is what takes time."""
AT_AWS = "https://s3.eu-central-1.amazonaws.com"


def store(endpoint: str, region: str = "us-east-1", **more: str) -> connection.Store:
    return connection.Store(endpoint=endpoint, region=region, access_key="A", secret_key="hunter2", **more)


@pytest.mark.parametrize(
    ("reached", "asked"),
    [
        (store("https://s3.example.com"), ("https://s3.example.com", "https://s3.example.com", "aws")),
        (
            store("https://s3.example.com", iam_endpoint="https://iam.example.com"),
            ("https://s3.example.com", "https://iam.example.com", "aws"),
        ),
        (store("https://s3.example.com", "cn-north-1"), ("https://s3.example.com", "https://s3.example.com", "aws")),
        (store(AT_AWS, "eu-central-1"), (AT_AWS, "https://iam.amazonaws.com", "aws")),
        (
            store("https://s3.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            ("https://s3.cn-north-1.amazonaws.com.cn", "https://iam.cn-north-1.amazonaws.com.cn", "aws-cn"),
        ),
    ],
)
async def test_users_are_made_at_the_store_or_where_it_says_or_where_aws_makes_them(
    reached: connection.Store, asked: tuple[str, str, str]
) -> None:
    async with CONNECTIONS.opened(reached, within=timedelta(seconds=10)) as clients:
        assert (clients.s3.meta.endpoint_url, clients.iam.meta.endpoint_url, clients.partition) == asked


async def test_requests_to_aws_are_signed_for_the_region_in_which_its_iam_is() -> None:
    async with CONNECTIONS.opened(store(AT_AWS, "eu-central-1"), within=timedelta(seconds=10)) as clients:
        signed = await clients.iam.generate_presigned_url("list_users")
    assert "us-east-1%2Fiam%2Faws4_request" in signed


@pytest.mark.parametrize("endpoint", ["https://amazonaws.com.example.com", "https://notamazonaws.com"])
def test_a_name_that_only_looks_like_aws_is_not(endpoint: str) -> None:
    assert not store(endpoint).is_aws


def test_the_secret_is_not_shown() -> None:
    assert "hunter2" not in repr(store("https://s3.example.com"))
