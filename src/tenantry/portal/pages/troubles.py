"""What is said when something went wrong with a workspace: what happened, what it means, what to do, what to quote."""

from dataclasses import dataclass

from tenantry.portal.following import metrics as following_metrics
from tenantry.portal.orders import model as orders
from tenantry.portal.overview import service as overview
from tenantry.portal.pages import words
from tenantry.portal.workspaces import model
from tenantry.wire import installations

_OURS = frozenset({"portal-not-admitted", "provisioner-not-understood"})
_BUSY = "workspace-busy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something went wrong, explained."""

    title: str
    happened: str
    means: str
    do: str
    reference: str
    meaning: words.Meaning


def of(seen: overview.Overview) -> Trouble | None:
    """Return what is wrong with a workspace, if anything is."""
    order, workspace = seen.newest_order, seen.workspace
    if order is not None and order.is_open and (order.code or not seen.contact.is_live):
        return _waiting(order, is_ours=seen.contact.state is following_metrics.Contact.REFUSED)
    if order is not None and order.status is orders.Status.REFUSED:
        return _refused(order, workspace)
    if seen.unseen_since is not None and workspace.status not in model.GONE:
        return _unseen(workspace)
    return _of_state(workspace)


def _of_state(workspace: model.Workspace) -> Trouble | None:
    if workspace.status is model.Status.FAILED:
        return _failed(workspace)
    if workspace.status is model.Status.UNHEALTHY:
        return _unhealthy(workspace)
    if workspace.installation is not None and workspace.installation.reason == installations.TAKEN_BACK:
        return _taken_back(workspace)
    return None


def _waiting(order: orders.Order, *, is_ours: bool) -> Trouble:
    if order.code == _BUSY:
        return _behind_another(order)
    if is_ours or order.code in _OURS:
        return _waits_for_us(order)
    return Trouble(
        title="Our side cannot be reached right now",
        happened="The part of our service that builds and runs workspaces does not answer at the moment.",
        means=f"Your order is kept. {_later(order)} as soon as that part is back, and only once.",
        do="You need not do anything, and you can close this page.",
        reference=order.id,
        meaning=words.Meaning.ATTENTION,
    )


def _behind_another(order: orders.Order) -> Trouble:
    return Trouble(
        title="Another change has to end first",
        happened="Another change of this workspace began before yours; an update by us may be one.",
        means=f"Your order is kept. {_later(order)} as soon as the other change has ended.",
        do="You need not do anything, and you can close this page.",
        reference=order.id,
        meaning=words.Meaning.ATTENTION,
    )


def _waits_for_us(order: orders.Order) -> Trouble:
    return Trouble(
        title="Your order waits for us to mend something",
        happened="Parts of our own service do not accept each other at the moment. Nothing is wrong with your order or "
        "your account.",
        means=f"Your order is kept. {_later(order)} as soon as that is mended, and only once.",
        do="You need not do anything. If it is urgent, write to us and quote the reference.",
        reference=order.id,
        meaning=words.Meaning.ATTENTION,
    )


def _later(order: orders.Order) -> str:
    return "Your workspace is made" if order.kind is orders.Kind.CREATE else "It is carried out"


def _refused(order: orders.Order, workspace: model.Workspace) -> Trouble:
    is_name = order.code.startswith("name-") or "taken" in order.code
    if order.kind is not orders.Kind.CREATE:
        means, do = "Nothing was changed.", "Look at the state of the workspace below; then order it again if you like."
    elif is_name:
        means, do = "Nothing was made, and the rest of your order is kept.", "Choose another name below."
    else:
        means, do = "Nothing was made.", "Try another name below, or write to us and quote the reference."
    return Trouble(
        title="This could not be done",
        happened=order.message or f"The order for “{workspace.name}” was refused.",
        means=means,
        do=do,
        reference=order.id,
        meaning=words.Meaning.ATTENTION,
    )


def _failed(workspace: model.Workspace) -> Trouble:
    return Trouble(
        title="The last change could not be finished",
        happened=_told(workspace) or "One of the steps did not end as it should.",
        means="Your data are as they were." if workspace.ready_at is not None else "The workspace cannot be used yet.",
        do="Try again. If it stops at the same place, write to us and quote the reference.",
        reference=_reference(workspace),
        meaning=words.Meaning.BROKEN,
    )


def _unhealthy(workspace: model.Workspace) -> Trouble:
    return Trouble(
        title="Your workspace does not answer",
        happened=_told(workspace) or "It stopped answering our checks.",
        means="People may not be able to use it. Your data are kept.",
        do="It is being restarted. If this lasts more than a few minutes, write to us and quote the reference.",
        reference=_reference(workspace),
        meaning=words.Meaning.BROKEN,
    )


def _unseen(workspace: model.Workspace) -> Trouble:
    return Trouble(
        title="We cannot see your workspace right now",
        happened="The machines that it runs on do not answer us.",
        means="It may well work for you; what this page says about it is from before. Your data are kept.",
        do="You need not do anything. What you order here is kept, and is done when those machines answer again.",
        reference=_reference(workspace),
        meaning=words.Meaning.ATTENTION,
    )


def _taken_back(workspace: model.Workspace) -> Trouble:
    return Trouble(
        title="A new version was taken back",
        happened=_told(workspace),
        means="Your workspace runs as it did before, with all its data.",
        do="You need not do anything. If you miss something of the new version, write to us and quote the reference.",
        reference=_reference(workspace),
        meaning=words.Meaning.ATTENTION,
    )


def _told(workspace: model.Workspace) -> str:
    return workspace.installation.message if workspace.installation else ""


def _reference(workspace: model.Workspace) -> str:
    return workspace.installation.id if workspace.installation else workspace.id
