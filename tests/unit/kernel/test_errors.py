"""An error's docstring is its default message; code, status and hint are there for whoever answers for it."""

from datetime import timedelta

import pytest

from tenantry.kernel import errors


class QuotaError(errors.ConflictError):
    """The quota is used up.

    More for the reader of the code.
    """

    code = "quota"
    hint = "Delete something."


class SilentError(errors.TenantryError):
    __doc__ = None


def test_the_first_line_of_the_docstring_is_the_message() -> None:
    error = QuotaError()
    assert (str(error), error.message, error.advice) == (
        "The quota is used up.",
        "The quota is used up.",
        "Delete something.",
    )


def test_what_is_given_comes_before_what_the_class_says() -> None:
    error = QuotaError("No room for “x”.", hint="Ask for more.", field="name")
    assert (str(error), error.advice, error.field) == ("No room for “x”.", "Ask for more.", "name")


def test_an_error_without_a_docstring_still_says_something() -> None:
    assert str(SilentError()) == "Something went wrong."


@pytest.mark.parametrize(
    ("kind", "code", "status"),
    [
        (errors.TenantryError, "internal", 500),
        (errors.PermanentError, "permanent", 500),
        (errors.TemporaryError, "temporarily-unavailable", 503),
        (errors.CustomerMustActError, "invalid", 400),
        (errors.NotFoundError, "not-found", 404),
        (errors.ConflictError, "conflict", 409),
        (errors.ForbiddenError, "forbidden", 403),
        (errors.UnauthenticatedError, "unauthenticated", 401),
        (QuotaError, "quota", 409),
    ],
)
def test_codes_and_statuses_are_stable(kind: type[errors.TenantryError], code: str, status: int) -> None:
    assert (kind.code, kind.status, kind().code, kind().status) == (code, status, code, status)


def test_a_temporary_error_says_how_long_to_wait() -> None:
    assert errors.TemporaryError(delay=timedelta(seconds=3)).delay == timedelta(seconds=3)
    assert errors.TemporaryError("Later.", hint="Wait.", field="x").delay is None
