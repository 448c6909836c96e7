"""An application as it travels: pure."""

from collections.abc import Sequence

from tenantry.application import manifest
from tenantry.provisioner.applications import model
from tenantry.wire import applications as wire

_WORST = (manifest.VersionPhase.FAILED, manifest.VersionPhase.PREPARING, manifest.VersionPhase.PREPARED)


def view(application: model.Application) -> wire.Application:
    """Return the application as clients see it."""
    spec = application.manifest.spec
    return wire.Application(
        id=application.id,
        name=application.manifest.metadata.name,
        title=spec.title,
        summary=spec.summary,
        icon=spec.icon,
        status=status(application.preparations),
        message=" ".join(f"{each.cluster}: {each.message}" for each in application.preparations if each.message),
        versions=[_version(version, application.preparations) for version in spec.versions],
        default_version=application.default_version,
        sizes=[wire.Size(name=size.name, title=size.title or size.name.capitalize()) for size in spec.sizes],
        settings_schema=spec.settings,
        generation=application.generation,
        created_at=application.created_at,
        updated_at=application.updated_at,
    )


def status(preparations: Sequence[model.Preparation]) -> model.Status:
    """Return the worst over all clusters; without a cluster, nothing is prepared yet."""
    seen = {each.status for each in preparations}
    for worst in (model.Status.FAILED, model.Status.PREPARING):
        if worst in seen:
            return worst
    return model.Status.AVAILABLE if seen else model.Status.PREPARING


def _version(version: manifest.Version, preparations: Sequence[model.Preparation]) -> wire.Version:
    reports = [report for each in preparations for report in each.versions if report.version == version.version]
    found = min(reports, key=lambda report: _WORST.index(report.phase), default=None)
    return wire.Version(
        version=version.version,
        phase=manifest.VersionPhase.PREPARING if found is None else found.phase,
        message="" if found is None else found.message,
        upgrades_from=version.upgrades_from,
        downgrades_to=version.downgrades_to,
    )
