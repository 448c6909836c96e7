"""What a route declares of the problems that it answers; the description and the tests read it."""

from http import HTTPStatus
from typing import Any

from tenantry.kernel import errors
from tenantry.provisioner.access import model as access
from tenantry.provisioner.api import conditions, json_text, reading
from tenantry.provisioner.installations import model as installations

CODES = "x-codes"
"""Where a route's responses hold codes and their meaning, until the description is made of them."""

Responses = dict[int | str, dict[str, Any]]
Kind = type[errors.TenantryError]


def of(*kinds: Kind) -> Responses:
    """Return the `responses` of a route that answers these errors, besides those that all routes share."""
    found: Responses = {}
    for kind in kinds:
        codes = found.setdefault(kind.status, {CODES: {}, "description": HTTPStatus(kind.status).phrase})[CODES]
        codes[kind.code] = meaning(kind)
    return found


def meaning(kind: Kind) -> str:
    """Return what an error means, in one sentence."""
    return " ".join((kind.__doc__ or "").split("\n\n")[0].split())


class RequestInvalidError(errors.CustomerMustActError):
    """A parameter, a header or a value of the body is not of the form that it must have; `fields` says which."""

    code = "request-invalid"
    status = 422


class BodyTooLongError(errors.CustomerMustActError):
    """The body is longer than 1 MiB."""

    code = "body-too-long"
    status = 413


EVERYWHERE: tuple[Kind, ...] = (
    access.TokenInvalidError,
    access.ScopeMissingError,
    RequestInvalidError,
    errors.TemporaryError,
)
WITH_BODY: tuple[Kind, ...] = (json_text.BodyUnreadableError, BodyTooLongError, reading.MediaTypeUnsupportedError)
WITH_KEY: tuple[Kind, ...] = (access.KeyInFlightError, access.KeyReusedError)
WITH_CONDITION: tuple[Kind, ...] = (conditions.ConditionInvalidError, installations.ChangedMeanwhileError)
