"""How an S3 server and its IAM API are reached: by addresses, an administrator's key, and who vouches for them.

The library is aiobotocore. Reading its descriptions of the two APIs takes a tenth of a second, so one session is kept
for a process; a client is opened for each piece of work, and costs some milliseconds.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from aiobotocore import config, session

from tenantry.provisioner.adapters import trusted
from tenantry.provisioner.adapters.s3 import refusals

_CONNECT_SECONDS = 5
_READ_SECONDS = 30
_OF_AWS = (".amazonaws.com", ".amazonaws.com.cn")
_LOGGERS = ("botocore", "aiobotocore")


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """How an administrator reaches the server.

    Attributes:
        endpoint: where S3 is spoken.
        iam_endpoint: where IAM is spoken; empty: at the same address, or at AWS' own.
        ca_certificate: who signs the certificates of both, as PEM; empty: the public authorities.
    """

    endpoint: str
    iam_endpoint: str = ""
    region: str
    access_key: str
    secret_key: str = field(repr=False)
    ca_certificate: str = ""

    @property
    def is_aws(self) -> bool:
        """Tell whether it is AWS itself."""
        return (urlsplit(self.endpoint).hostname or "").endswith(_OF_AWS)

    def opened_by(self, access_key: str, secret_key: str) -> "Store":
        """Return the same server, reached with another key."""
        return replace(self, access_key=access_key, secret_key=secret_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """The two APIs of a server. The library makes their methods from its descriptions, so no type knows them."""

    s3: Any
    iam: Any
    partition: str


class Connections:
    """Opens clients; keeps what the library has read."""

    def __init__(self) -> None:
        """Read nothing yet."""
        self._session: Any = session.AioSession()  # its parameters have no types
        for name in _LOGGERS:
            # In detail they write whole answers, and new secrets with them.
            logging.getLogger(name).setLevel(logging.INFO)

    @contextlib.asynccontextmanager
    async def opened(self, store: Store, *, within: timedelta) -> AsyncGenerator[Clients]:
        """Yield clients; what goes wrong in here is raised as our own errors.

        Args:
            store: whom to reach.
            within: how long the whole may take.
        """
        with refusals.told(store.endpoint), _trusted(store.ca_certificate) as verify:
            async with asyncio.timeout(within.total_seconds()):
                iam_endpoint = store.iam_endpoint or (None if store.is_aws else store.endpoint)
                async with (
                    self._client("s3", store, store.endpoint, verify) as s3,
                    self._client("iam", store, iam_endpoint, verify) as iam,
                ):
                    yield Clients(s3=s3, iam=iam, partition=s3.meta.partition if store.is_aws else "aws")

    def _client(self, service: str, store: Store, endpoint: str | None, verify: str | None) -> Any:
        return self._session.create_client(
            service,
            endpoint_url=endpoint,
            region_name=store.region,
            aws_access_key_id=store.access_key,
            aws_secret_access_key=store.secret_key,
            verify=verify,
            config=config.AioConfig(
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                retries={"total_max_attempts": 1},  # a key that was made twice would live twice
                s3={"addressing_style": "auto" if store.is_aws else "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )


@contextlib.contextmanager
def _trusted(ca: str) -> Generator[str | None]:
    """Yield the path of a file with the certificates, which is what the library takes; None where there are none."""
    if not ca:
        yield None
        return
    with trusted.file(ca) as path:
        yield path
