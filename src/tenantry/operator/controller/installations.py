"""What is kept of each Installation and Application: the document itself, as few bytes as it needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from tenantry.application import manifest
from tenantry.kubernetes import documents, kinds, parts
from tenantry.operator.controller import keys
from tenantry.operator.render import objects
from tenantry.runtime import document

HELD = "tenantry.dev/held"
"""Label of an Installation (`true`): the operator makes and repairs nothing of it; it is still removed when asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallationSeen:
    """An Installation.

    Attributes:
        application: the name of its application.
        content: the object as JSON, without what Kubernetes keeps for itself.
    """

    key: keys.Key
    owner: keys.Key | None = None
    version: int = field(compare=False)
    uid: str
    generation: int
    application: str
    is_deleting: bool
    is_held: bool = False
    finalisers: tuple[str, ...]
    content: bytes = field(repr=False)

    def document(self) -> document.Installation:
        """Return the document.

        Raises:
            documents.ObjectInvalidError: it cannot be understood.
        """
        return documents.installation(orjson.loads(self.content))

    def is_changed_by_somebody(self, before: "InstallationSeen | None") -> bool:
        """Tell whether what is wanted has changed, and not only what we report."""
        if before is None or before.uid != self.uid:
            return True
        is_same = (before.generation, before.is_deleting) == (self.generation, self.is_deleting)
        return not is_same or before.is_held is not self.is_held


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationSeen:
    """An Application, with a digest of what it says."""

    key: keys.Key
    owner: keys.Key | None = None
    version: int = field(compare=False)
    generation: int
    digest: str
    document: manifest.Application | None = field(compare=False, repr=False)
    """None: it cannot be understood."""
    fault: str = ""
    """Why it cannot be understood."""
    common: str = ""
    """Digest of what it says beside its versions."""
    versions: Mapping[str, str] = field(default_factory=dict[str, str], compare=False, repr=False)
    """Version → digest of what it says of that one."""

    def concerning(self, version: str) -> list[str | None]:
        """Return what an installation of a version follows from: another version that comes or goes is none of it."""
        return [self.common, self.versions.get(version)]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSeen:
    """A Secret that was handed over with an installation."""

    key: keys.Key
    owner: keys.Key | None = None
    version: int = field(compare=False)
    data: dict[str, str] = field(repr=False)
    """Key → text in base 64."""


def installation(item: kinds.Object) -> InstallationSeen:
    """Return what is kept of an Installation."""
    about: dict[str, Any] = item["metadata"]
    kept = {key: about[key] for key in ("name", "generation") if key in about}
    content = {**{key: item[key] for key in ("apiVersion", "kind", "spec", "status") if key in item}, "metadata": kept}
    return InstallationSeen(
        key=keys.Key(about["namespace"], about["name"]),
        version=int(about["resourceVersion"]),
        uid=about["uid"],
        generation=about.get("generation", 0),
        application=item["spec"]["application"],
        is_deleting=about.get("deletionTimestamp") is not None,
        is_held=parts.mapping(about, "labels").get(HELD) == "true",
        finalisers=tuple(about.get("finalizers") or ()),
        content=orjson.dumps(content),
    )


def application(item: kinds.Object) -> ApplicationSeen:
    """Return what is kept of an Application."""
    about: dict[str, Any] = item["metadata"]
    spec: dict[str, Any] = item["spec"]
    understood, fault = None, ""
    try:
        understood = documents.application(item)
    except documents.ObjectInvalidError as error:
        fault = error.message
    versions: list[dict[str, Any]] = spec.get("versions") or []
    return ApplicationSeen(
        key=keys.Key("", about["name"]),
        version=int(about["resourceVersion"]),
        generation=about.get("generation", 0),
        digest=objects.digest(spec),
        document=understood,
        fault=fault,
        common=objects.digest([fault, {name: value for name, value in spec.items() if name != "versions"}]),
        versions={str(each.get("version")): objects.digest(each) for each in versions},
    )


def secret(item: kinds.Object) -> SecretSeen:
    """Return what is kept of a Secret that was handed over."""
    about: dict[str, Any] = item["metadata"]
    return SecretSeen(
        key=keys.Key(about["namespace"], about["name"]),
        version=int(about["resourceVersion"]),
        data=dict(item.get("data") or {}),
    )
