"""What somebody who knows the former kind says of it: how its objects are found, paused, and told as Installations.

A mapping is one small file. Text in it is a template over the former object (`name`, `namespace`, `metadata`, `spec`,
`status`); `{$copy: spec.hosts}` takes a value over as it is, of whatever type.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, cast

import pydantic
import yaml
from pydantic import Field

from tenantry.application import resource, templates
from tenantry.kernel import errors
from tenantry.kubernetes import kinds
from tenantry.runtime import document

_COPY = "$copy"

Text = Annotated[str, Field(min_length=1, max_length=500)]
"""A template over the former object."""


class MappingInvalidError(errors.CustomerMustActError):
    """The mapping cannot be used."""

    code = "mapping-invalid"


class UnmappableError(errors.CustomerMustActError):
    """The former object cannot be told as an Installation."""

    code = "not-mappable"
    status = 422


class Former(resource.Document):
    """The kind that objects are brought over from; its objects are in namespaces."""

    group: str
    version: str
    plural: str
    kind: str


class Pause(resource.Document):
    """How the former operator is told to leave an object alone."""

    changes: Annotated[dict[str, Any], Field(min_length=1)]
    """A merge patch of the former object that pauses its operator."""
    resume: Annotated[dict[str, Any], Field(min_length=1)]
    """The merge patch that takes it back."""
    observed: dict[str, Any] = Field(default_factory=dict[str, Any])
    """What the object says once its operator has let go; empty where it does not tell."""


class Claim(resource.Document):
    """A volume claim that is handed over; the Installation must want one of this name."""

    name: Text
    together: bool = False
    """Whether the former pods and the new ones may use the volume at the same time."""


class Service(resource.Document):
    """A Service that visitors came by, and that is to lead to the new pods instead."""

    name: Text
    workload: str
    """The workload of the application that it leads to."""
    port: str
    """The workload's port."""


class Wanted(resource.Document):
    """The Installation, in templates."""

    name: Text
    labels: dict[str, Text] = Field(default_factory=dict[str, Text])
    spec: dict[str, Any]


class Migration(resource.Document):
    """How objects of a former kind become Installations."""

    former: Former
    pause: Pause
    installation: Wanted
    claims: list[Claim] = Field(default_factory=list[Claim])
    secrets: list[Text] = Field(default_factory=list[Text])
    """Secrets that are handed over."""
    services: list[Service] = Field(default_factory=list[Service])
    deployments: list[Text] = Field(default_factory=list[Text])
    """What ran the former pods."""

    @property
    def kind(self) -> kinds.Kind:
        """The former kind."""
        return kinds.Kind(**self.former.model_dump(by_alias=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A mapping, filled in for one object.

    Attributes:
        claims: name → whether former and new pods may use it at the same time.
    """

    installation: document.Installation
    claims: Mapping[str, bool]
    secrets: tuple[str, ...]
    services: tuple[Service, ...]
    deployments: tuple[str, ...]


def read(file: Path) -> Migration:
    """Read a mapping.

    Raises:
        MappingInvalidError: the file cannot be read or understood; the message says where.
    """
    try:
        given = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise MappingInvalidError(f"{file} cannot be read: {error}") from error
    try:
        return Migration.model_validate(given, by_alias=True, by_name=False)
    except pydantic.ValidationError as error:
        raise MappingInvalidError(f"{file}: {_problems(error)}") from error


def fill(mapping: Migration, former: kinds.Object) -> Filled:
    """Fill a mapping in for one object.

    Raises:
        UnmappableError: something of it is missing or does not make an Installation; the message says where.
    """
    about: dict[str, Any] = former["metadata"]
    names = {"name": about["name"], "namespace": about["namespace"]}
    names |= {key: former.get(key) or {} for key in ("metadata", "spec", "status")}

    def text(template: str, place: str) -> str:
        return _text(template, names, place)

    wanted = mapping.installation
    head = {"apiVersion": kinds.INSTALLATION.api_version, "kind": kinds.INSTALLATION.kind}
    labels = {key: text(value, f"installation.labels.{key}") for key, value in wanted.labels.items()}
    metadata = {"name": text(wanted.name, "installation.name"), "labels": labels}
    spec = _filled(wanted.spec, names, "installation.spec")
    try:
        made = document.Installation.model_validate({**head, "metadata": metadata, "spec": spec}, by_name=False)
    except pydantic.ValidationError as error:
        raise UnmappableError(f"installation: {_problems(error)}") from error
    return Filled(
        installation=made,
        claims={text(each.name, f"claims[{at}].name"): each.together for at, each in enumerate(mapping.claims)},
        secrets=tuple(text(each, f"secrets[{at}]") for at, each in enumerate(mapping.secrets)),
        services=tuple(
            each.model_copy(update={"name": text(each.name, f"services[{at}].name")})
            for at, each in enumerate(mapping.services)
        ),
        deployments=tuple(text(each, f"deployments[{at}]") for at, each in enumerate(mapping.deployments)),
    )


def _filled(value: Any, names: Mapping[str, Any], place: str) -> Any:
    if isinstance(value, str):
        return _text(value, names, place)
    if isinstance(value, list):
        return [_filled(each, names, f"{place}[{at}]") for at, each in enumerate(cast("list[Any]", value))]
    if isinstance(value, dict):
        given = cast("dict[str, Any]", value)
        if given.keys() == {_COPY}:
            return _copied(str(given[_COPY]), names, place)
        return {key: _filled(each, names, f"{place}.{key}") for key, each in given.items()}
    return value


def _text(template: str, names: Mapping[str, Any], place: str) -> str:
    try:
        return templates.render(template, names, place=place)
    except templates.TemplateError as error:
        raise UnmappableError(error.message, hint=error.advice) from error


def _copied(path: str, names: Mapping[str, Any], place: str) -> Any:
    found: Any = names
    for key in path.split("."):
        if not isinstance(found, dict) or key not in found:
            raise UnmappableError(f"{place}: the object has no “{path}”.")
        found = cast("dict[str, Any]", found)[key]
    return found


def _problems(error: pydantic.ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}"
        for each in error.errors(include_url=False, include_context=False, include_input=False)
    )
