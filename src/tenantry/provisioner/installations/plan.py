"""Decides the next step of an installation: a pure function of what is wanted, what is so, and the time.

Level-triggered: it never asks how the row came to be what it is, so it gives the right step after any crash.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tenantry.provisioner.installations import model, setbacks
from tenantry.provisioner.installations.transitions import TABLE, Input, Rotation
from tenantry.runtime import document
from tenantry.wire.installations import Status, Target

WATCH_NET = timedelta(seconds=60)
"""While the cluster works, its report is fetched at least this often, should the watch have missed one."""

LOST = "LostByCluster"
"""The reason of an installation that its cluster does not have any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Choose a cluster, a database server and an object store, and reserve what is needed there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Make:
    """Make what is missing, at the same time."""

    database: bool
    bucket: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeSecrets:
    """Make generated secrets that the manifest has declared since; never planned here, since only the vault knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """Draw new credentials and write them down: the database's password, and a second key of the bucket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPassword:
    """Let the database server take the password that is written down, and no other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retire:
    """End what came in by the old credentials: the bucket's other keys, and sessions that were opened before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """Give the cluster this generation of the Installation document."""

    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """Fetch the cluster's report; the watch normally brings it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Take an input of the transition table, with its reason.

    Attributes:
        message: what is so now, for a person.
        cause: why what was wanted failed, where it goes back; the message says that as well.
    """

    given: Input
    reason: str = ""
    message: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """Ask the cluster to remove all that it made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reclaim:
    """Remove the logical database and the bucket, at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """Nothing to do until something changes, or until a time."""

    until: datetime | None = None


Rotating = Draw | SetPassword | Retire
Step = Place | Make | MakeSecrets | Rotating | HandOver | Refresh | Move | Remove | Reclaim | Rest


def plan(installation: model.Installation, now: datetime, *, asked_at: datetime | None = None) -> Step:
    """Return the next step.

    Args:
        installation: the row and what belongs to it.
        now: the present moment.
        asked_at: when the cluster's report was last fetched or the document handed over; None if not in this process.
    """
    match installation.status:
        case Status.DELETED:
            return Rest()
        case Status.DELETING:
            return _deleting(installation)
        case Status.DISCARDED:
            return _discarded(installation, now)
        case Status.DISCARDING:
            return _discarding(installation, now) or _awake_or_asleep(installation, now, asked_at)
        case _:
            return _awake_or_asleep(installation, now, asked_at)


def _deleting(installation: model.Installation) -> Step:
    if installation.cluster_id is not None and not installation.is_gone:
        return Remove()
    if installation.database is not None or installation.bucket is not None:
        return Reclaim()
    return Move(given=Input.GONE)


def _discarding(installation: model.Installation, now: datetime) -> Step | None:
    """Skip the cluster where it has nothing, and where its answer has been waited for long enough."""
    if _has_expired(installation, now):
        return Move(given=Input.EXPIRED)
    if isinstance(_missing(installation), Place | Make):
        return Move(given=Input.SETTLED)
    return None


def _discarded(installation: model.Installation, now: datetime) -> Step:
    if _has_expired(installation, now):
        return Move(given=Input.EXPIRED)
    return Rest(until=installation.delete_after)


def _has_expired(installation: model.Installation, now: datetime) -> bool:
    return installation.delete_after is not None and installation.delete_after <= now


def _awake_or_asleep(installation: model.Installation, now: datetime, asked_at: datetime | None) -> Step:
    if step := _lost(installation) or _missing(installation) or _observed(installation):
        return step
    if not TABLE.is_working(installation.status):
        return Rest()
    if asked_at is not None and now - asked_at < WATCH_NET:
        return Rest(until=asked_at + WATCH_NET)
    return Refresh()


def _lost(installation: model.Installation) -> Move | None:
    """What was well had been accepted; where that is not so any more, its cluster has lost it."""
    if installation.status is not Status.STABLE or installation.handed_generation:
        return None
    return Move(given=Input.UNWELL, reason=LOST, message="Its cluster had lost it; it is handed over again.")


def _missing(installation: model.Installation) -> Step | None:
    if installation.placed_at is None:
        return Place()
    needs_database = installation.database is not None and not installation.database.is_ready
    needs_bucket = installation.bucket is not None and not installation.bucket.is_ready
    if not (needs_database or needs_bucket) and (step := _rotating(installation)):
        return step
    if needs_database or needs_bucket or installation.joins_pooler:
        return Make(database=needs_database or installation.joins_pooler, bucket=needs_bucket)
    if installation.handed_generation < installation.generation:
        return HandOver(generation=installation.generation)
    return None


def _rotating(installation: model.Installation) -> Draw | SetPassword | None:
    """Return what new credentials still need before they can be handed over; one that is to be deleted needs none."""
    if installation.target not in {Target.RUNNING, Target.HIBERNATED}:
        return None
    match installation.rotation:
        case Rotation.ASKED:
            return Draw()
        case Rotation.DRAWN:
            return SetPassword()
        case Rotation.MADE | None:
            return None


def _observed(installation: model.Installation) -> Move | Retire | None:
    """Turn what the cluster reports of the wanted generation into an input, where it means one."""
    runtime = installation.runtime
    if runtime is None or runtime.observed_generation != installation.generation:
        return None
    given = _meaning(installation, runtime.phase)
    if given is None or not TABLE.allows(installation.status, given):
        return None
    if given in {Input.SETTLED, Input.WELL}:
        return Retire() if installation.rotation is Rotation.MADE else Move(given=given)
    reason, message = explanation(runtime)
    if given is Input.FAILED:
        return failure(installation, reason, message)
    return Move(given=given, reason=reason, message=message)


def failure(installation: model.Installation, reason: str, message: str) -> Move:
    """Return the move of an installation that cannot be brought to what is wanted: it fails, or goes back."""
    goes_back = setbacks.way_back(installation) is not None and TABLE.allows(installation.status, Input.RETURNED)
    told = setbacks.words(installation, message)
    if goes_back:
        return Move(given=Input.RETURNED, reason=reason, message=told, cause=message)
    return Move(given=Input.FAILED, reason=reason, message=told)


def _meaning(installation: model.Installation, phase: document.Phase) -> Input | None:
    is_working = TABLE.is_working(installation.status)
    match phase:
        case document.Phase.READY if installation.target is Target.RUNNING:
            return Input.SETTLED if is_working else Input.WELL
        case document.Phase.ASLEEP if installation.target is not Target.RUNNING:
            return Input.SETTLED if is_working else None
        case document.Phase.FAILED:
            return Input.FAILED if is_working or installation.status is Status.UNHEALTHY else Input.UNWELL
        case document.Phase.DEGRADED:
            return None if is_working else Input.UNWELL
        case _:
            return None


def explanation(runtime: document.InstallationStatus) -> tuple[str, str]:
    """Return reason and message of what stands in the way, as the cluster words it.

    Whether it is ready says so, where it says anything: what every other condition waits for is none of them.
    """
    unmet = [each for each in runtime.conditions if each.status is document.ConditionStatus.FALSE]
    ready = [each for each in unmet if each.type is document.ConditionType.READY]
    others = [each for each in unmet if each.type is not document.ConditionType.READY]
    telling = [each for each in ready if each.message]
    first = next(iter((*telling, *others, *ready)), None)
    return ("", "") if first is None else (first.reason, first.message)
