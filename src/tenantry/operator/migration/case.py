"""One former object with all that is wanted of it: filled in anew each time that somebody looks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from tenantry.application import manifest
from tenantry.kubernetes import kinds, parts
from tenantry.operator.migration import mapping as mappings
from tenantry.operator.migration import model
from tenantry.operator.render import frame, names, objects
from tenantry.runtime import document


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One former object.

    Attributes:
        item: the object as it was read last.
        mapping: how its kind is brought over.
        filled: the mapping, filled in for it.
    """

    item: kinds.Object = field(repr=False)
    mapping: mappings.Migration = field(repr=False)
    filled: mappings.Filled = field(repr=False)
    application: manifest.Application = field(repr=False)

    @property
    def namespace(self) -> str:
        """Where everything is."""
        return self.item["metadata"]["namespace"]

    @property
    def name(self) -> str:
        """The former object's name."""
        return self.item["metadata"]["name"]

    @property
    def uid(self) -> str:
        """Which object of that name it is."""
        return self.item["metadata"]["uid"]

    @property
    def wanted(self) -> document.Installation:
        """The Installation that it becomes."""
        return self.filled.installation

    @property
    def things(self) -> list[tuple[kinds.Kind, str]]:
        """What is handed over."""
        named = ((kinds.VOLUME_CLAIM, self.filled.claims), (kinds.SECRET, self.filled.secrets))
        services = [(kinds.SERVICE, each.name) for each in self.filled.services]
        return [*((kind, name) for kind, several in named for name in several), *services]

    def owner(self, uid: str) -> Mapping[str, Any]:
        """Return the reference to the Installation, as the operator writes it."""
        return objects.owner(self.wanted.metadata.name, uid)

    def selector(self, door: mappings.Service) -> Mapping[str, str]:
        """Return what selects the new pods behind a Service."""
        return {objects.INSTALLATION: self.wanted.metadata.name, objects.WORKLOAD: door.workload}

    def target(self, door: mappings.Service) -> int:
        """Return the number of the port that a Service leads to.

        Raises:
            UnmappableError: the application has no such workload or port.
        """
        declared = {(each.name, port.name) for each in self.application.spec.workloads for port in each.ports}
        if (door.workload, door.port) not in declared:
            title = self.application.metadata.name
            raise mappings.UnmappableError(
                f"The application “{title}” has no port “{door.port}” of a workload “{door.workload}”."
            )
        return frame.port_numbers(self.application.spec)[door.port]

    def needs_name(self, deployment: str) -> bool:
        """Tell whether the Installation makes a Deployment of this name."""
        name = self.wanted.metadata.name
        workloads = [each for each in self.application.spec.workloads if not each.volumes]
        return deployment in {names.joined(name, each.name) for each in workloads}


def controller(item: kinds.Object) -> str | None:
    """Return the uid of who controls an object."""
    return next(
        (each["uid"] for each in parts.listed(item, "metadata", "ownerReferences") if each.get("controller")), None
    )


def record(item: kinds.Object, key: str) -> str | None:
    """Return what we have written down on an object."""
    return parts.mapping(item, "metadata", "annotations").get(key)


def agrees(item: object, patch: object) -> bool:
    """Tell whether an object is as a merge patch would make it."""
    if not isinstance(patch, dict):
        return item == patch
    known = cast("kinds.Object", item) if isinstance(item, dict) else {}
    return all(agrees(known.get(key), value) for key, value in cast("kinds.Object", patch).items())


def way(item: kinds.Object) -> model.Way | None:
    """Return where an object is to go; None where nobody has asked."""
    given = parts.mapping(item, "metadata", "labels").get(model.MIGRATE)
    return model.Way(given) if given in [str(each) for each in model.Way] else None
