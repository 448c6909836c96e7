"""What is wanted of a cluster's operator, what is known of it, and what was seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from packaging import version as versions

from tenantry.kernel import ids
from tenantry.wire.operators import Keeper, Status

Object = dict[str, Any]
"""An object of the cluster, as JSON has it; nobody here looks into it."""
BUSY = frozenset({Status.UPGRADING, Status.RETURNING})
"""Something is under way in a cluster: these count against how many may be."""
STOPPED = frozenset({Status.RETURNING, Status.RETURNED, Status.FAILED})
"""A release did not become ready in a cluster: others do not try it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked for.

    Attributes:
        image: the repository; None is the house's own choice.
        version: None follows the provisioner.
        facts: what the cluster offers to installations.
        takes_over: also what somebody else keeps.
    """

    kept_by: Keeper
    image: str | None
    version: str | None
    facts: Mapping[str, Any]
    takes_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A version of the operator for one cluster.

    Attributes:
        image: with its tag.
    """

    image: str
    version: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """All objects of a release.

    Attributes:
        digest: of everything in it; in the cluster, it is an annotation of what runs.
        release: what it has in common with the bundles of other clusters: version, image and the objects' form.
        objects: in the order in which they are applied.
    """

    image: str
    version: str
    digest: str
    release: str
    objects: Sequence[Object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A cluster's operator, as its row says.

    Attributes:
        attempt: digest of the bundle that was tried last.
        release: what that has in common with those of other clusters.
        served: the bundle that was last ready; None: none of ours was.
        carried: the version of the provisioner whose objects were applied last.
    """

    id: ids.ClusterId
    name: str
    wish: Wish
    status: Status
    reason: str
    message: str
    since: datetime
    attempt: str
    release: str
    served: Bundle | None
    carried: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of the operator in its cluster; all of it is empty where none is there.

    Attributes:
        manager: who keeps it, in one word; None: there is none.
        place: its namespace and name.
        image: what it should run.
        digest: of the bundle it is of; empty where it is of none of ours.
        is_ready: all its pods are of this bundle and ready.
        is_led: one of them has the Lease, so it acts.
        obstacle: what stands in the way of that, for a person.
        elsewhere: places of further operators, which would act at the same time.
    """

    manager: str | None = None
    place: str = ""
    image: str = ""
    version: str = ""
    digest: str = ""
    is_ready: bool = False
    is_led: bool = False
    obstacle: str = ""
    elsewhere: tuple[str, ...] = ()

    @property
    def is_well(self) -> bool:
        """Tell whether it is ready and acts."""
        return self.is_ready and self.is_led


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The house's decisions.

    Attributes:
        image: the operator's repository, where a cluster has none of its own.
        version: of this provisioner.
        at_once: clusters whose operator may be changed at the same time.
        patience: how long a version may take to become ready.
    """

    image: str
    version: str
    at_once: int = 1
    patience: timedelta = field(default=timedelta(minutes=5))


def release(wish: Wish, terms: Terms) -> Release:
    """Return what a wish comes to."""
    version = wish.version or terms.version
    return Release(image=f"{wish.image or terms.image}:{version}", version=version, facts=wish.facts)


def is_newer(one: str, other: str) -> bool:
    """Tell whether one version is above another; of what is no version, none is."""
    try:
        return versions.Version(one) > versions.Version(other)
    except versions.InvalidVersion:
        return False
