"""What the forms about one workspace show: settings, deletion, renaming, and the first password."""

from collections.abc import Mapping
from dataclasses import dataclass

from tenantry.portal.catalogue import form
from tenantry.portal.catalogue import model as catalogue
from tenantry.portal.overview import service as overview
from tenantry.portal.pages import workspace_views
from tenantry.wire import installations


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialsView:
    """The first administrator's password, or that it was shown before."""

    workspace: workspace_views.WorkspaceView
    credentials: installations.InstallationCredentials | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteView:
    """What is lost, and the field for the name."""

    workspace: workspace_views.WorkspaceView
    typed: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameView:
    """The field for another name."""

    workspace: workspace_views.WorkspaceView
    typed: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsView:
    """Size and settings as a form."""

    workspace_id: str
    name: str
    product: str
    sizes: tuple[catalogue.Size, ...]
    size: str
    fields: tuple[form.Field, ...]
    errors: dict[str, str]
    form_key: str
    generation: int
    """Of the workspace as it was when the form was made; another one at its return tells of a change meanwhile."""


def settings_view(
    seen: overview.Overview, typed: Mapping[str, str], errors: dict[str, str], *, form_key: str
) -> SettingsView:
    """Return the form as it was typed, or as things are."""
    return SettingsView(
        workspace_id=seen.workspace.id,
        name=seen.workspace.name,
        product=seen.product.title,
        sizes=seen.product.sizes,
        size=typed.get("size", seen.workspace.size),
        fields=form.fields(seen.product.settings_schema, typed, errors),
        errors=errors,
        form_key=form_key,
        generation=generation(seen),
    )


def generation(seen: overview.Overview) -> int:
    """Return which of its changes the workspace has come to; 0 before there is anything to change."""
    return seen.workspace.installation.generation if seen.workspace.installation else 0
