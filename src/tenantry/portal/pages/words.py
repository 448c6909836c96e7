"""States in words that a customer knows; an internal state is never shown."""

from dataclasses import dataclass
from enum import StrEnum

from tenantry.portal.workspaces import model


class Meaning(StrEnum):
    """What a state means for the customer; shown by a word and a shape, never by colour alone."""

    WELL = "well"
    WORKING = "working"
    ATTENTION = "attention"
    BROKEN = "broken"
    RESTING = "resting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A state as a page says it."""

    word: str
    sentence: str
    meaning: Meaning


_STATES: dict[model.Status, Words] = {
    model.Status.ORDERED: Words(
        word="Ordered", sentence="Your order is kept. Work on it is about to begin.", meaning=Meaning.WORKING
    ),
    model.Status.REFUSED: Words(
        word="Could not be ordered",
        sentence="Nothing was made. See below what to change.",
        meaning=Meaning.ATTENTION,
    ),
    model.Status.WITHDRAWN: Words(word="Withdrawn", sentence="You took this order back.", meaning=Meaning.RESTING),
    model.Status.PROVISIONING: Words(
        word="Being made", sentence="Your workspace is being made.", meaning=Meaning.WORKING
    ),
    model.Status.STABLE: Words(word="Ready", sentence="Your workspace is ready to use.", meaning=Meaning.WELL),
    model.Status.UNHEALTHY: Words(
        word="Not answering",
        sentence="Your workspace does not answer as it should. It is being watched and restarted.",
        meaning=Meaning.BROKEN,
    ),
    model.Status.FAILED: Words(
        word="Stopped on the way",
        sentence="The last change could not be finished.",
        meaning=Meaning.BROKEN,
    ),
    model.Status.UPDATING: Words(
        word="Being changed", sentence="Your workspace is being changed.", meaning=Meaning.WORKING
    ),
    model.Status.RESTARTING: Words(
        word="Restarting", sentence="Your workspace is restarting.", meaning=Meaning.WORKING
    ),
    model.Status.HIBERNATING: Words(
        word="Going to sleep", sentence="Your workspace is going to sleep.", meaning=Meaning.WORKING
    ),
    model.Status.HIBERNATED: Words(
        word="Asleep",
        sentence="Your workspace sleeps. All its data are kept; wake it to use it again.",
        meaning=Meaning.RESTING,
    ),
    model.Status.WAKING: Words(word="Waking up", sentence="Your workspace is waking up.", meaning=Meaning.WORKING),
    model.Status.DISCARDING: Words(
        word="Being switched off", sentence="Your workspace is being switched off.", meaning=Meaning.WORKING
    ),
    model.Status.DISCARDED: Words(
        word="Marked for deletion",
        sentence="Your workspace is switched off. Its data are kept until the time below.",
        meaning=Meaning.ATTENTION,
    ),
    model.Status.RESTORING: Words(
        word="Coming back", sentence="The deletion is taken back. Your workspace is starting.", meaning=Meaning.WORKING
    ),
    model.Status.DELETING: Words(
        word="Being deleted", sentence="Your workspace and its data are being deleted.", meaning=Meaning.WORKING
    ),
    model.Status.DELETED: Words(
        word="Deleted", sentence="This workspace and its data are gone.", meaning=Meaning.RESTING
    ),
}


def of(status: model.Status) -> Words:
    """Return the words for a state."""
    return _STATES[status]
