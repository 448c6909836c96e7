"""The values of a request: who asks for which change of what, and what a new installation is to be."""

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from tenantry.application import rendering
from tenantry.application import settings as application_settings
from tenantry.application import values as application_values
from tenantry.provisioner import context
from tenantry.provisioner.access import model as access
from tenantry.provisioner.applications import model as applications
from tenantry.provisioner.installations import handover, model, view
from tenantry.wire import installations as wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change that somebody asks for.

    Attributes:
        if_match: the ETags of which one must be the present one; None: whatever it is now.
    """

    identifier: str
    by: access.Principal
    if_match: frozenset[str] | None = None

    def check(self, installation: model.Installation) -> None:
        """Refuse where the installation has changed since it was read.

        Raises:
            ChangedMeanwhileError: the ETag is another now.
        """
        if self.if_match is not None and view.etag(installation) not in self.if_match:
            raise model.ChangedMeanwhileError


def wanted(application: applications.Application, request: wire.CreateInstallation) -> dict[str, Any]:
    """Return version, size and settings of a new installation, checked and with their defaults.

    Raises:
        CustomerMustActError: one of them does not fit the application.
    """
    manifest = application.manifest
    version = application_values.version(manifest, request.version or application.default_version)
    size = application_values.size(manifest, request.size or manifest.spec.sizes[0].name)
    settings = application_settings.check(manifest.spec.settings, request.settings)
    return {"version": version.version, "size": size.name, "settings": settings}


def credentials(installation: model.Installation, around: context.Context) -> rendering.Credentials | None:
    """Fill in how the first administrator signs in; nothing else of the manifest is looked at."""
    spec = installation.application.spec
    if spec.credentials is None:
        return None
    bundle = handover.bundle(installation, around)
    data = {secret.name.removeprefix(f"{installation.id}-"): secret.data for secret in bundle.secrets}
    nowhere = PurePosixPath("/nowhere")
    values = application_values.Values(
        application=installation.application,
        version=application_values.version(installation.application, installation.version),
        size=application_values.size(installation.application, installation.size),
        identity=application_values.Identity(id=installation.id, name=installation.name),
        display_name=installation.display_name,
        url=installation.url,
        host=bundle.installation.spec.hosts[0],
        settings=installation.settings,
        handover=application_values.Handover(
            database=data.get("database"),
            bucket=data.get("bucket"),
            mail=data.get("mail"),
            generated=data.get("generated", {}),
        ),
        placement=application_values.Placement(
            package=nowhere,
            configuration=nowhere,
            volumes={need.name: nowhere for need in spec.needs.volumes},
            ports=dict.fromkeys(application_values.port_names(spec), 0),
        ),
    )
    return rendering.render_credentials(values)
