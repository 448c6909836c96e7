"""Looks closer at what failed: why its pods do not run, and what they said last. Asked only where something failed."""

from dataclasses import dataclass

from tenantry.kernel import errors
from tenantry.kubernetes import client as clients
from tenantry.kubernetes import kinds, parts
from tenantry.operator.controller import keys, restarts
from tenantry.operator.render import names, objects

LINES = 20
_PODS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found.

    Attributes:
        message: why pods do not run, in the words of Kubernetes; empty where they do.
        lines: the end of the log.
        pods: what the workloads' pods say of restarts; None where they were not looked at, or the cluster did not tell.
    """

    message: str = ""
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
        told = None if job else tuple(restarts.pod(pod) for pod in pods)
        unwell = [pod for pod in pods if not _is_ready(pod)]
        if not unwell:
            return Found(pods=told)
        last = max(unwell, key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")))
        return Found(message=_why(last), lines=await self._lines(key, last["metadata"]["name"]), pods=told)

    async def _lines(self, key: keys.Key, pod: str) -> tuple[str, ...]:
        try:
            text = await self._client.log(pod, key.namespace, lines=LINES)
        except errors.TenantryError:
            return ()
        return tuple(text.splitlines()[-LINES:])


def _is_ready(pod: kinds.Object) -> bool:
    conditions = parts.listed(pod, "status", "conditions")
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _why(pod: kinds.Object) -> str:
    for each in parts.listed(pod, "status", "containerStatuses"):
        for how in ("waiting", "terminated"):
            reason = parts.mapping(each, "state", how).get("reason")
            if reason not in (None, "Completed", "ContainerCreating"):
                return f"The pod says {reason}."
    for each in parts.listed(pod, "status", "conditions"):
        if each["type"] == "PodScheduled" and each["status"] == "False":
            return f"No node takes the pod: {each.get('message', '')}"
    return ""
