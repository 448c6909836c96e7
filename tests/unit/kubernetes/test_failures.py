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
        (403, {"message": 'User "x" cannot patch resource "pods"'}, failures.NotAllowedError),
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


@pytest.mark.parametrize(
    ("told", "is_just_full"),
    [
        ("requested: services=1, used: services=1, limited: services=1", True),
        ("requested: a=1,b=1, used: a=1,b=2, limited: a=1,b=2", True),
        ("requested: services=1, used: services=2, limited: services=1", False),
        ("requested: a=1,b=1, used: a=1,b=3, limited: a=1,b=2", False),
        ("requested: storage=1Gi, used: storage=1Gi, limited: storage=1Gi", False),
    ],
)
def test_a_quota_that_is_just_full_lets_one_take_anothers_place(told: str, is_just_full: bool) -> None:
    refusal = answered(403, message=f'services "a" is forbidden: exceeded quota: q, {told}')
    assert isinstance(refusal, failures.QuotaExceededError)
    assert refusal.is_just_full is is_just_full


def refused(*causes: tuple[str, str]) -> errors.TenantryError:
    given = [{"reason": reason, "field": "spec", "message": message} for reason, message in causes]
    return answered(422, reason="Invalid", message="x is invalid", details={"causes": given})


SELECTOR = ("FieldValueInvalid", 'Invalid value: {"matchLabels":{"app":"x"}}: field is immutable')
ADDRESS = ("FieldValueInvalid", 'Invalid value: ["None"]: may not change once set')
CONFIGURATION = ("FieldValueForbidden", "Forbidden: field is immutable when `immutable` is set")
STATEFUL = (
    "FieldValueForbidden",
    "Forbidden: updates to statefulset spec for fields other than 'replicas', 'template' are forbidden",
)
SHORT = ("FieldValueInvalid", 'Invalid value: "field is immutable": must be no more than 15 characters')
DENIED = ("", "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: field is immutable")
OTHERS = ("FieldValueInvalid", "Invalid value: name is immutable")


@pytest.mark.parametrize("cause", [SELECTOR, ADDRESS, CONFIGURATION, STATEFUL])
def test_a_field_that_can_never_change_is_told_apart(cause: tuple[str, str]) -> None:
    assert type(refused(cause)) is failures.ImmutableError
    assert type(refused(cause, SELECTOR)) is failures.ImmutableError


@pytest.mark.parametrize("cause", [SHORT, DENIED, OTHERS])
def test_what_else_is_refused_is_no_such_field_even_beside_one(cause: tuple[str, str]) -> None:
    assert type(refused(cause)) is failures.InvalidObjectError
    assert type(refused(SELECTOR, cause)) is failures.InvalidObjectError


def test_a_refusal_by_a_policy_is_quoted() -> None:
    assert refused(DENIED).message == f"patch x: spec: {DENIED[1]}"
    by_policy = answered(422, reason="Invalid", details={"causes": [{"message": DENIED[1]}]})
    assert by_policy.message == f"patch x: {DENIED[1]}"


@pytest.mark.parametrize(
    ("told", "is_of_the_role"),
    [
        ('pods is forbidden: User "x" cannot list resource "pods" in API group "" at the cluster scope', True),
        ('User "x" cannot get path "/metrics"', True),
        ("jobs is forbidden: cannot set blockOwnerDeletion if an ownerReference refers to a resource …", True),
        ('admission webhook "x.example.com" denied the request: no', False),
        ('pods "x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true', False),
        ("", False),
    ],
)
def test_only_a_refusal_by_the_role_is_mended_by_the_role(told: str, is_of_the_role: bool) -> None:
    refusal = answered(403, message=told)
    assert isinstance(refusal, failures.NotAllowedError)
    assert told in refusal.message
    assert refusal.advice == ("Apply the role of the operator's version again." if is_of_the_role else None)
