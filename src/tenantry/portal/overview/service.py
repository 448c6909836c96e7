"""What can be asked about workspaces: lists, one with its history, names, and the first password once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tenantry.kernel import clock as clocks
from tenantry.kernel import errors, ids, names
from tenantry.portal import database, ports
from tenantry.portal.accounts import model as accounts
from tenantry.portal.catalogue import model as catalogue
from tenantry.portal.catalogue import store as catalogue_store
from tenantry.portal.following import store as following
from tenantry.portal.history import plan as history
from tenantry.portal.history import store as history_store
from tenantry.portal.orders import model as orders
from tenantry.portal.orders import store as order_store
from tenantry.portal.workspaces import model, store
from tenantry.wire import installations

HISTORY_LENGTH = 25
PAGE_LENGTH = 50
NEIGHBOURS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything that a workspace's page tells."""

    workspace: model.Workspace
    product: catalogue.Product
    newest_order: orders.Order | None
    operations: tuple[history.Operation, ...]
    usual: dict[str, timedelta]
    contact: following.Contact
    unseen_since: datetime | None = None
    """Since when the machines that it runs on cannot be reached; None where they can."""

    @property
    def open_order(self) -> orders.Order | None:
        """The order that still waits."""
        return self.newest_order if self.newest_order is not None and self.newest_order.is_open else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One page of an account's workspaces."""

    workspaces: tuple[model.Brief, ...]
    count: int
    """Of the account in all."""
    sought: str
    is_first: bool
    products: dict[str, str]
    """Product name → title."""
    next_before: str | None
    contact: following.Contact


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """The newest of an account's other workspaces."""

    workspaces: tuple[model.Brief, ...]
    count: int
    """Of the account in all, the one in question included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameAnswer:
    """Whether a name can be used, in words."""

    is_available: bool
    is_known: bool
    """False: the provisioner could not be asked; the order will tell."""
    words: str
    url: str


class Workspaces:
    """Answers questions about workspaces."""

    def __init__(self, db: database.Database, *, clock: clocks.Clock, provisioner: ports.Provisioner) -> None:
        """Take what it needs from the composition root."""
        self._db = db
        self._clock = clock
        self._provisioner = provisioner

    async def overview(self, account_id: ids.AccountId, workspace_id: str) -> Overview:
        """Return all that a workspace's page tells.

        Raises:
            WorkspaceUnknownError: the account has no such workspace.
        """
        async with self._db.read() as reader:
            workspace = await store.find(reader, workspace_id, account_id)
            product = await catalogue_store.find(reader, workspace.product) if workspace else None
            if workspace is None or product is None:
                raise model.WorkspaceUnknownError
            cluster = workspace.installation.cluster if workspace.installation else None
            return Overview(
                workspace=workspace,
                product=product,
                newest_order=await order_store.newest(reader, workspace_id),
                operations=tuple(await history_store.list_of(reader, workspace_id, limit=HISTORY_LENGTH)),
                usual=await history_store.usual_times(reader, workspace.product),
                contact=await following.contact(reader),
                unseen_since=await following.away_since(reader, cluster) if cluster else None,
            )

    async def listing(self, account_id: ids.AccountId, *, before: str | None = None, sought: str = "") -> Listing:
        """Return a page of the account's workspaces, newest first, of those whose name contains what is sought."""
        async with self._db.read() as reader:
            found = await store.list_of(reader, account_id, before=before, sought=sought, limit=PAGE_LENGTH + 1)
            count = await store.count_of(reader, account_id)
            products = await catalogue_store.titles(reader)
            contact = await following.contact(reader)
        shown = tuple(found[:PAGE_LENGTH])
        return Listing(
            workspaces=shown,
            count=count,
            sought=sought,
            is_first=not before,
            products=products,
            next_before=shown[-1].id if len(found) > PAGE_LENGTH else None,
            contact=contact,
        )

    async def neighbours(self, account_id: ids.AccountId, workspace_id: str) -> Neighbours:
        """Return the newest of the account's other workspaces."""
        async with self._db.read() as reader:
            found = await store.list_of(reader, account_id, before=None, sought="", limit=NEIGHBOURS + 1)
            count = await store.count_of(reader, account_id)
        others = [item for item in found if item.id != workspace_id]
        return Neighbours(workspaces=tuple(others[:NEIGHBOURS]), count=count)

    async def contact(self) -> following.Contact:
        """Tell whether the provisioner can be reached."""
        async with self._db.read() as reader:
            return await following.contact(reader)

    async def name(self, name: str) -> NameAnswer:
        """Tell whether a name can be used for a new workspace."""
        try:
            names.check(name)
        except errors.CustomerMustActError as error:
            return NameAnswer(is_available=False, is_known=True, words=error.message, url="")
        async with self._db.read() as reader:
            if await store.is_name_taken(reader, name):
                return _taken(f"“{name}” is taken. Choose another name.")
        try:
            answer = await self._provisioner.name_availability(name)
        except errors.TemporaryError:
            words = "This name looks good. Whether it is free is checked when you order."
            return NameAnswer(is_available=True, is_known=False, words=words, url="")
        if not answer.is_available:
            return _taken(answer.reason or f"“{name}” is taken. Choose another name.")
        return NameAnswer(is_available=True, is_known=True, words=f"“{name}” is free.", url=answer.url)

    async def reveal_credentials(
        self, account: accounts.Account, workspace_id: str
    ) -> installations.InstallationCredentials:
        """Fetch the first administrator's password and mark it as shown; it is shown once.

        Raises:
            WorkspaceUnknownError: the account has no such workspace.
            CredentialsShownError: it was shown before.
            TemporaryError: the provisioner is away; it was not shown and can be asked for again.
        """
        async with self._db.read() as reader:
            workspace = await store.find(reader, workspace_id, account.id)
        if workspace is None or workspace.installation is None:
            raise model.WorkspaceUnknownError
        if workspace.credentials_shown_at is not None:
            raise model.CredentialsShownError
        credentials = await self._provisioner.credentials(workspace.installation.id)
        async with self._db.write() as writer:
            is_first = await store.mark_credentials_shown(writer, workspace.id, self._clock.now())
        if not is_first:
            raise model.CredentialsShownError
        return credentials

    def now(self) -> datetime:
        """Return the moment against which pages tell times."""
        return self._clock.now()


def _taken(words: str) -> NameAnswer:
    return NameAnswer(is_available=False, is_known=True, words=words, url="")
