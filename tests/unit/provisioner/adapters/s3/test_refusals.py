import ssl
from collections.abc import Mapping
from typing import Any

import pytest
from botocore import exceptions

from tenantry.kernel import errors
from tenantry.provisioner.adapters.s3 import refusals

ADDRESS = "https://s3.example.com"


def refused(status: int, **details: str) -> exceptions.ClientError:
    answer: dict[str, Any] = {"ResponseMetadata": {"HTTPStatusCode": status}}
    return exceptions.ClientError(answer | ({"Error": details} if details else {}), "CreateUser")


AWAY = exceptions.EndpointConnectionError(endpoint_url="https://iam.example.com/?Action=x", error=OSError())
CASES: list[tuple[Exception, type[errors.TenantryError], str]] = [
    (refused(403, Code="InvalidClientTokenId"), refusals.KeyRefusedError, "(InvalidClientTokenId)"),
    (
        refused(403, Code="AccessDenied", Message="No."),
        refusals.StoreRefusedError,
        "refused CreateUser: AccessDenied: No.",
    ),
    (refused(403, Code="AccessDenied"), refusals.StoreRefusedError, "refused CreateUser: AccessDenied"),
    (refused(405), refusals.StoreRefusedError, "refused CreateUser: status 405"),
    (AWAY, refusals.StoreAwayError, "The object store at https://iam.example.com does not answer."),
    (TimeoutError(), refusals.StoreAwayError, "The object store at https://s3.example.com does not answer."),
    (
        exceptions.SSLError(endpoint_url=ADDRESS, error=ssl.SSLError("handshake")),
        refusals.StoreUntrustedError,
        "not trusted: SSLError.",
    ),
    (exceptions.DataNotFoundError(data_path="x"), refusals.StoreRefusedError, "(DataNotFoundError)"),
]


@pytest.mark.parametrize(("raised", "kind", "words"), CASES)
def test_what_goes_wrong_has_words_for_an_administrator(
    raised: Exception, kind: type[errors.TenantryError], words: str
) -> None:
    with pytest.raises(kind) as caught, refusals.told(ADDRESS):
        raise raised
    assert words in caught.value.message
    assert isinstance(caught.value, errors.TemporaryError)


def test_a_long_answer_is_cut() -> None:
    with pytest.raises(refusals.StoreRefusedError) as caught, refusals.told(ADDRESS):
        raise refused(500, Code="Odd", Message="x" * 10_000)
    assert len(caught.value.message) < 400


async def test_only_a_refusal_that_is_expected_passes() -> None:
    async def answer(error: Exception | None) -> Mapping[str, Any]:
        if error is not None:
            raise error
        return {"Keys": 1}

    assert await refusals.passing(answer(None), "NoSuchEntity") == {"Keys": 1}
    assert await refusals.passing(answer(refused(404, Code="NoSuchEntity")), "NoSuchEntity") is None
    with pytest.raises(exceptions.ClientError):
        await refusals.passing(answer(refused(403, Code="AccessDenied")), "NoSuchEntity")
