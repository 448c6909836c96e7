"""Says on standard error what went wrong: one line, and one more with what to do."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from tenantry.kernel import errors


class _Field(Protocol):
    @property
    def field(self) -> str: ...
    @property
    def message(self) -> str: ...


@runtime_checkable
class _Detailed(Protocol):
    """An error from the provisioner; described by shape, so that showing an error loads no HTTP client."""

    @property
    def reference(self) -> str | None: ...
    @property
    def fields(self) -> tuple[_Field, ...]: ...


@runtime_checkable
class Refused(Protocol):
    """What Pydantic raises for a request that cannot be; told by its shape, so that not each start loads it."""

    def errors(self) -> Sequence[Mapping[str, Any]]: ...


class RequestInvalidError(errors.CustomerMustActError):
    """A value cannot be what it was said to be. The values themselves are not repeated: one may be a secret."""

    code = "request-invalid"

    def __init__(self, refused: Refused) -> None:
        """Tell what the models refused."""
        said = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in refused.errors())
        super().__init__("; ".join(said))


def lines(error: errors.TenantryError) -> list[str]:
    """Return what is said about an error."""
    said = [f"error: {error.message}"]
    if isinstance(error, _Detailed):
        said += [f"  {each.field}: {each.message}" for each in error.fields]
    if error.advice:
        said.append(f"hint: {error.advice}")
    if isinstance(error, _Detailed) and error.reference:
        said.append(f"reference: {error.reference}")
    return said


def show(error: errors.TenantryError) -> None:
    """Say it."""
    sys.stderr.write("\n".join(lines(error)) + "\n")
