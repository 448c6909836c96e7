"""Looks closer at what is not well: why its pods are not ready, and what they logged. Not asked while all is well."""

from collections.abc import Sequence
from dataclasses import dataclass

from tenantry.kernel import errors
from tenantry.kubernetes import client as clients
from tenantry.kubernetes import kinds
from tenantry.operator.controller import keys, restarts, unwell
from tenantry.operator.render import names, objects

LINES = 20
_PODS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found.

    Attributes:
        message: why pods are not ready, in the words of Kubernetes; empty where they are, None where it did not tell.
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

    async def of(self, key: keys.Key, *, job: str = "") -> Found:
        """Return what can be found; nothing where the cluster does not tell.

        Args:
            key: the installation.
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
        return Found(
            message=unwell.told(unready) or await self._warned(key, unready),
            lines=() if logged is None else await self._lines(key, logged),
            pods=None if job else tuple(restarts.pod(pod) for pod in pods),
        )

    async def _warned(self, key: keys.Key, unready: Sequence[kinds.Object]) -> str:
        """Return what was last warned of about a pod whose status gives no reason: a volume that cannot be mounted."""
        if not unready:
            return ""
        fields = f"regarding.uid={unready[0]['metadata']['uid']},type=Warning"
        try:
            warnings = await clients.objects(self._client.pages(kinds.EVENT, namespace=key.namespace, fields=fields))
        except errors.TenantryError:
            return ""
        return unwell.warned(warnings)

    async def _lines(self, key: keys.Key, pod: kinds.Object) -> tuple[str, ...]:
        name, is_former = pod["metadata"]["name"], unwell.has_begun_anew(pod)
        try:
            text = await self._client.log(name, key.namespace, lines=LINES, is_former=is_former)
        except errors.TenantryError:
            return ()
        return tuple(text.splitlines()[-LINES:])
