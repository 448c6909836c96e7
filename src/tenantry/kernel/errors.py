"""One root error, three kinds of failure, and a stable code on each.

An error's docstring is its default message; `code` and `status` are what the API answers (RFC 9457), `hint` says what
to do. What the caller can do about it is the kind: nothing (`PermanentError`), wait (`TemporaryError`), or change
something (`CustomerMustActError`). No message may hold a secret.
"""

from datetime import timedelta


class TenantryError(Exception):
    """Something went wrong."""

    code: str = "internal"
    status: int = 500
    hint: str | None = None

    def __init__(self, message: str | None = None, *, hint: str | None = None, field: str | None = None) -> None:
        """Take a message, or use the class's docstring.

        Args:
            message: what happened, for a person.
            hint: what to do about it; the class's own where it is not given.
            field: the input that caused it, as a dotted path.
        """
        self.message = message or _first_line(type(self).__doc__)
        self.advice = hint or self.hint
        self.field = field
        super().__init__(self.message)


class PermanentError(TenantryError):
    """This cannot succeed, however often it is tried."""

    code = "permanent"


class TemporaryError(TenantryError):
    """This did not work now and may work later."""

    code = "temporarily-unavailable"
    status = 503

    def __init__(
        self,
        message: str | None = None,
        *,
        delay: timedelta | None = None,
        hint: str | None = None,
        field: str | None = None,
    ) -> None:
        """Take a message and, where it is known, how long to wait before the next try."""
        super().__init__(message, hint=hint, field=field)
        self.delay = delay


class CustomerMustActError(TenantryError):
    """The request cannot be carried out as it was made."""

    code = "invalid"
    status = 400


class NotFoundError(CustomerMustActError):
    """There is no such thing."""

    code = "not-found"
    status = 404


class ConflictError(CustomerMustActError):
    """The request contradicts what is there."""

    code = "conflict"
    status = 409


class ForbiddenError(CustomerMustActError):
    """You may not do this."""

    code = "forbidden"
    status = 403


class UnauthenticatedError(CustomerMustActError):
    """A valid token is needed."""

    code = "unauthenticated"
    status = 401


def reason(error: TenantryError) -> str:
    """Return the code as conditions word it: `agent-away` becomes `AgentAway`."""
    return "".join(part.capitalize() for part in error.code.split("-"))


def _first_line(text: str | None) -> str:
    return (text or TenantryError.__doc__ or "").strip().splitlines()[0]
