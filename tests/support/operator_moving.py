"""A world in memory in which one object is brought over and back: what steps do, and what others do about that."""

from dataclasses import dataclass, replace

from tenantry.operator.migration import model, step

CLAIM = model.Name("PersistentVolumeClaim", "acme-data")
SERVICE = model.Name("Service", "acme")
DEPLOYMENT = model.Name("Deployment", "acme")
REPLICA_SET = model.Name("ReplicaSet", "acme-1")
REACTIONS = 6
_OURS, _FORMER = model.Side.OURS, model.Side.FORMER
_DOOR = model.Door(name=SERVICE, leads=_FORMER, serves=_FORMER)
_NEW = model.Successor(
    uid="new", is_held=True, is_kept=False, is_remembering=False, is_ready=False, is_ending=False, story="Pending"
)


class BrokenError(AssertionError):
    """Something was so that must never be."""


@dataclass(slots=True, kw_only=True)
class Town:
    """Everything that is so.

    Attributes:
        collides: whether the Installation makes a Deployment of the former one's name.
        is_bare: whether it has neither pods nor a Service that are brought over.
        has_new_pods: whether pods of ours are ready.
    """

    collides: bool = False
    is_bare: bool = False
    is_touched: bool = False
    is_paused: bool = False
    has_let_go: bool = False
    successor: model.Successor | None = None
    things: tuple[model.Thing, ...] = ()
    runner: model.Runner | None = None
    door: model.Door = _DOOR
    has_new_pods: bool = False

    def __post_init__(self) -> None:
        """Begin as the former operator made it."""
        self.things = tuple(model.Thing(name=each, owner=_FORMER, is_handed=False) for each in (CLAIM, SERVICE))
        self.runner = None if self.is_bare else self._deployment(ready=1)

    def observed(self) -> model.Observed:
        """Return what is so."""
        former = model.FormerSeen(
            uid="old", is_touched=self.is_touched, is_paused=self.is_paused, has_let_go=self.has_let_go
        )
        runners = () if self.runner is None else (self.runner,)
        doors = () if self.is_bare else (self.door,)
        return model.Observed(former=former, successor=self.successor, things=self.things, runners=runners, doors=doors)

    def take(self, taken: step.Step, *, writes: int) -> int:  # noqa: C901, PLR0912 - one line or two for each kind
        """Do a step, or only so many of its writes; return how many it took."""
        several = taken.things if isinstance(taken, step.HandOver | step.HandBack | step.Forget) else ()
        match taken:
            case step.Pause():
                self.is_paused = self.is_touched = True
            case step.Resume():
                self.is_paused = self.is_touched = False
            case step.Create():
                self.successor = _NEW
            case step.Remember():
                self._succeed(is_remembering=True)
            case step.Release():
                self._succeed(is_held=False, is_kept=False, is_ready=False)
            case step.Hold():
                self._succeed(is_held=True, is_kept=True)
            case step.Delete():
                self._succeed(is_ending=True)
            case step.HandOver():
                self._change(taken.things[:writes], owner=_OURS, is_handed=True, has_traces=True)
            case step.HandBack():
                self._change(taken.things[:writes], owner=_FORMER, is_handed=False, has_traces=False)
            case step.Forget():
                self._change(taken.things[:writes], has_traces=False)
            case step.Displace():
                self._run(is_ending=True)
            case step.Retire():
                self._run(wanted=0, before=1)
            case step.Revive():
                self._run(wanted=1, before=None)
            case step.Switch():
                self.door = replace(self.door, leads=_OURS)
            case step.SwitchBack():
                self.door = replace(self.door, leads=_FORMER)
            case step.Wait() | step.Leave():
                pass
        self.check()
        return max(1, len(several))

    def react(self, which: int) -> None:
        """Let one of the others do what it does: both operators and the cluster's controllers, in whatever order."""
        reactions = (self._let_go, self._orphan, self._make_ours, self._run_pods, self._lead, self._make_former)
        reactions[which % REACTIONS]()
        self.check()

    def check(self) -> None:
        """Refuse what must never be."""
        has_former_pods = self.runner is not None and self.runner.ready > 0
        if not self.is_bare and not (self.has_new_pods if self.door.serves is _OURS else has_former_pods):
            raise BrokenError("the Service leads to no pod that is ready")
        if not self.has_let_go and any(each.owner is _OURS for each in self.things):
            raise BrokenError("the former operator looks after what is ours")
        if self.successor is None and any(each.owner is _OURS for each in self.things):
            raise BrokenError("the owner is gone: the garbage collector takes what it owned")
        is_released = self.successor is not None and not self.successor.is_held
        if is_released and not all(each.owner is _OURS for each in self.things):
            raise BrokenError("the operator looks after what is not ours")

    def _let_go(self) -> None:
        self.has_let_go = self.is_paused

    def _orphan(self) -> None:
        if self.runner is not None and self.runner.is_ending:
            self.runner = replace(self.runner, name=REPLICA_SET, is_ending=False, is_in_the_way=False)

    def _make_ours(self) -> None:
        known = self.successor
        if known is None:
            return
        if known.is_ending:
            self.successor, self.has_new_pods = None, False
        elif not known.is_held and not (self.runner is not None and self.runner.is_in_the_way):
            if not known.is_remembering:
                raise BrokenError("what was set up is set up again")
            self.has_new_pods = True
            self._succeed(is_ready=True)

    def _run_pods(self) -> None:
        if self.runner is not None:
            self.runner = replace(self.runner, ready=self.runner.wanted)

    def _lead(self) -> None:
        self.door = replace(self.door, serves=self.door.leads)

    def _make_former(self) -> None:
        if not self.has_let_go and self.runner is not None and self.runner.name == REPLICA_SET:
            self.runner = self._deployment(ready=self.runner.ready)

    def _deployment(self, *, ready: int) -> model.Runner:
        return model.Runner(name=DEPLOYMENT, uid="d", wanted=1, ready=ready, is_in_the_way=self.collides)

    def _succeed(self, **changes: object) -> None:
        if self.successor is not None:
            self.successor = replace(self.successor, **changes)

    def _run(self, **changes: object) -> None:
        if self.runner is not None:
            self.runner = replace(self.runner, **changes)

    def _change(self, things: tuple[model.Thing, ...], **changes: object) -> None:
        names = {each.name for each in things}
        self.things = tuple(replace(each, **changes) if each.name in names else each for each in self.things)
