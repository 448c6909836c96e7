"""What a customer can ask for: a new workspace, and changes of one that is there.

Each wish becomes one order row, in one transaction with what the page then shows. The form's key makes a double click,
or a form sent again, the same order.
"""

from dataclasses import dataclass, replace
from typing import Any

from tenantry.kernel import clock as clocks
from tenantry.kernel import errors, ids, names
from tenantry.portal import database
from tenantry.portal.accounts import model as accounts
from tenantry.portal.catalogue import form
from tenantry.portal.catalogue import model as catalogue
from tenantry.portal.orders import model, store
from tenantry.portal.workspaces import model as workspaces
from tenantry.portal.workspaces import store as workspace_store

_CHANGED_MEANWHILE = (
    "The workspace was changed after this form was opened. Compare what you typed with what you want, "
    "and save it again."
)


class FormInvalidError(errors.CustomerMustActError):
    """Some fields cannot be used as they are."""

    code = "form-invalid"
    status = 422

    def __init__(self, fields: dict[str, str]) -> None:
        """Keep what is wrong, by field name."""
        super().__init__()
        self.fields = fields


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWorkspace:
    """What the form of a new workspace sends."""

    product: catalogue.Product
    name: str
    size: str
    typed: dict[str, str]
    form_key: str


class Orders:
    """Takes orders."""

    def __init__(self, db: database.Database, *, clock: clocks.Clock, identifiers: ids.Identifiers) -> None:
        """Take what it needs from the composition root."""
        self._db = db
        self._clock = clock
        self._identifiers = identifiers

    async def create(self, account: accounts.Account, wish: NewWorkspace) -> ids.WorkspaceId:
        """Order a new workspace; returns its identifier at once.

        Raises:
            FormInvalidError: correct the fields that it names.
            NameTakenError: choose another name.
        """
        settings = _checked(wish.product, wish.typed, size=wish.size, name=wish.name)
        workspace = self._new_workspace(account, wish.product.name, wish.name, wish.size, settings)
        order = self._order(workspace, model.Kind.CREATE, {})
        async with self._db.write() as writer:
            await database.serialise(writer, f"orders/{account.id}/{wish.form_key}")
            earlier = await store.by_form_key(writer, account.id, wish.form_key)
            if earlier is not None:
                return earlier.workspace_id
            await workspace_store.add(writer, workspace)
            await store.place(writer, order, wish.form_key)
        return workspace.id

    async def change(
        self, account: accounts.Account, workspace_id: str, kind: model.Kind, *, form_key: str, details: dict[str, Any]
    ) -> None:
        """Order a change of a workspace that is there; one that is under way already is not ordered again.

        Raises:
            WorkspaceUnknownError: the account has no such workspace.
            NotPossibleError: not in its present state, or another change is under way.
        """
        async with self._db.write() as writer:
            workspace = await _owned(writer, account, workspace_id)
            if await store.by_form_key(writer, account.id, form_key) is not None:
                return
            newest = await store.newest(writer, workspace.id)
            waiting = newest.kind if newest is not None and newest.is_open else None
            if model.is_under_way(kind, workspace.status, waiting):
                return
            if kind not in model.possible(workspace.status, waiting):
                raise model.NotPossibleError
            await store.place(writer, self._order(workspace, kind, details), form_key)
            await database.notify(writer, workspace_store.topic(workspace.id))

    async def rename(self, account: accounts.Account, workspace_id: str, *, name: str, form_key: str) -> None:
        """Order a refused workspace again under another name.

        Raises:
            NameInvalidError, NameReservedError, NameTakenError: choose another name.
            NotPossibleError: it was not refused.
        """
        checked = names.check(name)
        async with self._db.write() as writer:
            workspace = await _owned(writer, account, workspace_id)
            if await store.by_form_key(writer, account.id, form_key) is not None:
                return
            if workspace.status is not workspaces.Status.REFUSED:
                raise model.NotPossibleError
            renamed = replace(workspace, name=checked, status=workspaces.Status.ORDERED, status_since=self._clock.now())
            await workspace_store.save(writer, renamed)
            await store.place(writer, self._order(renamed, model.Kind.CREATE, {}), form_key)

    async def withdraw(self, account: accounts.Account, workspace_id: str) -> None:
        """Take a refused workspace off the list.

        Raises:
            NotPossibleError: it was not refused.
        """
        async with self._db.write() as writer:
            workspace = await _owned(writer, account, workspace_id)
            if workspace.status is not workspaces.Status.REFUSED:
                raise model.NotPossibleError
            gone = replace(workspace, status=workspaces.Status.WITHDRAWN, status_since=self._clock.now())
            await workspace_store.save(writer, gone)

    def _new_workspace(
        self, account: accounts.Account, product: str, name: str, size: str, settings: dict[str, Any]
    ) -> workspaces.Workspace:
        now = self._clock.now()
        return workspaces.Workspace(
            id=ids.WorkspaceId(self._identifiers.new("wsp")),
            account_id=account.id,
            product=product,
            name=name,
            size=size,
            settings=settings,
            status=workspaces.Status.ORDERED,
            installation=None,
            status_since=now,
            ready_at=None,
            credentials_shown_at=None,
            created_at=now,
        )

    def _order(self, workspace: workspaces.Workspace, kind: model.Kind, details: dict[str, Any]) -> model.Order:
        return model.Order(
            id=self._identifiers.new("ord"),
            account_id=workspace.account_id,
            workspace_id=workspace.id,
            kind=kind,
            details=details,
            status=model.Status.WAITING,
            code="",
            message="",
            created_at=self._clock.now(),
            finished_at=None,
        )


def changed_settings(
    product: catalogue.Product, typed: dict[str, str], *, size: str, is_current: bool
) -> dict[str, Any]:
    """Return the details of an update order from what was typed.

    Args:
        product: what the workspace is of.
        typed: the form's fields.
        size: the size that was chosen.
        is_current: whether the workspace is still as it was when the form was opened; otherwise the form, which holds
            all settings, would undo the change that came between.

    Raises:
        FormInvalidError: correct the fields that it names, or look at them again.
    """
    settings = _checked(product, typed, size=size)
    if not is_current:
        raise FormInvalidError({"size": _CHANGED_MEANWHILE})
    return {"size": size, "settings": settings}


def _checked(
    product: catalogue.Product, typed: dict[str, str], *, size: str, name: str | None = None
) -> dict[str, Any]:
    """Return the settings; everything that is wrong with the form is told at once."""
    problems = {} if name is None else _name_problems(name)
    if product.size(size) is None:
        problems["size"] = "Choose one of the sizes."
    parsed = form.parse(product.settings_schema, typed)
    if problems or parsed.errors:
        raise FormInvalidError(problems | parsed.errors)
    return parsed.settings


def _name_problems(name: str) -> dict[str, str]:
    try:
        names.check(name)
    except errors.CustomerMustActError as error:
        return {"name": error.message}
    return {}


async def _owned(writer: database.Writer, account: accounts.Account, workspace_id: str) -> workspaces.Workspace:
    workspace = await workspace_store.lock(writer, workspace_id)
    if workspace is None or workspace.account_id != account.id:
        raise workspaces.WorkspaceUnknownError
    return workspace
