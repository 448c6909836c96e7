"""Parameters of the path and the query: one that is unknown, given twice, or not printable is refused by name."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import TypeGuard, cast

from fastapi import Request
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel

from tenantry.kernel import errors

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class ParameterRefusedError(errors.CustomerMustActError):
    """A parameter cannot be taken."""

    code = "request-invalid"
    status = 422
    hint = "Correct the named parameter and send the request again."

    def __init__(self, message: str, location: str, name: str) -> None:
        """Say what is wrong with a parameter of the path or the query."""
        super().__init__(message, field=name)
        self.location = location


def check(request: Request, dependant: Dependant) -> None:
    """Refuse parameters that cannot be taken.

    Args:
        request: what was sent.
        dependant: what the request's route takes.

    Raises:
        ParameterRefusedError: the message says which, and why.
    """
    known = dict(_query_names(dependant))
    for name, count in Counter(name for name, _ in request.query_params.multi_items()).items():
        if name not in known:
            raise ParameterRefusedError("There is no such parameter here.", "query", name[:80])
        if count > 1 and not known[name]:
            raise ParameterRefusedError("It is given more than once.", "query", name)
    given_values = [("query", *pair) for pair in request.query_params.multi_items()]
    given_values += [("path", name, str(value)) for name, value in request.path_params.items()]
    for location, name, value in given_values:
        if _CONTROL.search(value):
            raise ParameterRefusedError("It holds a control character.", location, name)


def _is_model(kind: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _query_names(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """Yield each query parameter that a route knows, and whether it may be given several times."""
    for field in dependant.query_params:
        kind = cast("object", field.field_info.annotation)
        if _is_model(kind):
            for name, inner in kind.model_fields.items():
                yield inner.alias or name, "list[" in str(inner.annotation)
        else:
            yield field.alias, "list[" in str(kind)
    for each in dependant.dependencies:
        yield from _query_names(each)
