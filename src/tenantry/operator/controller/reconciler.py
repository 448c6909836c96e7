"""Cares for one installation at a time: looks, plans, takes the steps, and reports once.

One that is at rest is recognised by digests, without rendering it and without a call. Whatever is due for one is done
in one go, so that its status is written once for all of it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import structlog

from tenantry.application import rendering
from tenantry.kernel import clock as clocks
from tenantry.kernel import errors
from tenantry.kernel import randomness as randoms
from tenantry.kubernetes import client as clients
from tenantry.kubernetes import documents, kinds
from tenantry.operator.controller import (
    assessment,
    effects,
    former,
    installations,
    keys,
    measures,
    merging,
    model,
    plan,
    restarts,
    seen,
    step,
    troubles,
    turns,
    untold,
    wishes,
    world,
)
from tenantry.operator.render import names, objects
from tenantry.runtime import document

log = structlog.get_logger()

ROUNDS = 20
"""So many plans are carried out in one go at most."""

_RESYNC = timedelta(minutes=20)
_MISSING = timedelta(seconds=20)
"""What is missing and may come by itself is looked for again, since not everything that may come is watched."""
_QUEUED_QUIETLY = timedelta(seconds=20)
"""Waiting for a turn is reported only after this long: most turns come sooner."""


class NotSettlingError(errors.TemporaryError):
    """The same step is due again right after it was taken."""

    code = "not-settling"


@dataclass(slots=True, kw_only=True)
class _Look:
    """An installation, as one round of care sees it."""

    given: installations.InstallationSeen
    doc: document.Installation
    attempt: str
    case: effects.Case
    has_turn: bool = True

    @property
    def reported(self) -> document.InstallationStatus:
        return self.doc.status or document.InstallationStatus()


class Reconciler:
    """The care for every installation."""

    def __init__(
        self,
        client: clients.Client,
        *,
        known: world.World,
        wished: wishes.Wishes,
        hands: effects.Effects,
        turn: turns.Turns,
        crowd: untold.Crowd,
        wake: Callable[[keys.Key], None],
        measured: measures.Measures,
        clock: clocks.Clock,
        randomness: randoms.Randomness,
    ) -> None:
        """Take the parts."""
        self._client = client
        self._world = known
        self._wishes = wished
        self._hands = hands
        self._turns = turn
        self._wake = wake
        self._measures = measured
        self._clock = clock
        self._randomness = randomness
        self._crowd = crowd
        self._untold = untold.Untold(crowd)
        self._troubles = troubles.Troubles(lambda: crowd.patience(turn.held))

    async def care(self, key: keys.Key) -> datetime | None:
        """Bring one installation a step nearer; return when to look again without being asked."""
        given = self._world.installations.cache.get(key)
        if given is None:
            self._world.forget(key)
            self._let_be(key)
            return None
        if given.is_held and not given.is_deleting:
            self._let_be(key)
            return None
        self._measures.looked()
        doc = given.document()
        self._recall(key, doc)
        attempt = await self._wishes.attempt(given, doc)
        if doc.status is not None and self._troubles.is_over(key) and self._is_at_rest(given, doc, attempt):
            self._let_be(key)
            return self._next_look(doc.status)
        if (later := self._must_wait(given, doc)) is not None:
            return later
        given = await self._hold_on(given)
        return await self._bring(given, doc, attempt)

    def _let_be(self, key: keys.Key) -> None:
        """There is nothing to do for an installation, and nothing to tell."""
        self._troubles.end(key)
        self._untold.end(key)
        self._end_turn(key)

    def _recall(self, key: keys.Key, doc: document.Installation) -> None:
        memory = doc.status.memory if doc.status is not None else None
        known = memory.written_otherwise if memory is not None else None
        self._world.remembered(key, {model.Name.read(name): digest for name, digest in (known or {}).items()})

    def _must_wait(self, given: installations.InstallationSeen, doc: document.Installation) -> datetime | None:
        """Return when to look again at a new installation whose turn has not come: until then it costs nothing."""
        is_new = doc.status is None and doc.spec.run_policy is document.RunPolicy.RUNNING and not given.is_deleting
        now = self._clock.now()
        if not is_new or self._turns.ask(given.key, now):
            return None
        return now + _QUEUED_QUIETLY if self._waits_quietly(given.key) else None

    async def _bring(
        self, given: installations.InstallationSeen, doc: document.Installation, attempt: str
    ) -> datetime | None:
        reported = doc.status or document.InstallationStatus()
        memory = self._untold.memory(given.key, reported) or reported.memory or document.Memory()
        case = effects.Case(await self._wish(given, doc, attempt, memory), reported, memory)
        look = _Look(given=given, doc=doc, attempt=attempt, case=case)
        self._resume_turn(look)
        try:
            last = await self._rounds(look)
        except errors.TenantryError as error:
            # What was done and what went wrong is told even where the rest failed: it must not be forgotten.
            self._hands.refused(case, error)
            await self._report(look)
            raise
        if isinstance(last, step.Finish):
            await self._let_go(given)
            return None
        await self._report(look)
        return self._when(look, last)

    async def _rounds(self, look: _Look) -> step.Step:
        before: plan.Steps = ()
        for _ in range(ROUNDS):
            now = self._clock.now()
            steps = plan.plan(look.case.wish.wanted, self._observed(look), now)
            if isinstance(steps[0], step.Rest | step.Finish):
                return steps[0]
            if steps == before:
                raise NotSettlingError(f"{type(steps[0]).__name__} does not help.")
            if any(step.is_heavy(each) for each in steps) and not self._turns.ask(look.given.key, now):
                look.has_turn = False
                return step.Rest()
            await self._take(look, steps, now)
            before = steps
        raise NotSettlingError

    async def _take(self, look: _Look, steps: plan.Steps, now: datetime) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for each in steps:
                    self._measures.step(type(each).__name__)
                    group.create_task(self._hands.take(look.case, each, now))
        except BaseExceptionGroup as failed:
            raise _worst(failed) from failed
        if any(isinstance(each, step.Fail) for each in steps):
            look.case.wish = await self._wish(look.given, look.doc, look.attempt, look.case.memory)

    async def _wish(
        self,
        given: installations.InstallationSeen,
        doc: document.Installation,
        attempt: str,
        memory: document.Memory,
    ) -> wishes.Wish:
        effective = former.effective(doc.spec, memory, attempt)
        return await self._wishes.wish(given, doc, attempt=attempt, effective=effective)

    def _observed(self, look: _Look) -> model.Observed:
        key = look.given.key
        known = self._world.objects_of(key)
        jobs = {name: each for name, each in known.items() if name.kind == kinds.JOB.kind}
        return model.Observed(
            objects={name: each for name, each in known.items() if name not in jobs},
            tolerated=self._world.tolerated(key),
            jobs=_jobs_of(look, list(jobs.values())),
            others=tuple(jobs.values()),
            memory=look.case.memory,
            reported=look.reported,
            restarts=look.case.restarts,
            has_turn=look.has_turn,
            is_overdue=self._turns.is_overdue(key, self._clock.now()),
            patience=self._crowd.patience(self._turns.held),
            log_lines=look.case.log_lines,
            unwell=look.case.unwell,
        )

    def _is_at_rest(self, given: installations.InstallationSeen, doc: document.Installation, attempt: str) -> bool:
        """Tell by digests alone whether everything is as it was when it last came to rest."""
        status = doc.status
        memory = status.memory if status is not None else None
        if status is None or memory is None or given.is_deleting or memory.obstacle is not None:
            return False
        if status.phase not in (document.Phase.READY, document.Phase.ASLEEP) or memory.served_attempt != attempt:
            return False
        if status.restarts and restarts.is_well(status.conditions, self._clock.now()):
            return False
        known = self._world.objects_of(given.key)
        made = {name: each for name, each in known.items() if name.kind != kinds.JOB.kind}
        tolerated = self._world.tolerated(given.key)
        is_awake = status.phase is document.Phase.READY
        are_well = all(_is_well(each, tolerated.get(name), is_awake=is_awake) for name, each in made.items())
        listed = sorted([name.kind, name.name, each.digest] for name, each in made.items())
        return are_well and objects.digest(listed) == memory.served_objects

    async def _hold_on(self, given: installations.InstallationSeen) -> installations.InstallationSeen:
        """Keep the Installation until what is made for it is gone."""
        if given.is_deleting or documents.FINALISER in given.finalisers:
            return given
        await self._write_finalisers(given, [*given.finalisers, documents.FINALISER])
        return self._world.installations.cache.get(given.key) or given

    async def _let_go(self, given: installations.InstallationSeen) -> None:
        if documents.FINALISER in given.finalisers:
            kept = [each for each in given.finalisers if each != documents.FINALISER]
            await self._write_finalisers(given, kept)

    async def _write_finalisers(self, given: installations.InstallationSeen, finalisers: list[str]) -> None:
        # A merge patch replaces the whole list: it holds only for the one that was read, so that nobody's is lost.
        metadata = {"finalizers": finalisers, "uid": given.uid, "resourceVersion": str(given.version)}
        key = given.key
        answer = await self._client.patch(kinds.INSTALLATION, key.name, key.namespace, {"metadata": metadata})
        self._world.installations.answered(answer)

    async def _report(self, look: _Look) -> None:
        if not look.has_turn and self._waits_quietly(look.given.key):
            return
        now = self._clock.now()
        before = look.reported
        tolerated = {str(name): digest for name, digest in sorted(self._world.tolerated(look.given.key).items())}
        look.case.remember(written_otherwise=tolerated or None)
        status = assessment.assess(look.case.wish.wanted, self._observed(look), now)
        key = look.given.key
        if look.has_turn and self._untold.waits(key, before, status, changing=self._turns.held, now=now):
            return
        found = merging.changes(_written(look.doc.status), _written(status))
        # What is as it was reported may still have gone up and down since, and then waits like any other report.
        if (found or not self._troubles.is_over(key)) and self._troubles.is_held(key, before, status, now):
            return
        if self._troubles.must_count(key, before, status, now):
            await self._hands.look_closer(look.case, now)
            status = assessment.assess(look.case.wish.wanted, self._observed(look), now)
            found = merging.changes(_written(look.doc.status), _written(status))
        if not found:
            return
        answer = await self._client.patch(
            kinds.INSTALLATION, key.name, key.namespace, {"status": found}, subresource="status"
        )
        self._world.installations.answered(answer)
        if status.phase is not before.phase:
            log.info("phase changed", installation=str(key), phase=status.phase, generation=status.observed_generation)
            self._measures.changed(before.phase, status.phase)
        look.doc = look.doc.model_copy(update={"status": status})

    def _waits_quietly(self, key: keys.Key) -> bool:
        asked = self._turns.asked_at(key)
        return asked is not None and self._clock.now() - asked < _QUEUED_QUIETLY

    def _when(self, look: _Look, last: step.Step) -> datetime | None:
        key, now = look.given.key, self._clock.now()
        if not look.has_turn:
            return now + _QUEUED_QUIETLY if self._waits_quietly(key) else self._later()
        begun = self._untold.next_look(key)
        if begun is None and self._has_come_to_an_end(look, now):
            self._end_turn(key)
            self._wishes.settled(key, look.attempt, look.doc.spec.version)
        times = [self._next_look(look.reported), self._troubles.next_look(key, look.reported, now), begun]
        if isinstance(last, step.Rest):
            times.append(last.until)
        missing = look.case.wish.wanted.missing
        if missing is not None and missing.is_awaited:
            times.append(now + _MISSING)
        overdue = self._turns.overdue_at(key)
        if overdue is not None and overdue > now:
            times.append(overdue)
        return min(each for each in times if each is not None)

    def _has_come_to_an_end(self, look: _Look, now: datetime) -> bool:
        """Tell whether others may begin: one that failed keeps its turn for a while, lest all of them fail."""
        phase = look.reported.phase
        if phase is document.Phase.FAILED:
            return self._turns.is_overdue(look.given.key, now)
        return phase not in (document.Phase.PROGRESSING, document.Phase.TERMINATING)

    def _resume_turn(self, look: _Look) -> None:
        if (
            look.reported.phase is document.Phase.PROGRESSING
            and look.given.generation == look.reported.observed_generation
        ):
            self._turns.resume(look.given.key, self._clock.now())

    def _end_turn(self, key: keys.Key) -> None:
        self._turns.end(key)
        for each in self._turns.next(self._clock.now()):
            self._wake(each)

    def _next_look(self, reported: document.InstallationStatus) -> datetime:
        return min(filter(None, (self._later(), restarts.forgotten_at(reported))))

    def _later(self) -> datetime:
        return self._clock.now() + _RESYNC * (0.75 + self._randomness.fraction() / 2)


def _worst(failed: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return one of the errors of steps that were taken together: a defect first, then what cannot pass by itself."""
    flat: list[BaseException] = [
        _worst(cast("BaseExceptionGroup[BaseException]", each)) if isinstance(each, BaseExceptionGroup) else each
        for each in failed.exceptions
    ]
    ranks = (errors.TemporaryError, errors.TenantryError)
    return min(flat, key=lambda each: next((2 - rank for rank, kind in enumerate(ranks) if isinstance(each, kind)), 0))


