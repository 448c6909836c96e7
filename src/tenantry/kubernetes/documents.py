"""Objects of our kinds as the API server gives them, and documents as it takes them.

An object carries more than a document: what Kubernetes keeps for itself stays behind, and annotations do too, which are
never for behaviour.
"""

from collections.abc import Mapping
from typing import Any

import pydantic

from tenantry.application import manifest
from tenantry.kernel import errors
from tenantry.kubernetes import kinds
from tenantry.runtime import document

Object = kinds.Object

FINALISER = "tenantry.dev/operator"
"""Keeps an Installation until everything that was made for it is gone; the operator puts it there if nobody has."""

_METADATA = ("name", "generation", "labels")


class ObjectInvalidError(errors.CustomerMustActError):
    """The object is not what its kind says."""

    code = "object-not-understood"
    status = 422
    hint = "Apply the definitions of the operator's version again."


def installation(given: Object) -> document.Installation:
    """Return the document of an `Installation` object.

    Raises:
        ObjectInvalidError: it is not one; the message names the keys and no values.
    """
    try:
        return document.Installation.model_validate(_document(given), by_alias=True, by_name=False)
    except pydantic.ValidationError as error:
        raise ObjectInvalidError(_problem(given, error)) from error


def application(given: Object) -> manifest.Application:
    """Return the document of an `Application` object.

    Raises:
        ObjectInvalidError: it is not one; the message names the keys and no values.
    """
    try:
        return manifest.Application.model_validate(_document(given), by_alias=True, by_name=False)
    except pydantic.ValidationError as error:
        raise ObjectInvalidError(_problem(given, error)) from error


def written(given: document.Installation | manifest.Application, *, namespace: str | None = None) -> Object:
    """Return a document as an object to be applied: without its status, and without what the API server decides."""
    made = given.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"status"})
    metadata: dict[str, Any] = {"name": given.metadata.name}
    if namespace is not None:
        metadata["namespace"] = namespace
    for key in ("labels", "annotations"):
        if value := made["metadata"].get(key):
            metadata[key] = value
    return {**made, "metadata": metadata}


def status(given: document.InstallationStatus | manifest.ApplicationStatus) -> Mapping[str, Any]:
    """Return a status as it is written through the status subresource."""
    return given.model_dump(mode="json", by_alias=True, exclude_none=True)


def _document(given: Object) -> Object:
    metadata: Mapping[str, Any] = given.get("metadata", {})
    kept = {key: metadata[key] for key in _METADATA if key in metadata}
    return {**{key: given[key] for key in given if key in _KEYS}, "metadata": kept}


_KEYS = frozenset({"apiVersion", "kind", "spec", "status"})


def _problem(given: Object, error: pydantic.ValidationError) -> str:
    name = given.get("metadata", {}).get("name", "")
    told = "; ".join(
        f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}"
        for each in error.errors(include_url=False, include_context=False, include_input=False)
    )
    return f"{given.get('kind', 'Object')} “{name}” is not understood: {told}"
