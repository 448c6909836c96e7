"""Who calls: the token, what it may do, and what is refused."""

from dataclasses import dataclass, field
from datetime import timedelta

from tenantry.kernel import errors
from tenantry.wire import tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The bearer of a valid token."""

    token_id: str
    name: str
    scopes: frozenset[tokens.Scope]

    def require(self, scope: tokens.Scope) -> None:
        """Refuse what the token does not allow.

        Raises:
            ScopeMissingError: the scope is not among its scopes.
        """
        if scope not in self.scopes:
            raise ScopeMissingError(self.name, scope)


class ScopeMissingError(errors.ForbiddenError):
    """The token does not allow this."""

    code = "scope-missing"

    def __init__(self, token: str, scope: tokens.Scope) -> None:
        """Name the token and the scope that it lacks."""
        hint = f"Use a token that was created with --scope {scope}."
        super().__init__(f"The token “{token}” has no scope “{scope}”.", hint=hint)
        self.scope = scope


class TokenInvalidError(errors.UnauthenticatedError):
    """The token is unknown, has expired or was revoked."""

    code = "token-invalid"
    hint = "Send “Authorization: Bearer TOKEN” with a valid token; `tenantry token create` makes one."


KEY_LIFETIME = timedelta(hours=24)
"""How long an Idempotency-Key is remembered; after that it is a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """A request that must be carried out once, however often it arrives."""

    token_id: str
    key: str
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a request is answered, byte for byte.

    Attributes:
        subject_id: what the request made or changed.
        holds_secret: it is given once and never kept.
        is_replay: it was given before.
    """

    subject_id: str
    status: int
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: bytes = field(repr=False)
    holds_secret: bool = False
    is_replay: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What is kept of a request; its answer is not where that held a secret."""

    digest: bytes
    subject_id: str
    answer: Answer | None


class KeyReusedError(errors.ConflictError):
    """This Idempotency-Key was used for another request."""

    code = "idempotency-key-reused"
    status = 422
    hint = "Use a new key for a new request."


class KeyInFlightError(errors.TemporaryError):
    """A request with this Idempotency-Key is being carried out at this moment."""

    code = "idempotency-key-in-flight"
    status = 409
    hint = "Send the same request again in a moment; it is answered as the first one was."


class AnswerNotKeptError(errors.ConflictError):
    """The request with this Idempotency-Key was carried out, and its answer held a secret that is not kept."""

    code = "answer-not-kept"
    hint = "If that answer is lost, end what it made and make another with a new key."