def _jobs_of(look: _Look, known: list[seen.Seen]) -> dict[rendering.JobName, seen.Job]:
    """Return the jobs that count for this attempt: its own, those that still run, and a set-up that was ever done."""
    found: dict[rendering.JobName, seen.Job] = {}
    if not known:
        return found
    for name in rendering.JobName:
        number = effects.job_number(look.case.memory, look.attempt, name)
        of_name = [
            each.about for each in known if isinstance(each.about, seen.Job) and each.about.name == names.kebab(name)
        ]
        own = [each for each in of_name if each.attempt == f"{look.attempt}.{number}"]
        running = [each for each in of_name if each.outcome is seen.Outcome.RUNNING]
        is_once = name is rendering.JobName.INITIALISE
        done = [each for each in of_name if is_once and each.outcome is seen.Outcome.SUCCEEDED]
        if chosen := next(iter([*done, *running, *own]), None):
            found[name] = chosen
    return found


def _is_well(each: seen.Seen, tolerated: str | None, *, is_awake: bool) -> bool:
    if each.is_ending or each.found not in (each.digest, tolerated or each.digest):
        return False
    if isinstance(each.about, seen.Rollout):
        return each.about.is_complete if is_awake else each.about.is_still
    if isinstance(each.about, seen.Supply):
        return each.about.is_there or not is_awake
    return True


def _written(status: document.InstallationStatus | None) -> dict[str, Any]:
    return {} if status is None else dict(documents.status(status))
