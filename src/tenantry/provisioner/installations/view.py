"""An installation as it travels: pure, and the same in answers and in events."""

from collections.abc import Iterator

from tenantry.provisioner.installations import model
from tenantry.provisioner.installations.transitions import Rotation
from tenantry.runtime import document
from tenantry.wire import installations as wire
from tenantry.wire import placement

_TRUE = document.ConditionStatus.TRUE
_FALSE = document.ConditionStatus.FALSE


def view(installation: model.Installation) -> wire.Installation:
    """Return the installation as clients see it; it holds no secret."""
    runtime = installation.runtime
    return wire.Installation(
        id=installation.id,
        name=installation.name,
        display_name=installation.display_name or installation.name,
        application=installation.application.metadata.name,
        version=installation.version,
        serving_version=None if runtime is None else runtime.serving_version,
        size=installation.size,
        settings=installation.settings,
        labels=installation.labels,
        placement=placement.Wherever(match_labels=installation.match_labels),
        target=installation.target,
        status=installation.status,
        reason=installation.reason,
        message=installation.message,
        conditions=list(_conditions(installation)),
        url=installation.url,
        cluster=installation.cluster,
        generation=installation.generation,
        observed_generation=0 if runtime is None else runtime.observed_generation,
        restarts=0 if runtime is None else runtime.restarts,
        last_log_lines=[] if runtime is None else runtime.last_log_lines,
        is_locked=installation.is_locked,
        delete_after=installation.delete_after,
        created_at=installation.created_at,
        updated_at=installation.updated_at,
        etag=etag(installation),
    )


def etag(installation: model.Installation) -> str:
    """Return the strong validator of what a client may change."""
    return f'"{installation.revision}"'


def _conditions(installation: model.Installation) -> Iterator[wire.Condition]:
    yield _placed(installation)
    if installation.cluster_trouble is not None:
        yield _unreachable(installation, installation.cluster_trouble)
    if installation.needs_database:
        is_ready = installation.database is not None and installation.database.is_ready
        yield _made("DatabaseReady", is_ready, "Its database is there.", "Its database is being made.")
    if installation.is_pooled or installation.joins_pooler:
        yield _pooled(installation)
    if installation.needs_bucket:
        is_ready = installation.bucket is not None and installation.bucket.is_ready
        yield _made("BucketReady", is_ready, "Its bucket is there.", "Its bucket is being made.")
    if installation.rotation is not None:
        yield _rotated(installation.rotation)
    if installation.runtime is not None:
        for condition in installation.runtime.conditions:
            yield wire.Condition(
                type=condition.type,
                status=condition.status,
                reason=condition.reason,
                message=condition.message,
                last_transition_time=condition.last_transition_time,
            )


def _unreachable(installation: model.Installation, trouble: model.Trouble) -> wire.Condition:
    """Only where it does not hold: what the cluster reported before may not be so any more."""
    message = f"Its cluster “{installation.cluster}” is unreachable: {trouble.message} What follows may have changed."
    return wire.Condition(type="ClusterReachable", status=_FALSE, reason=trouble.reason, message=message)


def _placed(installation: model.Installation) -> wire.Condition:
    if installation.placed_at is None:
        reason = installation.reason or "Waiting"
        return wire.Condition(type="Placed", status=_FALSE, reason=reason, message=installation.message)
    return wire.Condition(
        type="Placed",
        status=_TRUE,
        reason="Placed",
        message=f"On cluster {installation.cluster}.",
        last_transition_time=installation.placed_at,
    )


def _pooled(installation: model.Installation) -> wire.Condition:
    if installation.is_pooled:
        return wire.Condition(type="PoolerReady", status=_TRUE, reason="LetIn", message="The pooler lets it in.")
    if installation.reason.startswith("Pooler"):
        told = installation.reason, installation.message
    else:
        told = "Waiting", "The pooler has not let it in yet."
    return wire.Condition(type="PoolerReady", status=_FALSE, reason=told[0], message=told[1])


def _rotated(rotation: Rotation) -> wire.Condition:
    """Only while it does not hold."""
    told = {
        Rotation.ASKED: "New credentials are asked for; the old ones are still in use.",
        Rotation.DRAWN: "New credentials are drawn; its database is about to take the new password.",
        Rotation.MADE: "The new credentials work; what is left of the old ones ends when it runs with the new ones.",
    }
    return wire.Condition(
        type="CredentialsRotated", status=_FALSE, reason=rotation.capitalize(), message=told[rotation]
    )


def _made(kind: str, is_ready: bool, done: str, pending: str) -> wire.Condition:
    if is_ready:
        return wire.Condition(type=kind, status=_TRUE, reason="Made", message=done)
    return wire.Condition(type=kind, status=_FALSE, reason="Making", message=pending)
