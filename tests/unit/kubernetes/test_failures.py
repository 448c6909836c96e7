from datetime import timedelta
from typing import Any

import orjson
import pytest

from tenantry.kernel import errors
from tenantry.kubernetes import failures


def answered(status: int, headers: dict[str, str] | None = None, **told: Any) -> errors.TenantryError:
    body = orjson.dumps({"kind": "Status", "code": status, **told})
    return failures.from_answer(status, body, headers or {}, what="patch x")


@pytest.mark.parametrize(
    ("status", "told", "kind"),
    [
        (401, {}, failures.CredentialsRefusedError),
        (403, {"message": "cannot patch"}, failures.NotAllowedError),
        (403, {"message": 'pods "a" is forbidden: exceeded quota: q'}, failures.QuotaExceededError),
        (403, {"details": {"causes": [{"reason": "NamespaceTerminating"}]}}, failures.NamespaceEndingError),
        (404, {}, failures.MissingError),
        (409, {"reason": "AlreadyExists"}, failures.ExistsError),
        (409, {"reason": "Conflict"}, failures.OutdatedError),
        (410, {"reason": "Expired"}, failures.ExpiredError),
        (422, {"reason": "Invalid"}, failures.InvalidObjectError),
        (429, {}, failures.BusyError),
        (500, {}, failures.BusyError),
        (400, {}, failures.RefusedError),
    ],
)
def test_each_answer_has_its_kind(status: int, told: dict[str, Any], kind: type[errors.TenantryError]) -> None:
    assert type(answered(status, **told)) is kind


def test_a_busy_server_says_how_long_to_wait() -> None:
    by_header = answered(429, {"Retry-After": "7"})
    by_status = answered(503, details={"retryAfterSeconds": 3})
    assert isinstance(by_header, errors.TemporaryError)
    assert isinstance(by_status, errors.TemporaryError)
    assert (by_header.delay, by_status.delay) == (timedelta(seconds=7), timedelta(seconds=3))


def test_a_refused_value_is_not_repeated() -> None:
    causes = [{"field": "spec.env[0]", "message": 'Invalid value: "hunter\\"2": must be short'}]
    refused = answered(422, reason="Invalid", message='x is invalid: "hunter2"', details={"causes": causes})
    assert refused.message == "patch x: spec.env[0]: must be short"


def test_a_proxy_that_answers_in_html_is_borne() -> None:
    told = failures.from_answer(502, b"<html>", {}, what="get y")
    assert (type(told), told.message) == (failures.BusyError, "get y: HTTP status 502")
