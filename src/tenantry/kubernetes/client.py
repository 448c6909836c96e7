"""The requests that the operator makes, each one call: get, list, apply, patch, create, delete, watch.

Every call is checked against the table of rights, waits for its turn at the gate, is counted, and fails with an error
that says whether to wait. Nothing is tried again here: whoever asked knows whether it still matters.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import aiohttp
import orjson

from tenantry.kubernetes import connection, failures, kinds, limits, measures, rights

FIELD_MANAGER = "tenantry-operator"

_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"
_JSON = "application/json"
_UNANSWERED = 0
_NOT_FOUND = 404
_REFUSED = 400
_LOG_BYTES = 16_384


class Propagation(StrEnum):
    """What becomes of the objects that a deleted object owns."""

    BACKGROUND = "Background"
    FOREGROUND = "Foreground"
    ORPHAN = "Orphan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of a list, all of it as it was at one moment."""

    items: list[kinds.Object]
    resource_version: str


class Change(StrEnum):
    """What a watch tells of an object."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    BOOKMARK = "BOOKMARK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One line of a watch."""

    change: Change
    item: kinds.Object


class Client:
    """Asks one API server."""

    def __init__(
        self,
        connected: connection.Connection,
        *,
        allowed: rights.Rights,
        gate: limits.Gate,
        counted: measures.Measures,
        manager: str = FIELD_MANAGER,
    ) -> None:
        """Take the connection, what may be asked, how fast, who counts, and whose fields are written."""
        self._manager = manager
        self._connection = connected
        self._rights = allowed
        self._gate = gate
        self._measures = counted

    async def get(self, kind: kinds.Kind, name: str, namespace: str | None = None) -> kinds.Object:
        """Return one object.

        Raises:
            failures.MissingError: there is none of that name.
        """
        return await self._ask(rights.Verb.GET, kind, "GET", kind.path(namespace, name))

    async def pages(
        self, kind: kinds.Kind, *, namespace: str | None = None, labels: str = "", fields: str = "", size: int = 500
    ) -> AsyncGenerator[Page]:
        """Yield all objects, a page at a time.

        Args:
            kind: what to list.
            namespace: None means all namespaces.
            labels: a label selector.
            fields: a field selector.
            size: the most objects on a page.

        Raises:
            failures.ExpiredError: reading took longer than the API server remembers; begin again.
        """
        selectors = {"labelSelector": labels, "fieldSelector": fields}
        query = {"limit": str(size)} | {name: value for name, value in selectors.items() if value}
        while True:
            answer = await self._ask(rights.Verb.LIST, kind, "GET", kind.path(namespace), query=query)
            about: Mapping[str, Any] = answer["metadata"]
            yield Page(items=answer.get("items") or [], resource_version=about["resourceVersion"])
            if not about.get("continue"):
                return
            query = query | {"continue": about["continue"]}

    async def remembered(self, kind: kinds.Kind, *, labels: str = "") -> list[kinds.Object]:
        """Return all objects as the API server has them in its memory: cheap however many there are, and maybe old.

        Args:
            kind: what to list.
            labels: a label selector.
        """
        query = {"resourceVersion": "0"} | ({"labelSelector": labels} if labels else {})
        answer = await self._ask(rights.Verb.LIST, kind, "GET", kind.path(), query=query)
        return answer.get("items") or []

    async def apply(
        self, kind: kinds.Kind, wanted: kinds.Object, *, is_forced: bool = True, is_trial: bool = False
    ) -> kinds.Object:
        """Make the object what is wanted of it (server-side apply); fields that are not mentioned stay as they are.

        Args:
            kind: its kind.
            wanted: the object, with `apiVersion`, `kind` and its name.
            is_forced: take fields from other managers; otherwise they are a conflict.
            is_trial: return what it would become, and change nothing.

        Raises:
            failures.OutdatedError: another manager owns a field, and it is not forced.
            failures.InvalidObjectError: the API server refuses the object.
        """
        if not is_trial:
            self._rights.check(rights.Verb.CREATE, kind)
        about: Mapping[str, Any] = wanted["metadata"]
        query = {"fieldManager": self._manager, "force": "true" if is_forced else "false"}
        query |= {"dryRun": "All"} if is_trial else {}
        path = kind.path(about.get("namespace"), about["name"])
        return await self._ask(rights.Verb.PATCH, kind, "PATCH", path, query=query, body=wanted, content_type=_APPLY)

    async def patch(
        self, kind: kinds.Kind, name: str, namespace: str | None, changes: kinds.Object, *, subresource: str = ""
    ) -> kinds.Object:
        """Change some fields (merge patch); a `resourceVersion` within makes it hold only for the object as it was.

        Raises:
            failures.MissingError: there is no such object.
            failures.OutdatedError: it has changed meanwhile.
        """
        path = kind.path(namespace, name, subresource or None)
        query = {"fieldManager": self._manager}
        return await self._ask(
            rights.Verb.PATCH,
            kind,
            "PATCH",
            path,
            query=query,
            body=changes,
            content_type=_MERGE,
            subresource=subresource,
        )

    async def create(self, kind: kinds.Kind, wanted: kinds.Object) -> kinds.Object:
        """Make a new object.

        Raises:
            failures.ExistsError: there is one of that name.
        """
        path = kind.path(wanted["metadata"].get("namespace"))
        query = {"fieldManager": self._manager}
        return await self._ask(rights.Verb.CREATE, kind, "POST", path, query=query, body=wanted)

    async def delete(
        self,
        kind: kinds.Kind,
        name: str,
        namespace: str | None,
        *,
        propagation: Propagation = Propagation.BACKGROUND,
        uid: str | None = None,
    ) -> bool:
        """Ask for an object's removal; tells whether there was one.

        Args:
            kind: its kind.
            name: its name.
            namespace: where it is.
            propagation: what becomes of what it owns.
            uid: only this very object, not another of the same name.

        Raises:
            failures.OutdatedError: there is another object of that name.
        """
        options: kinds.Object = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        try:
            await self._ask(rights.Verb.DELETE, kind, "DELETE", kind.path(namespace, name), body=options)
        except failures.MissingError:
            return False
        return True

    async def log(self, pod: str, namespace: str, *, lines: int, is_former: bool = False) -> str:
        """Return the end of a pod's log.

        Args:
            pod: its name.
            namespace: where it is.
            lines: so many lines at most.
            is_former: of the program that ran before the one that runs now.

        Raises:
            failures.MissingError: there is no such pod.
            failures.RefusedError: its container has not run yet.
        """
        path = kinds.POD.path(namespace, pod, "log")
        query = {"tailLines": str(lines), "limitBytes": str(_LOG_BYTES)}
        query |= {"previous": "true"} if is_former else {}
        told = await self._called(rights.Verb.GET, kinds.POD, "GET", path, query=query, body=None, subresource="log")
        return told.decode(errors="replace")

    async def serves(self, kind: kinds.Kind) -> bool:
        """Tell whether the cluster has a kind; everybody may know."""
        told = await self._discovered(f"/apis/{kind.group}/{kind.version}")
        listed: list[Mapping[str, Any]] = [] if told is None else told.get("resources") or []
        return any(each.get("name") == kind.plural for each in listed)

    async def groups(self) -> Mapping[str, frozenset[str]]:
        """Return the groups of kinds that the cluster has, each with its versions; everybody may know."""
        told = await self._discovered("/apis") or {}
        listed: list[Mapping[str, Any]] = told.get("groups") or []
        return {each["name"]: frozenset(one["version"] for one in each["versions"]) for each in listed}

    async def _discovered(self, path: str) -> kinds.Object | None:
        async with self._gate.turn():
            status, told, headers = await self._connection.call("GET", path, query={}, body=None, content_type=_JSON)
        if status == _NOT_FOUND:
            return None
        if status >= _REFUSED:
            raise failures.from_answer(status, told, headers, what=f"get {path}")
        return orjson.loads(told)

    async def watch(
        self,
        kind: kinds.Kind,
        *,
        resource_version: str,
        longest: int,
        namespace: str | None = None,
        labels: str = "",
    ) -> AsyncGenerator[Told]:
        """Yield what happens after a moment, until the API server ends the watch or is silent for too long.

        Either way it is to be asked again: where nothing happens it answers at once, and where it is gone that fails.

        Args:
            kind: what to watch.
            resource_version: the moment, as a list or an earlier watch told it.
            longest: after so many seconds the API server ends it.
            namespace: None means all namespaces.
            labels: a label selector.

        Raises:
            failures.ExpiredError: that moment is forgotten: list again.
            failures.UnreachableError: the connection broke.
        """
        self._rights.check(rights.Verb.WATCH, kind)
        query = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": resource_version,
            "timeoutSeconds": str(longest),
        } | ({"labelSelector": labels} if labels else {})
        what = f"watch {kind.plural}"
        async with self._gate.turn() as waited:
            self._measures.throttled(waited)
        with contextlib.suppress(failures.SilentError):
            async with self._connection.stream(kind.path(namespace), query=query) as response:
                self._measures.called(rights.Verb.WATCH, kind.plural, response.status, 0.0)
                if response.status >= _REFUSED:
                    raise failures.from_answer(response.status, await response.read(), response.headers, what=what)
                self._measures.watching(kind.plural, 1)
                try:
                    async with contextlib.aclosing(_lines(response)) as lines:
                        async for line in lines:
                            yield _told(line, what)
                finally:
                    self._measures.watching(kind.plural, -1)

    async def _ask(
        self,
        verb: rights.Verb,
        kind: kinds.Kind,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: kinds.Object | None = None,
        content_type: str = _JSON,
        subresource: str = "",
    ) -> kinds.Object:
        sent = None if body is None else orjson.dumps(body)
        return orjson.loads(
            await self._called(
                verb,
                kind,
                method,
                path,
                query=query or {},
                body=sent,
                content_type=content_type,
                subresource=subresource,
            )
        )

    async def _called(
        self,
        verb: rights.Verb,
        kind: kinds.Kind,
        method: str,
        path: str,
        *,
        query: Mapping[str, str],
        body: bytes | None,
        content_type: str = _JSON,
        subresource: str = "",
    ) -> bytes:
        self._rights.check(verb, kind, subresource)
        resource = f"{kind.plural}/{subresource}" if subresource else kind.plural
        async with self._gate.turn() as waited:
            self._measures.throttled(waited)
            clock = asyncio.get_running_loop()
            begun, status = clock.time(), _UNANSWERED
            try:
                status, told, headers = await self._connection.call(
                    method, path, query=query, body=body, content_type=content_type
                )
            finally:
                self._measures.called(verb, resource, status, clock.time() - begun)
        if status >= _REFUSED:
            raise failures.from_answer(status, told, headers, what=f"{verb} {path}")
        return told


async def _lines(response: aiohttp.ClientResponse) -> AsyncGenerator[bytes]:
    """Yield whole lines; an object may be far longer than what aiohttp reads as one."""
    kept = b""
    async for chunk in response.content.iter_any():
        *whole, kept = (kept + chunk).split(b"\n")
        for line in whole:
            if line:
                yield line


def _told(line: bytes, what: str) -> Told:
    try:
        event: kinds.Object = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise failures.UnreachableError(f"{what}: the answer broke off.") from error
    if event["type"] == "ERROR":
        status: Mapping[str, Any] = event["object"]
        raise failures.from_status(status, int(status.get("code") or 500), what=what)
    return Told(change=Change(event["type"]), item=event["object"])


async def objects(pages: AsyncIterator[Page]) -> list[kinds.Object]:
    """Return the objects of all pages."""
    return [item async for page in pages for item in page.items]
