"""Says in words why pods are not well, from what Kubernetes notes in their status and what they logged last. Pure.

Each reason is one sentence, and the same as long as the cause is: times and counts would be a report for each look.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from tenantry.kubernetes import kinds, parts

_MOST = 2
_LONGEST = 300
_USUAL = frozenset({"", "Completed", "ContainerCreating", "PodInitializing", "Error"})
"""Words for what is as it should be, or for anything."""
_FULL = ("no space left on device", "disk quota exceeded", "enospc")
"""What programs print when a volume is full: the words of the system, in lower case."""
_IDENTIFIER = re.compile(r"[0-9a-f]{32,}")
"""Names of sandboxes, which are others with each try."""
_WHICH = re.compile(
    r"(?:Error creating: |create Pod \S+ in StatefulSet \S+ failed error: )?"
    r'(?:pods? "[^"]*" is (?:forbidden|invalid): )?',
    re.IGNORECASE,
)
"""What stands before the reason of a refusal: the name of the pod is another with each try."""


def pods(found: Iterable[kinds.Object]) -> list[kinds.Object]:
    """Return those pods that are not ready, the newest first."""
    unready = [each for each in found if _condition(each, "Ready").get("status") != "True"]
    return sorted(unready, key=lambda each: str(each["metadata"].get("creationTimestamp", "")), reverse=True)


def has_log(pod: kinds.Object) -> bool:
    """Tell whether a program of the pod ever ran, on a node that answers: another would be waited for in vain."""
    has_run = any(each.get("restartCount") or not parts.mapping(each, "state", "waiting") for each in _containers(pod))
    return has_run and not any(_node_is_away(pod))


def has_begun_anew(pod: kinds.Object) -> bool:
    """Tell whether a program of the pod runs because the one before ended: what that one logged says more."""
    return any(_end(each, "lastState") and "running" in parts.mapping(each, "state") for each in _containers(pod))


def told(unready: Sequence[kinds.Object]) -> str:
    """Return why pods are not ready: each reason once, and no more than two; empty where Kubernetes does not say."""
    causes = [cause for each in unready if (cause := why(each))]
    return " ".join(list(dict.fromkeys(causes))[:_MOST])


def why(pod: kinds.Object) -> str:
    """Return why a pod is not ready; empty where Kubernetes does not say."""
    return next((each for found in _LOOKS for each in found(pod)), "")


def warned(events: Sequence[kinds.Object]) -> str:
    """Return what the newest of these Events about a pod says; empty where there is none."""
    newest = max(events, key=_last_seen, default=None)
    if newest is None:
        return ""
    return _sentence(f"The pod waits ({newest.get('reason')})", _IDENTIFIER.sub("…", newest.get("note") or ""))


def refusal(message: object) -> str:
    """Return why a pod was refused, without saying which, from what a status or an Event says."""
    return _WHICH.sub("", str(message or ""), count=1)


def refused(refusals: Iterable[str]) -> str:
    """Return that no further pods are made, and why: each reason once, and no more than two; empty where they are."""
    told = [_sentence("The cluster refuses a pod", each) for each in refusals if each]
    return " ".join(list(dict.fromkeys(told))[:_MOST])


def noted(events: Sequence[kinds.Object]) -> str:
    """Return what the newest of these Events says; empty where there is none."""
    newest = max(events, key=_last_seen, default=None)
    return "" if newest is None else str(newest.get("note") or "")


def in_log(lines: Sequence[str]) -> str:
    """Return what the end of a log says of a cause that Kubernetes does not see; empty where it says nothing."""
    said = next((each for each in reversed(lines) if any(full in each.lower() for full in _FULL)), None)
    return "" if said is None else f"A volume is full; the log says: {said.strip()[:_LONGEST]}"


def _last_seen(event: kinds.Object) -> str:
    repeated = parts.mapping(event, "series").get("lastObservedTime")
    return str(repeated or event.get("deprecatedLastTimestamp") or event.get("eventTime") or "")


def _stopped(pod: kinds.Object) -> Iterator[str]:
    status = parts.mapping(pod, "status")
    if status.get("phase") == "Failed" and (reason := status.get("reason")):
        yield _sentence(f"A pod was stopped ({reason})", status.get("message"))
    going = _condition(pod, "DisruptionTarget")
    if going.get("status") == "True":
        yield _sentence(f"A pod has to go ({going.get('reason')})", going.get("message"))


def _containers_say(pod: kinds.Object) -> Iterator[str]:
    for each in _containers(pod):
        waiting = parts.mapping(each, "state", "waiting")
        ended, before = _end(each, "state"), _end(each, "lastState")
        if waiting.get("reason", "") not in _USUAL:
            yield _sentence(f"The pod says {waiting['reason']}", before or waiting.get("message"))
        elif ended or (before and not each.get("ready")):
            yield _sentence("A program ended", ended or before)


def _unplaced(pod: kinds.Object) -> Iterator[str]:
    placed = _condition(pod, "PodScheduled")
    if placed.get("status") == "False":
        yield _sentence("No node takes the pod", placed.get("message"))


def _node_is_away(pod: kinds.Object) -> Iterator[str]:
    """Yield that a node does not answer: who watches over nodes unsays pods whose programs are said to be well."""
    are_well = all(each.get("ready") for each in _containers(pod))
    if are_well and _condition(pod, "ContainersReady").get("status") == "True":
        yield f"The node “{parts.mapping(pod, 'spec').get('nodeName')}” does not answer."


def _unanswering(pod: kinds.Object) -> Iterator[str]:
    if any(
        parts.mapping(each, "state").get("running") is not None and not each.get("ready") for each in _containers(pod)
    ):
        yield "It runs, but its readiness check has not succeeded."


_LOOKS = (_stopped, _containers_say, _unplaced, _node_is_away, _unanswering)


def _end(container: kinds.Object, which: str) -> str:
    """Return how a program ended; empty where it did not, or as it should."""
    ended = parts.mapping(container, which, "terminated")
    if not ended.get("exitCode"):
        return ""
    status = f"exit status {ended['exitCode']}"
    reason = ended.get("reason") or ""
    return status if reason in _USUAL else f"{reason}, {status}"


def _sentence(begun: str, more: object) -> str:
    text = " ".join(str(more or "").split())[:_LONGEST].rstrip(".")
    return f"{begun}: {text}." if text else f"{begun}."


def _containers(pod: kinds.Object) -> list[kinds.Object]:
    return [
        each for name in ("initContainerStatuses", "containerStatuses") for each in parts.listed(pod, "status", name)
    ]


def _condition(pod: kinds.Object, kind: str) -> kinds.Object:
    for each in parts.listed(pod, "status", "conditions"):
        if each["type"] == kind:
            return each
    return {}
