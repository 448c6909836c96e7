"""Looks into the customers' buckets by S3, with each customer's own key, for a thing that one of them has stored."""

import json
from collections.abc import Iterable
from typing import Any, Protocol, cast

import boto3
from botocore import config

from demo import browser
from tenantry.local import objectstore


class _Paginator(Protocol):
    def paginate(self, **options: str) -> Iterable[dict[str, Any]]: ...


class _Client(Protocol):
    """What is used of boto3's client, which has no types of its own."""

    def get_paginator(self, operation: str) -> _Paginator: ...
    def get_object(self, **options: str) -> dict[str, Any]: ...


def find(store: objectstore.ObjectStore, content: bytes) -> str:
    """Return bucket and key of the object with this content.

    Raises:
        PageUnexpectedError: no bucket holds it.
    """
    for file in sorted((store.root / "keys").glob("*.json")):
        key = json.loads(file.read_text())
        client = _client(store.endpoint, file.stem, key["secretKey"])
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=key["bucket"]):
            for found in page.get("Contents", []):
                body = client.get_object(Bucket=key["bucket"], Key=found["Key"])["Body"].read()
                if body == content:
                    return f"{key['bucket']}/{found['Key']}"
    message = "No bucket holds the picture."
    raise browser.PageUnexpectedError(message)


def _client(endpoint: str, access_key: str, secret_key: str) -> _Client:
    untyped = cast("Any", boto3).client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=config.Config(s3={"addressing_style": "path"}, connect_timeout=5, read_timeout=20),
    )
    return cast("_Client", untyped)
