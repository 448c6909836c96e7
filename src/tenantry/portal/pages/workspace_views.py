"""What the pages about workspaces show, as frozen values made from what is known."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tenantry.portal.history import plan as history
from tenantry.portal.orders import model as orders
from tenantry.portal.overview import service as overview
from tenantry.portal.pages import list_views, staleness, times, troubles, words
from tenantry.portal.workspaces import model, progress


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One step on the way to ready."""

    words: str
    state: progress.StepState
    note: str
    since: str
    """When it began, for the running clock; empty unless it is being worked on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationView:
    """One line of the history."""

    summary: str
    outcome: str
    meaning: words.Meaning
    message: str
    at: times.Moment
    took: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A label and what it says."""

    label: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceView:
    """A workspace's page."""

    id: str
    name: str
    product: str
    product_name: str
    url: str
    status: words.Words
    since: times.Moment
    usual: str
    is_working: bool
    is_ready: bool
    is_refused: bool
    steps: tuple[StepView, ...]
    note: str
    trouble: troubles.Trouble | None
    facts: tuple[Fact, ...]
    operations: tuple[OperationView, ...]
    possible: frozenset[str]
    delete_after: times.Moment | None
    credentials_shown: times.Moment | None
    can_reveal: bool
    stale: staleness.Stale | None
    form_key: str
    unmet: str
    """What was not ordered a moment ago because something else was under way; empty: nothing."""
    switcher: list_views.Switcher | None = None
    """The way to the account's other workspaces; only on the whole page."""

    @property
    def has_acts(self) -> bool:
        """Whether there is anything to press but deletion."""
        return bool(self.possible & {"update", "restart", "hibernate", "wake"})


def workspace_view(seen: overview.Overview, *, now: datetime, form_key: str, unmet: str = "") -> WorkspaceView:
    """Return a workspace's page as of now.

    Args:
        seen: what is known of it.
        now: the moment against which times are told.
        form_key: makes each of the page's forms one order, however often it is sent.
        unmet: the kind of order that was not taken a moment ago, as the address says; other words say nothing.
    """
    workspace, installation = seen.workspace, seen.workspace.installation
    order = seen.open_order
    delete_after = installation.delete_after if installation else None
    return WorkspaceView(
        id=workspace.id,
        name=workspace.name,
        product=seen.product.title,
        product_name=seen.product.name,
        url=workspace.url,
        status=words.of(workspace.status),
        since=times.moment(workspace.status_since, now),
        usual=_usual(workspace, seen.usual),
        is_working=workspace.is_working or order is not None,
        is_ready=workspace.status is model.Status.STABLE,
        is_refused=workspace.status is model.Status.REFUSED,
        steps=_steps(seen, now),
        note=_note(order),
        trouble=troubles.of(seen),
        facts=_facts(seen, now),
        operations=tuple(_operation(operation, now) for operation in seen.operations),
        possible=frozenset(kind.value for kind in orders.possible(workspace.status, order.kind if order else None)),
        delete_after=times.moment(delete_after, now) if delete_after else None,
        credentials_shown=times.moment(shown, now) if (shown := workspace.credentials_shown_at) else None,
        can_reveal=workspace.ready_at is not None and workspace.status is model.Status.STABLE,
        stale=staleness.of(seen.contact, now),
        form_key=form_key,
        unmet=_UNMET.get(unmet, ""),
    )


def _usual(workspace: model.Workspace, usual: dict[str, timedelta]) -> str:
    known = usual.get("Ready")
    making = {model.Status.ORDERED, model.Status.PROVISIONING}
    return times.length(known) if known is not None and workspace.status in making else ""


def _steps(seen: overview.Overview, now: datetime) -> tuple[StepView, ...]:
    installation = seen.workspace.installation
    if installation is None or seen.workspace.ready_at is not None:
        return ()
    found = progress.steps(installation, started_at=installation.created_at, usual=seen.usual)
    return tuple(_step(step, now) for step in found)


def _step(step: progress.Step, now: datetime) -> StepView:
    is_working = step.state is progress.StepState.WORKING
    usual = f"usually {times.length(step.usual)}" if step.usual else ""
    since = times.moment(step.since, now).words if is_working and step.since else ""
    notes = {
        progress.StepState.DONE: times.length(step.took) if step.took else "",
        progress.StepState.WORKING: ", ".join(part for part in (usual, f"since {since}" if since else "") if part),
        progress.StepState.WAITING: usual,
        progress.StepState.BROKEN: step.message,
    }
    return StepView(
        words=step.words,
        state=step.state,
        note=notes[step.state].replace("since just now", "just begun"),
        since=step.since.isoformat() if is_working and step.since else "",
    )


_ORDER_NOTES = {
    orders.Kind.CREATE: "",
    orders.Kind.UPDATE: "Your change is ordered.",
    orders.Kind.RESTART: "The restart is ordered.",
    orders.Kind.HIBERNATE: "Putting it to sleep is ordered.",
    orders.Kind.WAKE: "Waking it is ordered.",
    orders.Kind.DELETE: "The deletion is ordered.",
    orders.Kind.UNDELETE: "Taking the deletion back is ordered.",
    orders.Kind.RETRY: "Another try is ordered.",
}

_UNMET = {
    orders.Kind.UPDATE.value: "The new size and settings were not ordered",
    orders.Kind.RESTART.value: "The restart was not ordered",
    orders.Kind.HIBERNATE.value: "Putting it to sleep was not ordered",
    orders.Kind.WAKE.value: "Waking it was not ordered",
    orders.Kind.DELETE.value: "The deletion was not ordered",
    orders.Kind.UNDELETE.value: "Taking the deletion back was not ordered",
    orders.Kind.RETRY.value: "Another try was not ordered",
}


def _note(order: orders.Order | None) -> str:
    return _ORDER_NOTES[order.kind] if order is not None else ""


def _facts(seen: overview.Overview, now: datetime) -> tuple[Fact, ...]:
    workspace, installation = seen.workspace, seen.workspace.installation
    size = seen.product.size(workspace.size)
    version = (installation.serving_version or installation.version) if installation else ""
    facts = [
        Fact(label="Product", value=seen.product.title),
        Fact(label="Size", value=size.title if size else workspace.size),
        Fact(label="Version", value=version or "chosen when it is made"),
        Fact(label="Ordered", value=times.moment(workspace.created_at, now).words),
    ]
    return tuple(facts)


_OUTCOMES = {
    history.Outcome.WORKING: ("In progress", words.Meaning.WORKING),
    history.Outcome.DONE: ("Done", words.Meaning.WELL),
    history.Outcome.FAILED: ("Not finished", words.Meaning.BROKEN),
}


def _operation(operation: history.Operation, now: datetime) -> OperationView:
    noticed = ("Noticed", words.of(operation.kind).meaning)
    outcome, meaning = _OUTCOMES.get(operation.outcome, noticed)
    took = operation.finished_at - operation.started_at if operation.finished_at else None
    return OperationView(
        summary=operation.summary,
        outcome=outcome,
        meaning=meaning,
        message=operation.message,
        at=times.moment(operation.started_at, now),
        took=times.length(took) if took else "",
    )
