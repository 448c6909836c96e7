"""One request to the provisioner as a value, and how typed things become its body."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote

import orjson
import pydantic

from tenantry.client import failures
from tenantry.kernel import randomness as randoms

Answer = TypeVar("Answer", bound=pydantic.BaseModel)
Query = Mapping[str, str | int | None]

_REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request.

    Attributes:
        method: the HTTP method.
        path: the path below the provisioner's address, already quoted.
        query: parameters; those that are None are left out.
        body: JSON to send.
        key: an Idempotency-Key, which makes a POST safe to repeat.
        if_match: the ETag of what is to be changed.
        if_none_match: the ETag of what is known already.
    """

    method: str
    path: str
    query: Query = field(default_factory=dict[str, str | int | None])
    body: bytes | None = None
    key: str | None = None
    if_match: str | None = None
    if_none_match: str | None = None

    @property
    def is_repeatable(self) -> bool:
        """Tell whether sending it twice does what sending it once does."""
        return self.method in _REPEATABLE or self.key is not None

    def headers(self) -> dict[str, str]:
        """Return the headers that belong to this call alone."""
        given = {"Idempotency-Key": self.key, "If-Match": self.if_match, "If-None-Match": self.if_none_match}
        headers = {name: value for name, value in given.items() if value is not None}
        return headers | ({"Content-Type": "application/json"} if self.body is not None else {})

    def parameters(self) -> dict[str, str]:
        """Return the query as text."""
        return {name: str(value) for name, value in self.query.items() if value is not None}


def path(*parts: str) -> str:
    """Return a path below `/v1` with every part quoted, so that no name can lead elsewhere."""
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)


def body(request: pydantic.BaseModel) -> bytes:
    """Return a request's JSON with only what was set, secrets included: it is about to be sent."""
    known = request.model_dump(by_alias=True, exclude_unset=True)
    return orjson.dumps(known, default=_reveal, option=orjson.OPT_NON_STR_KEYS)


def document(whole: pydantic.BaseModel) -> bytes:
    """Return a whole document's JSON, defaults included."""
    return whole.model_dump_json(by_alias=True).encode()


def read(model: type[Answer], raw: bytes) -> Answer:
    """Return an answer as its model.

    Raises:
        AnswerUnreadableError: it is something else.
    """
    try:
        return model.model_validate_json(raw)
    except pydantic.ValidationError as error:
        message = f"The answer is not a {model.__name__} ({error.error_count()} differences)."
        raise failures.AnswerUnreadableError(message) from error


def new_key(randomness: randoms.Randomness) -> str:
    """Return an Idempotency-Key for a call whose caller has none of its own."""
    return randomness.token_bytes(16).hex()


def _reveal(value: Any) -> str:
    if isinstance(value, pydantic.SecretStr):
        return value.get_secret_value()
    raise TypeError
