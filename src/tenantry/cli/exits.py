"""What the exit code of `tenantry` says; the reference lists these from here."""

from enum import IntEnum

from tenantry.kernel import errors


class Exit(IntEnum):
    """Why the command ended."""

    OK = 0
    """Done."""
    FAILED = 1
    """It could not be done."""
    USAGE = 2
    """The request cannot be carried out as it was made: mend the command, the file or the value."""
    NOT_FOUND = 3
    """There is no such thing."""
    CONFLICT = 4
    """The request contradicts what is there: a name that is taken, a change in flight, a lock."""
    NOT_ALLOWED = 5
    """The token is missing, expired, revoked, or lacks the scope."""
    AWAY = 6
    """The provisioner cannot be reached, or is too busy: try again later."""
    TIMED_OUT = 7
    """The wait was given up; the work goes on."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C."""


class WaitTimedOutError(errors.TenantryError):
    """It is not done yet."""

    code = "wait-timed-out"
    hint = "The work goes on. Look again later, or wait longer with --timeout."


_CODES: tuple[tuple[type[errors.TenantryError], Exit], ...] = (
    (WaitTimedOutError, Exit.TIMED_OUT),
    (errors.NotFoundError, Exit.NOT_FOUND),
    (errors.ConflictError, Exit.CONFLICT),
    (errors.ForbiddenError, Exit.NOT_ALLOWED),
    (errors.UnauthenticatedError, Exit.NOT_ALLOWED),
    (errors.CustomerMustActError, Exit.USAGE),
    (errors.TemporaryError, Exit.AWAY),
)


def code_of(error: errors.TenantryError) -> Exit:
    """Return the exit code for an error."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), Exit.FAILED)
