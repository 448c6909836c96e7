"""Looks closer at what is not well: why its pods are not ready, and what they logged. Not asked while all is well.

Where the cluster refuses a pod, there is none to look at: then whoever was to make it says why.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tenantry.kernel import errors
from tenantry.kubernetes import client as clients
from tenantry.kubernetes import kinds, parts
from tenantry.operator.controller import keys, restarts, seen, unwell
from tenantry.operator.render import names, objects

LINES = 20
_PODS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found.

    Attributes:
        message: why pods are not ready or not there, in the words of Kubernetes; empty where they are, None where it
            did not tell.
        lines: the end of the log.
        pods: what the workloads' pods say of restarts; None where they were not looked at, or the cluster did not tell.
    """

    message: str | None = None
    lines: tuple[str, ...] = ()
    pods: tuple[restarts.Pod, ...] | None = None


class Diagnosis:
    """Looks at the pods of an installation."""

    def __init__(self, client: clients.Client) -> None:
        """Take how to ask."""
        self._client = client

    async def of(self, key: keys.Key, known: Iterable[seen.Seen], *, job: str = "") -> Found:
        """Return what can be found; nothing where the cluster does not tell.

        Args:
            key: the installation.
            known: its objects.
            job: only the pods of this job; empty for those of the workloads.
        """
        labels = f"{objects.INSTALLATION}={key.name}"
        labels += f",{objects.JOB}={names.kebab(job)}" if job else f",!{objects.JOB}"
        try:
            pages = self._client.pages(kinds.POD, namespace=key.namespace, labels=labels, size=_PODS)
            pods = await clients.objects(pages)
        except errors.TenantryError:
            # What failed is told anyway; that nobody can say more must not stand in the way.
            return Found()
        unready = unwell.pods(pods)
        logged = next(filter(unwell.has_log, unready), None)
        makers = _jobs(known, job, pods) if job else _workloads(known)
        refused = unwell.refused([await self._refusal(each) for each in makers])
        why = unwell.told(unready) or await self._warned(key, unready)
        return Found(
            message=" ".join(filter(None, (refused, why))),
            lines=() if logged is None else await self._lines(key, logged),
            pods=None if job else tuple(restarts.pod(pod) for pod in pods),
        )

    async def _warned(self, key: keys.Key, unready: Sequence[kinds.Object]) -> str:
        """Return what was last warned of about a pod whose status gives no reason: a volume that cannot be mounted."""
        if not unready:
            return ""
        return unwell.warned(await self._warnings(key.namespace, f"regarding.uid={unready[0]['metadata']['uid']}"))

    async def _refusal(self, maker: seen.Seen) -> str:
        """Return why the cluster refuses what is to make a pod; a Deployment's status says so, of others an Event."""
        if isinstance(maker.about, seen.Rollout) and maker.kind == kinds.DEPLOYMENT.kind:
            return maker.about.refused
        warnings = await self._warnings(maker.key.namespace, f"regarding.uid={maker.uid},reason=FailedCreate")
        return unwell.refusal(unwell.noted(warnings))

    async def _warnings(self, namespace: str, fields: str) -> list[kinds.Object]:
        pages = self._client.pages(kinds.EVENT, namespace=namespace, fields=f"{fields},type=Warning")
        try:
            return await clients.objects(pages)
        except errors.TenantryError:
            return []

    async def _lines(self, key: keys.Key, pod: kinds.Object) -> tuple[str, ...]:
        name, is_former = pod["metadata"]["name"], unwell.has_begun_anew(pod)
        try:
            text = await self._client.log(name, key.namespace, lines=LINES, is_former=is_former)
        except errors.TenantryError:
            return ()
        return tuple(text.splitlines()[-LINES:])


def _workloads(known: Iterable[seen.Seen]) -> Iterator[seen.Seen]:
    """Yield the workloads that may lack a pod because it was refused."""
    for each in known:
        if not isinstance(each.about, seen.Rollout) or each.about.is_complete:
            continue
        if each.about.refused or (each.kind == kinds.STATEFUL_SET.kind and each.about.is_short):
            yield each


def _jobs(known: Iterable[seen.Seen], job: str, pods: Iterable[kinds.Object]) -> Iterator[seen.Seen]:
    """Yield the last Job of a name, unless it has a pod."""
    of_name = [each for each in known if isinstance(each.about, seen.Job) and each.about.name == names.kebab(job)]
    owners = {owner["uid"] for pod in pods for owner in parts.listed(pod, "metadata", "ownerReferences")}
    yield from (each for each in sorted(of_name, key=lambda each: each.version)[-1:] if each.uid not in owners)
