"""Problems become errors of ours: the status decides the kind, and nothing that the provisioner said is lost."""

from datetime import timedelta

import orjson
import pytest

from tenantry.client import failures
from tenantry.kernel import errors

PROBLEM = {
    "type": "https://tenantry.dev/problems/name-taken",
    "title": "Conflict",
    "status": 409,
    "detail": "The name “acme” is taken.",
    "code": "name-taken",
    "hint": "Choose another name.",
    "reference": "req-1",
    "fields": [{"field": "name", "message": "is taken"}],
}


def test_everything_the_provisioner_said_is_kept() -> None:
    error = failures.from_answer(409, {}, orjson.dumps(PROBLEM))
    assert isinstance(error, errors.ConflictError)
    assert (error.message, error.code, error.advice) == (
        "The name “acme” is taken.",
        "name-taken",
        "Choose another name.",
    )
    assert (error.reference, error.field, error.status) == ("req-1", "name", 409)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.CustomerMustActError),
        (401, errors.UnauthenticatedError),
        (403, errors.ForbiddenError),
        (404, errors.NotFoundError),
        (409, errors.ConflictError),
        (412, errors.ConflictError),
        (422, errors.CustomerMustActError),
        (429, errors.TemporaryError),
        (500, errors.TemporaryError),
        (503, errors.TemporaryError),
    ],
)
def test_the_status_decides_the_kind(status: int, kind: type[errors.TenantryError]) -> None:
    assert isinstance(failures.from_answer(status, {}, b""), kind)


def test_an_answer_that_says_when_to_try_again_is_temporary() -> None:
    error = failures.from_answer(409, {"Retry-After": "1"}, b"")
    assert isinstance(error, errors.TemporaryError)
    assert error.delay == timedelta(seconds=1)


def test_an_answer_without_a_problem_is_named_by_its_status() -> None:
    error = failures.from_answer(502, {}, b"<html>Bad gateway</html>")
    assert (error.code, error.status) == ("http-502", 502)
    assert "502 (Bad Gateway)" in error.message


def test_a_code_of_one_error_is_not_the_code_of_the_next() -> None:
    failures.from_answer(409, {}, orjson.dumps(PROBLEM))
    assert failures.ConflictProblemError.code == "conflict"


@pytest.mark.parametrize(
    ("header", "delay"),
    [("3", timedelta(seconds=3)), ("soon", None), ("-1", None), ("inf", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None)],
)
def test_retry_after_is_the_delay(header: str, delay: timedelta | None) -> None:
    assert failures.from_answer(503, {"Retry-After": header}, b"").delay == delay
