"""What can go wrong between a client and the provisioner, as errors of ours.

The API's problems (RFC 9457) keep their code, hint, reference and fields; their class says, as everywhere, what the
caller can do about it. That the provisioner could not be reached at all is an error of its own.
"""

import math
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus

import orjson
import pydantic

from tenantry.kernel import errors
from tenantry.wire import problems


class ProvisionerAwayError(errors.TemporaryError):
    """The provisioner cannot be reached."""

    code = "provisioner-away"
    hint = "Is it running? Look at the address, and at `tenantry status` on the machine it runs on."


class AnswerUnreadableError(errors.PermanentError):
    """The answer is not one of the provisioner's."""

    code = "answer-unreadable"
    hint = "Is this the address of a provisioner, and is this client of the same version?"


class ProblemError(errors.TenantryError):
    """The provisioner refused the request."""

    def __init__(self, problem: problems.Problem, *, delay: timedelta | None = None) -> None:
        """Keep the problem.

        Args:
            problem: what the provisioner answered.
            delay: how long it asks to wait before the next try.
        """
        field = problem.fields[0].field if problem.fields else None
        super().__init__(problem.detail or problem.title, hint=problem.hint, field=field)
        self.problem = problem
        self.code = problem.code
        self.status = problem.status
        self.reference = problem.reference
        self.fields = tuple(problem.fields)
        self.delay = delay


class RequestProblemError(ProblemError, errors.CustomerMustActError):
    """The request cannot be carried out as it was made."""


class UnauthenticatedProblemError(ProblemError, errors.UnauthenticatedError):
    """A valid token is needed."""


class ForbiddenProblemError(ProblemError, errors.ForbiddenError):
    """The token may not do this."""


class NotFoundProblemError(ProblemError, errors.NotFoundError):
    """There is no such thing."""


class ConflictProblemError(ProblemError, errors.ConflictError):
    """The request contradicts what is there."""


class TemporaryProblemError(ProblemError, errors.TemporaryError):
    """The provisioner could not do it now."""


_KINDS: Mapping[int, type[ProblemError]] = {
    HTTPStatus.UNAUTHORIZED: UnauthenticatedProblemError,
    HTTPStatus.FORBIDDEN: ForbiddenProblemError,
    HTTPStatus.NOT_FOUND: NotFoundProblemError,
    HTTPStatus.CONFLICT: ConflictProblemError,
    HTTPStatus.PRECONDITION_FAILED: ConflictProblemError,
    HTTPStatus.TOO_MANY_REQUESTS: TemporaryProblemError,
}


def from_answer(status: int, headers: Mapping[str, str], body: bytes) -> ProblemError:
    """Return the error that an answer with a status of 400 or more stands for.

    One that says when to try again is temporary, whatever its status.
    """
    delay = _delay(headers.get("Retry-After"))
    fallback = TemporaryProblemError if status >= HTTPStatus.INTERNAL_SERVER_ERROR else RequestProblemError
    kind = _KINDS.get(status, fallback) if delay is None else TemporaryProblemError
    return kind(_problem(status, body), delay=delay)


def _problem(status: int, body: bytes) -> problems.Problem:
    try:
        return problems.Problem.model_validate(orjson.loads(body))
    except (orjson.JSONDecodeError, pydantic.ValidationError):
        return _unexplained(status)


def _unexplained(status: int) -> problems.Problem:
    """Stand in for the problem where something between us and the provisioner answered."""
    known = status in {each.value for each in HTTPStatus}
    title = HTTPStatus(status).phrase if known else "Unknown status"
    return problems.Problem(
        type="about:blank",
        title=title,
        status=status,
        detail=f"The answer was {status} ({title}) without an explanation.",
        code=f"http-{status}",
        hint="Does the address lead to the provisioner, or to something in front of it?",
    )


def _delay(retry_after: str | None) -> timedelta | None:
    try:
        seconds = float(retry_after or "")
    except ValueError:
        return None
    return timedelta(seconds=seconds) if math.isfinite(seconds) and seconds >= 0 else None
