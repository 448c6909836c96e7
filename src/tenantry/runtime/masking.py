"""Takes secret values out of text that people will read."""

from collections.abc import Iterable, Mapping

from tenantry.runtime import document

MASK = "•••"
_SHORTEST = 6
"""Shorter values (`5432`, `disable`) would mask half the log and guard nothing."""

_PLAIN = frozenset({"host", "port", "name", "user", "sslMode", "caCertificate", "region", "endpoint", "sender"})
"""Keys of secrets that say where something is, not how to get in."""


def secret_values(secrets: Mapping[str, Mapping[str, str]], spec: document.InstallationSpec) -> tuple[str, ...]:
    """Return what must not be shown, the longest first, so that a part never hides the rest from the search.

    Args:
        secrets: name → key → value of all that was handed over with an installation.
        spec: what the installation refers to.
    """
    generated = spec.generated.secret_name if spec.generated else None
    found = {
        value
        for name, data in secrets.items()
        for key, value in data.items()
        if len(value) >= _SHORTEST and (key not in _PLAIN or name == generated)
    }
    return tuple(sorted(found, key=len, reverse=True))


def of_bundle(bundle: document.InstallationBundle) -> tuple[str, ...]:
    """Return what must not be shown of an installation that was handed over."""
    return secret_values({each.name: each.data for each in bundle.secrets}, bundle.installation.spec)


def mask(line: str, secrets: Iterable[str]) -> str:
    """Return the line without the secrets."""
    for secret in secrets:
        line = line.replace(secret, MASK)
    return line
