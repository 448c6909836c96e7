"""What the programs of an installation print: the last lines of all of them together, then each new line of any.

A container's log ends with its program. Whoever follows is told of the installation, so a program that takes another's
place, in a rollout or after a crash, is looked for now and then and read from its beginning. Pods are looked at and not
watched, since the role of an earlier version does not allow that.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tenantry.kernel import errors
from tenantry.kubernetes import client as clients
from tenantry.kubernetes import connection, failures, kinds, parts
from tenantry.runtime import contract

_WORKLOAD = "app.kubernetes.io/component"
_JOB = "tenantry.dev/job"
_SCHEDULED = "scheduled-"
_LINES_AHEAD = 1000
_LOOK_EVERY = 1.0
_REFUSED = 400
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_WORD = re.compile(r"-([a-z0-9])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One run of one container of a pod.

    Attributes:
        run: tells it from the runs before and after it.
        source: whose it is, as log lines name it.
    """

    pod: str
    container: str
    run: str
    source: str


def programs(pods: Sequence[kinds.Object]) -> Iterator[Program]:
    """Yield the programs that have begun: others have printed nothing yet."""
    for pod in pods:
        for each in parts.listed(pod, "status", "containerStatuses"):
            if run := each.get("containerID"):
                name = pod["metadata"]["name"]
                yield Program(pod=name, container=each["name"], run=run, source=_source(pod))


def _source(pod: kinds.Object) -> str:
    labels: Mapping[str, str] = parts.mapping(pod, "metadata", "labels")
    job = labels.get(_JOB)
    if job is not None:
        return f"job/{job if job.startswith(_SCHEDULED) else _WORD.sub(lambda found: found[1].upper(), job)}"
    return labels.get(_WORKLOAD) or str(pod["metadata"]["name"])


class Reader:
    """Reads what one installation prints."""

    def __init__(self, client: clients.Client, connected: connection.Connection, name: str) -> None:
        """Take the way to the cluster, and whose lines are wanted."""
        self._client = client
        self._connection = connected
        self._name = name

    async def lines(self, *, tail: int, follow: bool) -> AsyncGenerator[contract.LogLine]:
        """Yield the last lines, then, if it follows, each new one until the installation is gone.

        Raises:
            errors.NotFoundError: there is no such installation.
        """
        begun = await self._look()
        if begun is None:
            raise errors.NotFoundError(f"There is no installation {self._name} in this cluster.")
        ends = await asyncio.gather(*(self._end_of(each, tail) for each in begun))
        for line in _last(ends, tail):
            yield line
        if not follow:
            return
        read = {each: end[-1].at if end else None for each, end in zip(begun, ends, strict=True)}
        async with contextlib.aclosing(self._news(read, is_past_left_out=tail == 0)) as news:
            async for line in news:
                yield line

    async def _news(
        self, read: Mapping[Program, datetime | None], *, is_past_left_out: bool
    ) -> AsyncGenerator[contract.LogLine]:
        lines: asyncio.Queue[contract.LogLine | None] = asyncio.Queue(maxsize=_LINES_AHEAD)
        following = asyncio.create_task(self._follow(read, lines, is_past_left_out=is_past_left_out))
        ending = asyncio.create_task(_end(following, lines))
        try:
            while (line := await lines.get()) is not None:
                yield line
            await following
        finally:
            for task in (following, ending):
                task.cancel()
            await asyncio.gather(following, ending, return_exceptions=True)

    async def _follow(
        self,
        read: Mapping[Program, datetime | None],
        lines: "asyncio.Queue[contract.LogLine | None]",
        *,
        is_past_left_out: bool,
    ) -> None:
        known = set(read)
        try:
            async with asyncio.TaskGroup() as group:
                for each, end in read.items():
                    group.create_task(self._read_on(each, lines, end, is_past_left_out=is_past_left_out))
                while (found := await self._look()) is not None:
                    for each in (one for one in found if one not in known):
                        group.create_task(self._read_on(each, lines))
                    known.update(found)
                    await asyncio.sleep(_LOOK_EVERY)
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from failed

    async def _look(self) -> list[Program] | None:
        """Return the programs that there are; None where the installation is gone."""
        pods = await clients.objects(self._client.pages(kinds.POD, namespace=self._name))
        if not pods:
            try:
                await self._client.get(kinds.INSTALLATION, self._name, self._name)
            except failures.MissingError:
                return None
        return list(programs(pods))

    async def _end_of(self, program: Program, tail: int) -> list[contract.LogLine]:
        if tail == 0:
            return []
        query = {"container": program.container, "timestamps": "true", "tailLines": str(tail)}
        status, told, _ = await self._connection.call(
            "GET", self._path(program), query=query, body=None, content_type=""
        )
        if status >= _REFUSED:
            return []  # it is gone by now
        return [_line(program.source, each) for each in told.splitlines()]

    async def _read_on(
        self,
        program: Program,
        lines: "asyncio.Queue[contract.LogLine | None]",
        end: datetime | None = None,
        *,
        is_past_left_out: bool = False,
    ) -> None:
        """Read a program's lines after a moment until it has ended, however long it is silent between two."""
        async for line in self._stream(program, end, is_past_left_out=is_past_left_out):
            await lines.put(line)

    async def _stream(
        self, program: Program, end: datetime | None, *, is_past_left_out: bool
    ) -> AsyncGenerator[contract.LogLine]:
        query = {"container": program.container, "timestamps": "true", "follow": "true"}
        if end is not None:
            query["sinceTime"] = end.isoformat()
        elif is_past_left_out:
            query["tailLines"] = "0"
        async with self._connection.stream(self._path(program), query=query, can_be_silent=True) as response:
            if response.status >= _REFUSED:
                return
            async for each in response.content:
                line = _line(program.source, each)
                if end is None or line.at is None or line.at > end:  # since when it tells is a whole second
                    yield line

    def _path(self, program: Program) -> str:
        return kinds.POD.path(self._name, program.pod, "log")


def _last(ends: Sequence[Sequence[contract.LogLine]], tail: int) -> list[contract.LogLine]:
    """Return the last lines of all, in the order in which they were written."""
    together = sorted((line for end in ends for line in end), key=lambda line: line.at or _LONG_AGO)
    return together[-tail:] if tail else []


def _line(source: str, line: bytes) -> contract.LogLine:
    moment, _, text = line.decode(errors="replace").rstrip("\r\n").partition(" ")
    try:
        return contract.LogLine(at=datetime.fromisoformat(moment), source=source, text=text)
    except ValueError:
        return contract.LogLine(at=None, source=source, text=f"{moment} {text}".rstrip())


async def _end(following: "asyncio.Task[None]", lines: "asyncio.Queue[contract.LogLine | None]") -> None:
    await asyncio.wait({following})
    await lines.put(None)
