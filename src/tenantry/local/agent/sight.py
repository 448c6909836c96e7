"""What is seen of an installation's processes from one look to the next, and what follows from the difference.

Another process under the same name means that the old one ended without being asked. Readiness belongs to one process:
it is not inherited. This is memory of one life of the agent; a new life looks and asks afresh.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tenantry.application import rendering
from tenantry.local import supervision
from tenantry.local.agent import model

WINDOW = timedelta(seconds=60)
"""Exits older than this are not counted."""

_STOPPED = frozenset({supervision.ProgramState.STOPPED, supervision.ProgramState.STOPPING})


@dataclass(slots=True, kw_only=True)
class _Track:
    pid: int | None = None
    is_expected: bool = False
    is_muted: bool = False
    is_ready: bool = False
    failures: int = 0
    is_unwell: bool = False
    waiting_since: datetime | None = None
    exits: list[datetime] = field(default_factory=list[datetime])


class Sight:
    """The processes of one installation."""

    def __init__(self) -> None:
        self._tracks: dict[str, _Track] = {}

    def look(self, infos: Mapping[str, supervision.ProgramInfo], now: datetime) -> int:
        """Take in what the supervisor says of each workload; returns how many ended without being asked."""
        for gone in [name for name, track in self._tracks.items() if name not in infos and not track.is_muted]:
            del self._tracks[gone]
        return sum(self._look_at(self._tracks.setdefault(name, _Track()), info, now) for name, info in infos.items())

    def mute(self, names: Iterable[str]) -> None:
        """We are about to end or start these: what is seen meanwhile means nothing."""
        for name in names:
            self._tracks.setdefault(name, _Track()).is_muted = True

    def expect(self, names: Iterable[str], now: datetime) -> None:
        """We have started these: what is seen from now on counts. Past exits are kept, so that a loop is noticed."""
        for name in names:
            exits = self._tracks[name].exits if name in self._tracks else []
            self._tracks[name] = _Track(is_expected=True, waiting_since=now, exits=exits)

    def forget(self, names: Iterable[str]) -> None:
        """We have ended these: nothing is expected, and past exits are forgiven."""
        for name in names:
            self._tracks.pop(name, None)

    def pid(self, name: str) -> int | None:
        """Return the process that was seen last."""
        track = self._tracks.get(name)
        return track.pid if track else None

    def are_ready(self, names: Iterable[str]) -> bool:
        """Tell whether all of these have answered."""
        return all(name in self._tracks and self._tracks[name].is_ready for name in names)

    def is_up(self, name: str, readiness: rendering.Probe | None) -> bool:
        """Tell whether a workload runs and is ready, as far as it can be asked."""
        track = self._tracks.get(name)
        return track is not None and track.pid is not None and (track.is_ready or readiness is None)

    def waiting_since(self, names: Iterable[str]) -> datetime | None:
        """Return since when the first of these has not been ready."""
        times = [self._tracks[name].waiting_since for name in names if name in self._tracks]
        return min(filter(None, times), default=None)

    def mark_ready(self, name: str, pid: int) -> None:
        """This process has answered its readiness check."""
        track = self._tracks.get(name)
        if track is not None and track.pid == pid:
            track.is_ready, track.waiting_since = True, None

    def mark_health(self, name: str, *, is_well: bool, threshold: int) -> bool:
        """Count the answer of a health check; tells whether the workload has just become unwell."""
        track = self._tracks.get(name)
        if track is None or track.pid is None:
            return False
        track.failures = 0 if is_well else track.failures + 1
        before, track.is_unwell = track.is_unwell, track.failures >= threshold
        return track.is_unwell and not before

    def programs(self, deployed: Mapping[str, str], now: datetime) -> dict[str, model.Program]:
        """Return the processes as the plan wants them."""
        return {
            name: model.Program(
                digest=deployed.get(name),
                is_running=track.pid is not None,
                is_ready=track.is_ready,
                is_unwell=track.is_unwell,
                waiting_since=track.waiting_since,
                exits=tuple(at for at in track.exits if at > now - WINDOW),
            )
            for name, track in self._tracks.items()
        }

    def _look_at(self, track: _Track, info: supervision.ProgramInfo, now: datetime) -> int:
        if track.is_muted:
            return 0
        has_ended = _has_ended(track, info)
        if has_ended:
            track.exits = [at for at in track.exits if at > now - WINDOW] + [now]
        if info.pid != track.pid:
            track.is_ready, track.is_unwell, track.failures = False, False, 0
            track.waiting_since = track.waiting_since or now
        track.pid = info.pid
        track.is_expected = track.is_expected and info.pid is None
        return int(has_ended)


def _has_ended(track: _Track, info: supervision.ProgramInfo) -> bool:
    if info.pid == track.pid and not (track.is_expected and info.pid is None):
        return False
    was_there = track.pid is not None or (track.is_expected and info.pid is None)
    return was_there and info.state not in _STOPPED
