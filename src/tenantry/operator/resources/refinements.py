"""What the API server checks beyond the models: rules between several values and between old and new, and bounds.

Rules are written in CEL. The API server refuses a rule that could take long, so whatever a rule goes through has a
bound. Parts are named as the models are: `InstallationSpec`, `ApplicationSpec.workloads`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule and what it says to whoever breaks it."""

    rule: str
    message: str
    field: str | None = None
    reason: str = "FieldValueInvalid"

    def written(self) -> dict[str, str]:
        """Return the rule as a schema has it."""
        made = {"rule": self.rule, "message": self.message, "reason": self.reason}
        return made if self.field is None else made | {"fieldPath": self.field}


def _kept(field: str, message: str) -> Rule:
    """Return a rule by which a value may be set once and never be changed."""
    unchanged = f"has(self.{field}) && self.{field} == oldSelf.{field}"
    return Rule(
        rule=f"!has(oldSelf.{field}) || ({unchanged})", message=message, field=f".{field}", reason="FieldValueForbidden"
    )


_LABEL = "self.metadata.name.size() <= 63 && self.metadata.name.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')"
_LABEL_MESSAGE = "The name has at most 63 small letters, digits and hyphens, and no hyphen at its ends."

RULES: Mapping[str, tuple[Rule, ...]] = {
    "Installation": (
        Rule(
            rule=_LABEL,
            message=_LABEL_MESSAGE,
        ),
    ),
    "InstallationSpec": (
        Rule(
            rule="self.application == oldSelf.application",
            message="The application of an installation cannot be changed; make another installation.",
            field=".application",
            reason="FieldValueForbidden",
        ),
        _kept("database", "The reference to the database cannot be changed; change the Secret that it names."),
        _kept("databaseCluster", "The cluster of the database cannot be changed; make another installation."),
        Rule(
            rule="!(has(self.database) && has(self.databaseCluster))",
            message="The database is either handed over or made on a cluster.",
            field=".databaseCluster",
        ),
        _kept("bucket", "The reference to the bucket cannot be changed; change the Secret that it names."),
        _kept(
            "generated", "The reference to the generated secrets cannot be changed; change the Secret that it names."
        ),
        Rule(
            rule="isURL(self.url) && self.hosts.exists(host, host == url(self.url).getHostname())",
            message="The host of the address must be one of the host names.",
            field=".url",
        ),
        Rule(
            rule="!self.url.endsWith('/')",
            message="The address has no slash at its end.",
            field=".url",
        ),
    ),
    "Application": (
        Rule(
            rule=_LABEL,
            message=_LABEL_MESSAGE,
        ),
    ),
    "ApplicationSpec": (
        Rule(
            rule=(
                "self.workloads.exists(workload, workload.name == self.route.workload"
                " && has(workload.ports) && workload.ports.exists(port, port.name == self.route.port))"
            ),
            message="The route must lead to a port of one of the workloads.",
            field=".route",
        ),
        Rule(
            rule=("!has(self.defaultVersion) || self.versions.exists(version, version.version == self.defaultVersion)"),
            message="The default version must be one of the versions.",
            field=".defaultVersion",
        ),
    ),
    "Version": (
        Rule(
            rule="has(self.image) || (has(self.package) && has(self.package.pip))",
            message="A version needs an image or a package.",
            reason="FieldValueRequired",
        ),
    ),
    "VolumeNeed": (
        Rule(
            rule="quantity(self.size).compareTo(quantity(oldSelf.size)) >= 0",
            message="A volume can grow and cannot shrink.",
            field=".size",
            reason="FieldValueForbidden",
        ),
    ),
    "WorkloadSize": (
        Rule(
            rule="!has(self.scale) || self.scale.upTo >= self.replicas",
            message="A workload cannot start with more copies than it may have.",
            field=".scale",
        ),
    ),
}
"""Model → the rules of its values."""

LIST_KEYS: Mapping[str, tuple[str, ...]] = {
    "ApplicationSpec.versions": ("version",),
    "ApplicationSpec.secrets": ("name",),
    "ApplicationSpec.files": ("name",),
    "ApplicationSpec.workloads": ("name",),
    "ApplicationSpec.sizes": ("name",),
    "Needs.volumes": ("name",),
    "Workload.environment": ("name",),
    "Workload.ports": ("name",),
    "Workload.volumes": ("name",),
    "ApplicationStatus.versions": ("version",),
    "InstallationStatus.conditions": ("type",),
    "InstallationStatus.endpoints": ("workload", "port"),
}
"""Lists whose items are told apart by these keys: none is there twice, and two writers can each keep some."""

BOUNDS: Mapping[str, Mapping[str, Any]] = {
    "ApplicationSpec.versions": {"maxItems": 100},
    "ApplicationSpec.workloads": {"maxItems": 20},
    "ApplicationSpec.sizes": {"maxItems": 20},
    "ApplicationSpec.defaultVersion": {"maxLength": 63},
    "Size.workloads": {"maxProperties": 20},
    "Needs.volumes": {"maxItems": 20},
    "Workload.ports": {"maxItems": 20},
    "VolumeNeed.size": {"maxLength": 30},
}
"""How much there may be of what a rule goes through."""
