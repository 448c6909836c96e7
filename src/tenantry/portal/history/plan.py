"""How events become operations: pure, so that the same events always give the same history."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from tenantry.portal.workspaces import model


class Outcome(StrEnum):
    """How an operation ended."""

    WORKING = "working"
    DONE = "done"
    FAILED = "failed"
    CHANGED = "changed"
    """Nobody asked for it; it was noticed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing that was done, or that happened."""

    kind: model.Status
    summary: str
    outcome: Outcome
    message: str
    sequence: int
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What an event changes in the history."""

    close: Outcome | None = None
    """How the open operation ended."""
    message: str = ""
    """What is to be said about that."""
    open: Operation | None = None
    """What begins now, or happened at this moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What an event says about the status."""

    sequence: int
    at: datetime
    status: model.Status
    message: str


_BEGUN = {
    model.Status.PROVISIONING: "Creation",
    model.Status.UPDATING: "Update",
    model.Status.RESTARTING: "Restart",
    model.Status.HIBERNATING: "Going to sleep",
    model.Status.WAKING: "Waking up",
    model.Status.DISCARDING: "Switching off for deletion",
    model.Status.RESTORING: "Taking the deletion back",
    model.Status.DELETING: "Deletion",
}

_NOTICED = {
    model.Status.STABLE: "Well again",
    model.Status.UNHEALTHY: "Stopped answering",
    model.Status.FAILED: "Failed",
}


def advance(last: Operation | None, before: model.Status, news: News) -> Change:
    """Decide what an event changes, given the newest operation and the status before."""
    is_open = last is not None and last.finished_at is None
    if news.status in model.WORKING:
        if is_open and last is not None and last.kind is news.status:
            return Change()
        begun = _operation(news, Outcome.WORKING)
        if news.status is model.Status.PROVISIONING and last is not None:
            begun = replace(begun, summary="Another try")
        return Change(close=Outcome.DONE if is_open else None, open=begun)
    if is_open:
        return Change(close=_outcome(news.status), message=_message(news))
    if news.status is not before and news.status in _NOTICED:
        return Change(open=_operation(news, Outcome.CHANGED))
    return Change()


def _operation(news: News, outcome: Outcome) -> Operation:
    is_working = outcome is Outcome.WORKING
    return Operation(
        kind=news.status,
        summary=_BEGUN.get(news.status) or _NOTICED.get(news.status, news.status.capitalize()),
        outcome=outcome,
        message="" if is_working else _message(news),
        sequence=news.sequence,
        started_at=news.at,
        finished_at=None if is_working else news.at,
    )


def _outcome(status: model.Status) -> Outcome:
    return Outcome.FAILED if status in {model.Status.FAILED, model.Status.UNHEALTHY} else Outcome.DONE


def _message(news: News) -> str:
    return news.message if news.status in {model.Status.FAILED, model.Status.UNHEALTHY} else ""
