"""What the API server refuses, told once in our own words: wait, something is not there, or it can never work.

Messages name objects and fields and never a value, since values may be secret.
"""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, cast

import orjson

from tenantry.kernel import errors

_INVALID_VALUE = re.compile(r'(?:Invalid|Unsupported|Duplicate) value: (?:"(?:[^"\\]|\\.)*"|.*?)(?:: |$)', re.DOTALL)
_IMMUTABLE = re.compile(
    r"Forbidden: updates to \w+ spec for fields other than .*"
    r"|(?:.*: )?(?:field is immutable(?: when `immutable` is set)?|may not change once set)",
    re.DOTALL,
)
"""What the API server says of a field that can never change; a value may stand before it, which says nothing."""
_OF_FIELDS = frozenset({"FieldValueInvalid", "FieldValueForbidden"})
_BY_ROLE = re.compile(r'User "[^"]*" cannot \S+ (?:resource|path) "|cannot set blockOwnerDeletion')
"""What is said where a role is too narrow; whoever admits objects forbids them for reasons of their own."""
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


class CredentialsExpiredError(CredentialsRefusedError):
    """Our credentials for the cluster have run out."""

    code = "cluster-credentials-expired"


class NotAllowedError(errors.TemporaryError):
    """The cluster does not allow this: by our role in it, or by whoever else is asked there."""

    code = "cluster-forbids"


class QuotaExceededError(errors.TemporaryError):
    """The quota of the namespace is used up."""

    code = "quota-exceeded"
    hint = "Raise the ResourceQuota, or free what uses it."

    @property
    def is_just_full(self) -> bool:
        """Whether no more is used than is allowed, so that another may take the place of one that goes."""
        used, limited = (_counts(self.message, name) for name in ("used", "limited"))
        return bool(used) and all(count <= limited.get(name, -1) for name, count in used.items())


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


class ImmutableError(InvalidObjectError):
    """The object differs from what is there in fields that can never change, and nothing else is wrong with it."""


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
    message = f"{what}: {_message(given) or f'HTTP status {status}'}"
    if delay is None and details.get("retryAfterSeconds"):
        delay = timedelta(seconds=float(details["retryAfterSeconds"]))
    if (told_apart := _TOLD_APART.get(status)) is not None:
        return told_apart(given, message)
    if (known := _BY_STATUS.get(status)) is not None:
        return known(message)
    if status == 429 or status >= 500:  # noqa: PLR2004 - HTTP
        return BusyError(message, delay=delay)
    return RefusedError(message)


_BY_STATUS: Mapping[int, type[errors.TenantryError]] = {
    401: CredentialsRefusedError,
    404: MissingError,
    410: ExpiredError,
}

_ROLE_HINT = "Apply the role of the operator's version again."


def _forbidden(given: Mapping[str, Any], message: str) -> errors.TenantryError:
    told = str(given.get("message") or "")
    if "exceeded quota" in told:
        return QuotaExceededError(message)
    if any(cause.get("reason") == "NamespaceTerminating" for cause in _causes(given)):
        return NamespaceEndingError(message)
    return NotAllowedError(message, hint=_ROLE_HINT if _BY_ROLE.search(told) else None)


def _conflict(given: Mapping[str, Any], message: str) -> errors.TenantryError:
    return ExistsError(message) if given.get("reason") == "AlreadyExists" else OutdatedError(message)


def _invalid(given: Mapping[str, Any], message: str) -> errors.TenantryError:
    """Return the error of an object that is refused; who refuses it by a policy names no reason of a field."""
    causes = _causes(given)
    are_immutable = [
        cause.get("reason") in _OF_FIELDS and _IMMUTABLE.fullmatch(str(cause.get("message") or "")) for cause in causes
    ]
    return ImmutableError(message) if causes and all(are_immutable) else InvalidObjectError(message)


_TOLD_APART: Mapping[int, Callable[[Mapping[str, Any], str], errors.TenantryError]] = {
    403: _forbidden,
    409: _conflict,
    422: _invalid,
}


def _counts(message: str, name: str) -> dict[str, int]:
    """Return what a quota's refusal says under a name, `used: pods=1,services=2`; empty where it is not of counts."""
    found = re.search(rf"\b{name}: ([^\s=]+=\d+(?:,[^\s=]+=\d+)*)(?:, |$)", message)
    pairs = [] if found is None else [each.split("=") for each in found[1].split(",")]
    return {key: int(count) for key, count in pairs}


def _causes(given: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    details: Mapping[str, Any] = given.get("details") or {}
    return details.get("causes") or []


def _message(given: Mapping[str, Any]) -> str:
    causes = _causes(given)
    if given.get("reason") == "Invalid" and causes:
        told = "; ".join(": ".join(filter(None, (cause.get("field"), _bare(cause.get("message"))))) for cause in causes)
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
