"""One installation, rendered: its programs and files with every template filled in for the inside of its pods.

All parts of the rendering work from this, and none fills in a template by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from tenantry.application import manifest, rendering, values
from tenantry.kernel import errors
from tenantry.operator.render import clustered, names
from tenantry.operator.render import wanted as wants

CONFIGURATION = PurePosixPath("/tenantry/configuration")
VOLUMES = PurePosixPath("/tenantry/volumes")
HOME = PurePosixPath("/tenantry/home")
TEMPORARY = PurePosixPath("/tmp")  # noqa: S108 - an empty folder of the pod's own

_FIRST_PORT = 8080


class ImageMissingError(errors.CustomerMustActError):
    """The version has no container image, so it cannot run on Kubernetes."""

    code = "image-missing"
    status = 422
    hint = "Set “image” of the version in the application's manifest."


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One installation, rendered.

    Attributes:
        version: the version that is wanted.
        image: its container image.
        handover: what was handed over with the installation.
        rendered: programs, files and jobs.
        ports: port name → number.
    """

    wanted: wants.Wanted
    version: manifest.Version
    image: str
    handover: values.Handover = field(repr=False)
    rendered: rendering.Rendered
    ports: Mapping[str, int]

    @property
    def spec(self) -> manifest.ApplicationSpec:
        """What the application says of itself."""
        return self.wanted.application.spec

    def name(self, *parts: str, longest: int = names.LONGEST) -> str:
        """Return the name of an object of this installation."""
        return names.joined(self.wanted.name, *parts, longest=longest)

    def declared(self, workload: str) -> manifest.Workload:
        """Return what the manifest says of a workload."""
        return next(each for each in self.spec.workloads if each.name == workload)


def build(wanted: wants.Wanted) -> Frame:
    """Fill in everything.

    Raises:
        ImageMissingError: the version has no image.
        errors.TenantryError: the document and the application do not fit each other; the message says where.
    """
    spec = wanted.installation.spec
    version = values.version(wanted.application, spec.version)
    if version.image is None:
        raise ImageMissingError(f"{wanted.application.spec.title} {version.version} has no container image.")
    given = handover(wanted)
    ports = port_numbers(wanted.application.spec)
    collected = values.collect(
        wanted.application,
        spec,
        identity=values.Identity(id=wanted.name, name=spec.hosts[0].split(".")[0]),
        handover=given,
        placement=_placement(wanted, version, ports),
    )
    return Frame(
        wanted=wanted,
        version=version,
        image=version.image,
        handover=given,
        rendered=rendering.render(collected),
        ports=ports,
    )


def handover(wanted: wants.Wanted) -> values.Handover:
    """Return the Secrets that the installation refers to, by role."""
    spec = wanted.installation.spec
    roles = {"database": spec.database, "bucket": spec.bucket, "mail": spec.mail}
    given = {role: wanted.secrets.get(each.secret_name) for role, each in roles.items() if each is not None}
    if (database := clustered.handover(wanted)) is not None:
        given["database"] = database
    generated = wanted.secrets.get(spec.generated.secret_name) if spec.generated is not None else None
    return values.Handover(**given, generated=generated or {})


def service_name(wanted: wants.Wanted, workload: str) -> str:
    """Return the name of a workload's Service."""
    return names.joined(wanted.name, workload)


def service_host(wanted: wants.Wanted, workload: str) -> str:
    """Return the name under which a workload is reached in the cluster."""
    return f"{service_name(wanted, workload)}.{wanted.namespace}.svc.{wanted.facts.service_domain}"


def port_numbers(spec: manifest.ApplicationSpec) -> dict[str, int]:
    """Number the ports in the manifest's order; no number needs a right that the pods do not have."""
    return {name: _FIRST_PORT + index for index, name in enumerate(values.port_names(spec))}


def volume_path(name: str) -> str:
    """Return where a volume is in a pod."""
    return str(VOLUMES / names.kebab(name))


def _placement(wanted: wants.Wanted, version: manifest.Version, ports: Mapping[str, int]) -> values.Placement:
    spec = wanted.application.spec
    return values.Placement(
        package=PurePosixPath(version.image_package),
        configuration=CONFIGURATION,
        volumes={need.name: PurePosixPath(volume_path(need.name)) for need in spec.needs.volumes},
        ports=ports,
        listen_host=wanted.facts.listen_host,
        reach_hosts={port.name: service_host(wanted, each.name) for each in spec.workloads for port in each.ports},
    )
