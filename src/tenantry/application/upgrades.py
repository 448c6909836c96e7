"""Which version may follow which: decided by the manifest alone."""

from collections.abc import Iterator

from tenantry.application import manifest, values
from tenantry.kernel import errors


class UpgradeRefusedError(errors.ConflictError):
    """An installation of this version cannot be brought to that one."""

    code = "upgrade-refused"


def default_version(spec: manifest.ApplicationSpec) -> str:
    """Return the version that a new installation gets."""
    return spec.default_version or spec.versions[-1].version


def reachable(spec: manifest.ApplicationSpec, current: str) -> list[str]:
    """Return the versions that may follow, in the manifest's order."""
    return list(_reachable(spec, current))


def check(application: manifest.Application, *, current: str, wanted: str) -> None:
    """Check that the wanted version may follow the current one; the same one always may.

    Raises:
        values.UnknownVersionError: there is no such version.
        UpgradeRefusedError: it may not follow.
    """
    values.version(application, wanted)
    if wanted == current:
        return
    possible = reachable(application.spec, current)
    if wanted not in possible:
        hint = f"Possible from {current}: {', '.join(possible) or 'nothing'}."
        message = f"{application.spec.title} {current} cannot be brought to {wanted}."
        raise UpgradeRefusedError(message, hint=hint, field="version")


def _reachable(spec: manifest.ApplicationSpec, current: str) -> Iterator[str]:
    back = {name for version in spec.versions if version.version == current for name in version.downgrades_to}
    for version in spec.versions:
        if current in version.upgrades_from or version.version in back:
            yield version.version
