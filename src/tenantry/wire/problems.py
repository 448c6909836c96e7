"""Errors as RFC 9457 problem details, with a stable code and what to do."""

from typing import Literal

from pydantic import Field

from tenantry.wire import model

Location = Literal["body", "query", "path", "header"]

MEDIA_TYPE = "application/problem+json"


class FieldProblem(model.Resource):
    """What is wrong with one input."""

    field: str
    """Dotted path: `settings.title`; for a parameter or a header its name."""
    message: str
    location: Location | None = None
    """Where the input is; not given where the provisioner only knows its name."""
    pointer: str | None = None
    """The same place in the body as a JSON Pointer (RFC 6901): `#/settings/title`."""


class Problem(model.Resource):
    """What happened, and what to do about it."""

    type: str
    """`https://tenantry.dev/problems/CODE`."""
    title: str
    status: int
    detail: str
    code: str
    """Stable; programs decide by it."""
    hint: str | None = None
    """What to do."""
    reference: str | None = None
    """The request's id, to quote to whoever runs the provisioner; it is in their log."""
    fields: list[FieldProblem] = Field(default_factory=list[FieldProblem])
