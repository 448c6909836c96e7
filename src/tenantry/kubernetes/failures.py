"""What the API server refuses, told once in our own words: wait, something is not there, or it can never work.

Messages name objects and fields and never a value, since values may be secret.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

import orjson

from tenantry.kernel import errors

_INVALID_VALUE = re.compile(r'(?:Invalid|Unsupported|Duplicate) value: (?:"(?:[^"\\]|\\.)*"|.*?)(?:: |$)', re.DOTALL)
_LONGEST = 1000


class UnreachableError(errors.TemporaryError):
    """The cluster's API server cannot be reached."""

    code = "cluster-unreachable"


class SilentError(UnreachableError):
    """The API server has begun to answer and sends nothing more: nothing happens, or it is gone; ask it again."""


class BusyError(errors.TemporaryError):
    """The cluster's API server has too much to do, or is in trouble of its own."""

    code = "cluster-busy"


class CredentialsRefusedError(errors.TemporaryError):
    """The cluster does not accept our credentials."""

    code = "cluster-credentials-refused"
    hint = "Renew the token or certificate; they are read anew at the next try."


class NotAllowedError(errors.TemporaryError):
    """Our role in the cluster does not allow this."""

    code = "cluster-forbids"
    hint = "Apply the role of the operator's version again."


class QuotaExceededError(errors.TemporaryError):
    """The quota of the namespace is used up."""

    code = "quota-exceeded"
    hint = "Raise the ResourceQuota, or free what uses it."


class NamespaceEndingError(errors.TemporaryError):
    """The namespace is being deleted."""

    code = "namespace-ending"


class ExpiredError(errors.TemporaryError):
    """What was asked for is older than what the API server remembers."""

    code = "resource-version-expired"


class MissingError(errors.NotFoundError):
    """There is no such object in the cluster."""

    code = "object-missing"


class ExistsError(errors.ConflictError):
    """There is an object of that name in the cluster already."""

    code = "object-exists"


class OutdatedError(errors.ConflictError):
    """The object has changed meanwhile, or somebody else owns what was to be changed."""

    code = "object-changed"


class InvalidObjectError(errors.PermanentError):
    """The API server refuses the object as it is."""

    code = "object-invalid"


class RefusedError(errors.PermanentError):
    """The API server refuses the request."""

    code = "cluster-refuses"


def from_answer(status: int, body: bytes, headers: Mapping[str, str], *, what: str) -> errors.TenantryError:
    """Return the error that an answer stands for.

    Args:
        status: the HTTP status, 400 or more.
        body: a Kubernetes `Status`, or whatever a proxy says.
        headers: for `Retry-After`.
        what: the verb and the object, for a person.
    """
    return from_status(_status(body), status, what=what, delay=_delay(headers))


def from_status(
    given: Mapping[str, Any], status: int, *, what: str, delay: timedelta | None = None
) -> errors.TenantryError:
    """Return the error that a Kubernetes `Status` stands for; watches send them as events."""
    details: Mapping[str, Any] = given.get("details") or {}
    reason = str(given.get("reason") or "")
    message = f"{what}: {_message(given, details) or f'HTTP status {status}'}"
    if delay is None and details.get("retryAfterSeconds"):
        delay = timedelta(seconds=float(details["retryAfterSeconds"]))
    if status == 409:  # noqa: PLR2004 - HTTP
        return ExistsError(message) if reason == "AlreadyExists" else OutdatedError(message)
    if status == 403:  # noqa: PLR2004 - HTTP
        return _forbidden(str(given.get("message") or ""), details, message)
    if (known := _BY_STATUS.get(status)) is not None:
        return known(message)
    if status == 429 or status >= 500:  # noqa: PLR2004 - HTTP
        return BusyError(message, delay=delay)
    return RefusedError(message)


_BY_STATUS: Mapping[int, type[errors.TenantryError]] = {
    401: CredentialsRefusedError,
    404: MissingError,
    410: ExpiredError,
    422: InvalidObjectError,
}


def _forbidden(told: str, details: Mapping[str, Any], message: str) -> errors.TenantryError:
    if "exceeded quota" in told:
        return QuotaExceededError(message)
    causes: list[Mapping[str, Any]] = details.get("causes") or []
    if any(cause.get("reason") == "NamespaceTerminating" for cause in causes):
        return NamespaceEndingError(message)
    return NotAllowedError(message)


def _message(given: Mapping[str, Any], details: Mapping[str, Any]) -> str:
    causes: list[Mapping[str, Any]] = details.get("causes") or []
    if given.get("reason") == "Invalid" and causes:
        told = "; ".join(f"{cause.get('field', '')}: {_bare(cause.get('message'))}" for cause in causes)
    else:
        told = _bare(given.get("message"))
    return told[:_LONGEST]


def _bare(message: object) -> str:
    return _INVALID_VALUE.sub("", str(message or ""))


def _status(body: bytes) -> Mapping[str, Any]:
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return cast("Mapping[str, Any]", given) if isinstance(given, dict) else {}


def _delay(headers: Mapping[str, str]) -> timedelta | None:
    given = headers.get("Retry-After", "")
    return timedelta(seconds=int(given)) if given.isdigit() else None
