"""Writes what a cluster reports of an installation into its row: the one way status travels from below."""

from datetime import datetime

from tenantry.engine import database
from tenantry.kernel import ids
from tenantry.provisioner.installations import journal, model, plan, store
from tenantry.runtime import contract, document
from tenantry.wire.installations import Status, Target

_LOST = "Its cluster does not have it any more; it is handed over again."


async def note(
    writer: database.Writer, cluster: ids.ClusterId, observed: contract.InstallationObserved, now: datetime
) -> bool:
    """Write a report, if it says something new, with its event; the installation is due at once.

    Reports of installations that are not known here or are on another cluster, or of an older generation than the last,
    change nothing.

    Returns:
        Whether the cluster tells of what was deleted for good, so that nothing should be left of it there.
    """
    await store.lock(writer, observed.name)
    known = await _known(writer, cluster, observed.name)
    if known is None:
        return False
    if known.status is Status.DELETED:
        return True
    if observed.installation is None:
        await _note_gone(writer, known, now)
        return False
    status = observed.installation.status
    if status is not None and _is_news(known, status):
        await _note_news(writer, known, status, now)
    return False


async def note_missing(
    writer: database.Writer, cluster: ids.ClusterId, name: str, generation: int, now: datetime
) -> None:
    """Write that a cluster which told everything did not tell of an installation that it had accepted.

    Args:
        writer: a transaction.
        cluster: which one.
        name: the installation's id.
        generation: what it had accepted; where another was handed over since, this changes nothing.
        now: the present moment.
    """
    await store.lock(writer, name)
    known = await _known(writer, cluster, name)
    if known is not None and known.handed_generation == generation:
        await _note_gone(writer, known, now)


async def _known(writer: database.Writer, cluster: ids.ClusterId, name: str) -> model.Installation | None:
    found = await store.get(writer, name)
    return found if found is not None and found.id == name and found.cluster_id == cluster else None


async def _note_gone(writer: database.Writer, known: model.Installation, now: datetime) -> None:
    """It was lost, and the plan begins with handing it over again; or it went as wanted, and its removal goes on.

    Only the removal counts it as gone, when nothing is left of it: that its document is missing does not say so.
    """
    if known.is_gone or known.status is Status.DELETED:
        return
    if known.target is Target.DELETED:
        await store.poke(writer, known.id, now)
        return
    if not known.handed_generation:
        return
    await store.change(writer, known.id, {"handed_generation": 0, "runtime_status": None, "updated_at": now})
    await store.poke(writer, known.id, now, is_urgent=True)
    await journal.record(writer, known.id, kind="lost", summary=_LOST, actor=journal.SUPERVISOR, at=now)


async def _note_news(
    writer: database.Writer, known: model.Installation, status: document.InstallationStatus, now: datetime
) -> None:
    await store.change(writer, known.id, {"runtime_status": status.model_dump(mode="json"), "updated_at": now})
    await store.poke(writer, known.id, now, is_urgent=True)
    await journal.record(
        writer, known.id, kind="progressed", summary=_summary(status), actor=journal.SUPERVISOR, at=now
    )


def _is_news(known: model.Installation, status: document.InstallationStatus) -> bool:
    if known.runtime is None:
        return True
    return known.runtime != status and status.observed_generation >= known.runtime.observed_generation


_SENTENCES: dict[document.Phase, str] = {
    document.Phase.PENDING: "Its cluster has it in line.",
    document.Phase.PROGRESSING: "Its cluster is working on it.",
    document.Phase.READY: "Its cluster reports that all is well.",
    document.Phase.ASLEEP: "Its cluster reports that it is asleep.",
    document.Phase.DEGRADED: "Its cluster reports that it is not well.",
    document.Phase.FAILED: "Its cluster has given up for now.",
    document.Phase.TERMINATING: "Its cluster is removing it.",
}


def _summary(status: document.InstallationStatus) -> str:
    _, message = plan.explanation(status)
    return message or _SENTENCES[status.phase]
