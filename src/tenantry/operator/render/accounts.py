"""The service account of an installation's pods: it has no rights, and no token is given to anybody."""

from typing import Any

from tenantry.kubernetes import kinds
from tenantry.operator.render import names, objects
from tenantry.operator.render import wanted as wants


def name(wanted: wants.Wanted) -> str:
    """Return the account's name."""
    return names.joined(wanted.name)


def render(wanted: wants.Wanted) -> list[objects.Object]:
    """Return the account."""
    body: dict[str, Any] = {"automountServiceAccountToken": False}
    if wanted.facts.pull_secrets:
        body["imagePullSecrets"] = [{"name": each} for each in wanted.facts.pull_secrets]
    return [objects.make(wanted, kinds.SERVICE_ACCOUNT, name(wanted), body)]
