"""What is kept of each object that belongs to an installation: a few words, whatever its size."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from tenantry.kubernetes import kinds, parts
from tenantry.operator.controller import keys, ownership, unwell
from tenantry.operator.render import jobs, objects

ATTEMPT = "tenantry.dev/attempt"
"""Annotation of a job: what was being brought about when it was started."""

_REFUSED = "ReplicaFailure"
"""Condition of a Deployment: the last pod that it wanted was refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """How far a Deployment or StatefulSet is.

    Attributes:
        is_seen: whether its controller speaks of what was wanted last.
        wanted: how many pods are wanted.
        updated: how many are of the newest template.
        ready: how many of all are ready.
        total: how many there are.
        leaving: how many no longer count and are still being ended, where the cluster says so.
        is_late: whether its controller has given up waiting.
        least: how many have to be ready at least, where an autoscaler decides how many are wanted.
        refused: why the cluster lets no further pod be made; empty where it does.
    """

    is_seen: bool
    wanted: int
    updated: int
    ready: int
    total: int
    leaving: int = 0
    is_late: bool = False
    least: int | None = None
    refused: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether exactly what is wanted runs, and all of it is ready; of what an autoscaler adds, it need not be."""
        if self.least is not None:
            return self.is_seen and self.updated == self.total and self.ready >= self.least
        return self.is_seen and self.wanted == self.updated == self.ready == self.total

    @property
    def is_short(self) -> bool:
        """Whether there are fewer pods than are wanted."""
        return self.total < self.wanted

    @property
    def is_still(self) -> bool:
        """Whether nothing runs."""
        return self.is_seen and self.total == self.leaving == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The role that a database belongs to, on a Cluster, and since when.

    Attributes:
        since: in the API server's writing, which sorts by time.
    """

    cluster: str
    role: str
    since: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """Something that another operator makes for us.

    Attributes:
        is_there: whether it is as wanted last.
        message: why it is not, in the words of whoever makes it.
        claim: what of others it takes into use.
    """

    is_there: bool
    message: str = ""
    claim: Claim | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """An autoscaler.

    Attributes:
        target: the name of the Deployment that it scales.
        least: how many pods it keeps at least.
    """

    target: str
    least: int


