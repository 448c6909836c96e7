"""What to ask the provisioner for an order: pure, so that every kind can be tried without a provisioner."""

from dataclasses import dataclass
from typing import Any

from tenantry.portal.orders import model
from tenantry.portal.workspaces import model as workspaces
from tenantry.wire import installations


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """Order a new installation."""

    request: installations.CreateInstallation


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Change the installation that is there."""

    installation_id: str
    action: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """Nothing can be asked: there is no installation to change."""

    message: str


Step = Create | Change | Refuse


def decide(order: model.Order, workspace: workspaces.Workspace) -> Step:
    """Return the one call that carries the order out."""
    if order.kind is model.Kind.CREATE:
        return Create(
            request=installations.CreateInstallation(
                name=workspace.name,
                application=workspace.product,
                size=workspace.size,
                settings=workspace.settings,
                labels={model.LABEL: workspace.id},
            )
        )
    if workspace.installation is None:
        return Refuse(message="The workspace does not exist yet.")
    return Change(installation_id=workspace.installation.id, action=order.kind.value, details=order.details)
