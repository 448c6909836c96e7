"""The one transition table of installations: what may follow what.

Requests come from people and programs, observations from the supervisor. Resting states are adjectives, working states
gerunds; why is in `reason`, never in a state.
"""

from collections.abc import Mapping
from enum import StrEnum

from tenantry.kernel import transitions
from tenantry.wire.installations import Status, Target


class Rotation(StrEnum):
    """How far a rotation of an installation's credentials is; none is under way where there is no word."""

    ASKED = "asked"
    """Nothing has changed yet."""
    DRAWN = "drawn"
    """The new ones are written down, and the new key opens the bucket."""
    MADE = "made"
    """The database server takes the new password only; the old key lives until the new ones are in use."""


class Input(StrEnum):
    """What happens to an installation."""

    UPDATE = "update"
    """Request: another version, size or settings."""
    RESTART = "restart"
    ROTATE = "rotate"
    """Request: other credentials for its database and its bucket."""
    HIBERNATE = "hibernate"
    WAKE = "wake"
    DISCARD = "discard"
    """Request: delete, with a grace in which it can be taken back."""
    UNDELETE = "undelete"
    RETRY = "retry"
    """Request: try again what failed."""
    SETTLED = "settled"
    """Observation: the cluster has reached what is wanted."""
    FAILED = "failed"
    """Observation: the cluster could not reach what is wanted."""
    RETURNED = "returned"
    """Observation: the cluster could not reach the wanted version, and what it was before is wanted again."""
    UNWELL = "unwell"
    """Observation: it was ready and is not well now."""
    WELL = "well"
    """Observation: it is well again."""
    EXPIRED = "expired"
    """Observation: the grace of its deletion has ended."""
    GONE = "gone"
    """Observation: nothing of it is left."""


SERVING: Mapping[Target, frozenset[Status]] = {
    Target.RUNNING: frozenset(
        {
            Status.PROVISIONING,
            Status.STABLE,
            Status.UNHEALTHY,
            Status.FAILED,
            Status.UPDATING,
            Status.RESTARTING,
            Status.WAKING,
            Status.RESTORING,
        }
    ),
    Target.HIBERNATED: frozenset({Status.HIBERNATING, Status.HIBERNATED, Status.FAILED}),
    Target.DISCARDED: frozenset({Status.DISCARDING, Status.DISCARDED}),
    Target.DELETED: frozenset({Status.DELETING, Status.DELETED}),
}
"""Which statuses are on the way to which target; every other pair is impossible, and the database refuses it."""

REQUESTS = frozenset(
    {
        Input.UPDATE,
        Input.RESTART,
        Input.ROTATE,
        Input.HIBERNATE,
        Input.WAKE,
        Input.DISCARD,
        Input.UNDELETE,
        Input.RETRY,
    }
)

TABLE: transitions.TransitionTable[Status, Input] = transitions.TransitionTable(
    name="installation",
    moves={
        Status.PROVISIONING: {
            Input.SETTLED: Status.STABLE,
            Input.FAILED: Status.FAILED,
            Input.RETURNED: Status.UPDATING,
            Input.DISCARD: Status.DISCARDING,
        },
        Status.STABLE: {
            Input.UPDATE: Status.UPDATING,
            Input.RESTART: Status.RESTARTING,
            Input.ROTATE: Status.RESTARTING,
            Input.HIBERNATE: Status.HIBERNATING,
            Input.DISCARD: Status.DISCARDING,
            Input.UNWELL: Status.UNHEALTHY,
        },
        Status.UNHEALTHY: {
            Input.UPDATE: Status.UPDATING,
            Input.RESTART: Status.RESTARTING,
            Input.ROTATE: Status.RESTARTING,
            Input.HIBERNATE: Status.HIBERNATING,
            Input.DISCARD: Status.DISCARDING,
            Input.WELL: Status.STABLE,
            Input.FAILED: Status.FAILED,
        },
        Status.FAILED: {
            Input.RETRY: Status.PROVISIONING,
            Input.UPDATE: Status.UPDATING,
            Input.RESTART: Status.RESTARTING,
            Input.ROTATE: Status.RESTARTING,
            Input.HIBERNATE: Status.HIBERNATING,
            Input.WAKE: Status.WAKING,
            Input.DISCARD: Status.DISCARDING,
            Input.WELL: Status.STABLE,
        },
        Status.UPDATING: {
            Input.SETTLED: Status.STABLE,
            Input.FAILED: Status.FAILED,
            Input.RETURNED: Status.UPDATING,
            Input.DISCARD: Status.DISCARDING,
        },
        Status.RESTARTING: {
            Input.SETTLED: Status.STABLE,
            Input.FAILED: Status.FAILED,
            Input.RETURNED: Status.UPDATING,
            Input.DISCARD: Status.DISCARDING,
        },
        Status.HIBERNATING: {
            Input.SETTLED: Status.HIBERNATED,
            Input.FAILED: Status.FAILED,
            Input.DISCARD: Status.DISCARDING,
        },
        Status.HIBERNATED: {
            Input.WAKE: Status.WAKING,
            Input.UPDATE: Status.HIBERNATING,
            Input.ROTATE: Status.HIBERNATING,
            Input.DISCARD: Status.DISCARDING,
        },
        Status.WAKING: {
            Input.SETTLED: Status.STABLE,
            Input.FAILED: Status.FAILED,
            Input.RETURNED: Status.UPDATING,
            Input.DISCARD: Status.DISCARDING,
        },
        Status.DISCARDING: {
            Input.SETTLED: Status.DISCARDED,
            Input.UNDELETE: Status.RESTORING,
            Input.EXPIRED: Status.DELETING,
        },
        Status.DISCARDED: {
            Input.UNDELETE: Status.RESTORING,
            Input.EXPIRED: Status.DELETING,
        },
        Status.RESTORING: {
            Input.SETTLED: Status.STABLE,
            Input.FAILED: Status.FAILED,
            Input.RETURNED: Status.UPDATING,
            Input.DISCARD: Status.DISCARDING,
        },
        Status.DELETING: {Input.GONE: Status.DELETED},
        Status.DELETED: {},
    },
    working=frozenset(
        {
            Status.PROVISIONING,
            Status.UPDATING,
            Status.RESTARTING,
            Status.HIBERNATING,
            Status.WAKING,
            Status.DISCARDING,
            Status.RESTORING,
            Status.DELETING,
        }
    ),
)