class Outcome(StrEnum):
    """How a job stands."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job.

    Attributes:
        name: the job's name in the manifest.
        attempt: what was being brought about when it was started.
        version: the version that it is of; empty where it does not say.
        ended_at: when it succeeded or failed.
        why: why it failed, as its controller says.
    """

    name: str
    attempt: str
    outcome: Outcome
    version: str = ""
    ended_at: datetime | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An object of an installation.

    Attributes:
        kind: the kind's name.
        digest: the digest that it was applied with.
        found: the digest of what still stands of that.
        is_ending: whether it is being deleted.
        is_kept: whether it stays when the installation goes.
        about: how far it is, for those kinds that are waited for.
    """

    kind: str
    key: keys.Key
    owner: keys.Key | None
    uid: str
    version: int = field(compare=False)
    digest: str
    found: str
    is_ending: bool = False
    is_kept: bool = False
    about: Rollout | Job | Supply | Scale | None = None


def scaled(found: Collection[Seen]) -> Iterator[Seen]:
    """Yield objects of one owner; what is scaled knows how many pods it has to have at least."""
    least = {each.about.target: each.about.least for each in found if isinstance(each.about, Scale)}
    for each in found:
        is_scaled = least and each.kind == kinds.DEPLOYMENT.kind and each.key.name in least
        if is_scaled and isinstance(each.about, Rollout):
            yield replace(each, about=replace(each.about, least=least[each.key.name]))
        else:
            yield each


def projection(kind: kinds.Kind, recall: ownership.Recall) -> Callable[[kinds.Object], Seen]:
    """Return what turns an object of this kind into what is kept of it.

    Args:
        kind: which kind.
        recall: tells what still stands of what was applied.
    """
    inspect = _INSPECTORS.get(kind)

    def project(item: kinds.Object) -> Seen:
        about: dict[str, Any] = item["metadata"]
        labels = parts.mapping(about, "labels")
        namespace = about.get("namespace", "")
        owner = labels.get(objects.INSTALLATION)
        # A namespace is named itself; everything else lies in the installation's namespace.
        return Seen(
            kind=kind.kind,
            key=keys.Key(namespace, about["name"]),
            owner=None if owner is None else keys.Key(namespace or about["name"], owner),
            uid=about["uid"],
            version=int(about["resourceVersion"]),
            digest=parts.mapping(about, "annotations").get(objects.HASH, ""),
            found="" if kind is kinds.JOB else recall.found(item, kind),
            is_ending=about.get("deletionTimestamp") is not None,
            is_kept=not about.get("ownerReferences"),
            about=None if inspect is None else inspect(item),
        )

    return project


def _deployment(item: kinds.Object) -> Rollout:
    status = parts.mapping(item, "status")
    conditions = parts.listed(status, "conditions")
    return Rollout(
        is_seen=status.get("observedGeneration", 0) >= item["metadata"].get("generation", 0),
        wanted=item["spec"].get("replicas", 1),
        updated=status.get("updatedReplicas", 0),
        ready=status.get("readyReplicas", 0),
        total=status.get("replicas", 0),
        leaving=status.get("terminatingReplicas", 0),
        is_late=any(each.get("reason") == "ProgressDeadlineExceeded" for each in conditions),
        refused=next((unwell.refusal(each.get("message")) for each in conditions if each.get("type") == _REFUSED), ""),
    )


def _stateful_set(item: kinds.Object) -> Rollout:
    status = parts.mapping(item, "status")
    # The count of updated pods is left out while there is nothing to update.
    is_current = status.get("currentRevision") == status.get("updateRevision")
    total = status.get("replicas", 0)
    return Rollout(
        is_seen=status.get("observedGeneration", 0) >= item["metadata"].get("generation", 0),
        wanted=item["spec"].get("replicas", 1),
        updated=total if is_current else status.get("updatedReplicas", 0),
        ready=status.get("readyReplicas", 0),
        total=total,
    )


def _autoscaler(item: kinds.Object) -> Scale:
    target = parts.mapping(item, "spec", "scaleTargetRef")
    return Scale(target=target.get("name", ""), least=item["spec"].get("minReplicas", 1))


def _database(item: kinds.Object) -> Supply:
    status, spec = parts.mapping(item, "status"), parts.mapping(item, "spec")
    # Of one that it refuses, CloudNativePG does not say which generation it has seen.
    is_current = status.get("observedGeneration", 0) >= item["metadata"].get("generation", 0)
    failed = [each for each in parts.listed(status, "extensions") if not each.get("applied")]
    messages = [status.get("message"), *(f"{each['name']}: {each.get('message', '')}" for each in failed)]
    is_there = is_current and status.get("applied") is True
    claim = Claim(
        cluster=parts.mapping(spec, "cluster").get("name", ""),
        role=spec.get("owner", ""),
        since=item["metadata"].get("creationTimestamp", ""),
    )
    return Supply(is_there=is_there, message="" if is_there else "; ".join(filter(None, messages)), claim=claim)


def _job(item: kinds.Object) -> Job:
    about: dict[str, Any] = item["metadata"]
    conditions = parts.listed(item, "status", "conditions")
    ended = {each["type"]: each for each in conditions if each.get("status") == "True"}
    last = ended.get("Complete") or ended.get("Failed")
    outcome = Outcome.RUNNING if last is None else Outcome.SUCCEEDED if "Complete" in ended else Outcome.FAILED
    return Job(
        name=parts.mapping(about, "labels").get(objects.JOB, ""),
        attempt=parts.mapping(about, "annotations").get(ATTEMPT, ""),
        outcome=outcome,
        version=parts.mapping(about, "annotations").get(jobs.OF_VERSION, ""),
        ended_at=None if last is None else datetime.fromisoformat(last["lastTransitionTime"]),
        why="" if last is None else last.get("reason", ""),
    )


_INSPECTORS: dict[kinds.Kind, Callable[[kinds.Object], Rollout | Job | Supply | Scale]] = {
    kinds.DEPLOYMENT: _deployment,
    kinds.STATEFUL_SET: _stateful_set,
    kinds.JOB: _job,
    kinds.DATABASE: _database,
    kinds.AUTOSCALER: _autoscaler,
}
