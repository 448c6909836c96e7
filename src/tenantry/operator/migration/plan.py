"""The decision: what is due for one object, in order. Pure.

What is due and does not have to be seen first is done, then everything is read again. Over: the former operator is
paused before anything is handed over, the Installation is held until it owns what is handed over, and former pods serve
until visitors have come to new ones. Back is the same in reverse, from wherever it had come to.
"""

from collections.abc import Iterator

from tenantry.operator.migration import model, step

_OURS, _FORMER = model.Side.OURS, model.Side.FORMER


_LOOK_AFTER = (step.Pause, step.Create, step.Displace, step.Revive)
"""What follows from these is not known before it is read again."""


def together(observed: model.Observed, way: model.Way) -> Iterator[step.Step]:
    """Yield what can be done now without looking again, in this order, or what has to be waited for."""
    for number, each in enumerate(due(observed, way)):
        is_act = not isinstance(each, step.Wait | step.Leave)
        if is_act or number == 0:
            yield each
        if not is_act or isinstance(each, _LOOK_AFTER):
            return


def due(observed: model.Observed, way: model.Way) -> Iterator[step.Step]:
    """Yield what is due, first things first; nothing: it is where it was to go."""
    if way is model.Way.BACK:
        return _back(observed)
    return iter(()) if _is_over(observed) else _over(observed)


def _is_over(observed: model.Observed) -> bool:
    """Tell whether the migration is done; how the Installation fares after that is the operator's matter."""
    successor = observed.successor
    return (
        successor is not None
        and not successor.is_held
        and not successor.is_ending
        and all(each.owner is _OURS and not each.has_traces for each in observed.things)
        and all(each.leads is _OURS for each in observed.doors)
        and all(each.wanted == 0 for each in observed.runners)
    )


def _over(observed: model.Observed) -> Iterator[step.Step]:
    former, successor = observed.former, observed.successor
    if not (former.is_paused and former.is_touched):
        yield step.Pause()
    if not former.has_let_go:
        message = "The former operator has not said that it has let go."
        yield step.Wait(reason="NotLetGo", message=message, is_told=True)
    if successor is None:
        yield step.Create()
    elif successor.is_ending:
        yield step.Wait(reason="Ending", message="An Installation of this name is being removed.", is_told=True)
    if successor is None or not successor.is_remembering:
        yield step.Remember()
    if things := tuple(each for each in observed.things if each.owner is not _OURS):
        yield step.HandOver(things=things)
    yield from _make_room(observed)
    if successor is None or successor.is_held:
        yield step.Release()
    yield from _move_in(observed)


def _make_room(observed: model.Observed) -> Iterator[step.Step]:
    in_the_way = [each for each in observed.runners if each.is_in_the_way]
    if runners := tuple(each for each in in_the_way if not each.is_ending):
        yield step.Displace(runners=runners)
    if in_the_way:
        yield step.Wait(reason="MakingRoom", message="A former Deployment makes room for one of the same name.")


def _move_in(observed: model.Observed) -> Iterator[step.Step]:
    successor = observed.successor
    if successor is None or not successor.is_ready:
        yield step.Wait(
            reason="NotReady",
            message=successor.story if successor else "The Installation is not made yet.",
            is_told=True,
        )
    if things := tuple(each for each in observed.things if each.has_traces):
        yield step.Forget(things=things)
    if doors := tuple(each for each in observed.doors if each.leads is not _OURS):
        yield step.Switch(doors=doors)
    if not all(each.serves is _OURS for each in observed.doors):
        yield step.Wait(reason="NotSwitched", message="A Service does not lead to the new pods alone yet.")
    if runners := tuple(each for each in observed.runners if each.wanted > 0):
        yield step.Retire(runners=runners)


def _back(observed: model.Observed) -> Iterator[step.Step]:
    successor = observed.successor
    if successor is not None and successor.has_newer_data:
        message = "Its data were brought to another version since; the former application may not understand them."
        yield step.Leave(reason="DataMigrated", message=message)
    yield from _move_out(observed)
    if successor is not None and not successor.is_ending and not (successor.is_held and successor.is_kept):
        yield step.Hold()
    if things := tuple(each for each in observed.things if each.is_handed):
        yield step.HandBack(things=things)
    if successor is not None:
        if not successor.is_ending:
            yield step.Delete()
        message = "The operator has not taken the Installation's objects away yet."
        yield step.Wait(reason="Ending", message=message, is_told=True)
    if observed.former.is_touched:
        yield step.Resume()


def _move_out(observed: model.Observed) -> Iterator[step.Step]:
    if runners := tuple(each for each in observed.runners if each.before is not None):
        yield step.Revive(runners=runners)
    is_served_by_us = any(each.leads is _OURS for each in observed.doors) or not observed.doors
    if is_served_by_us and not all(each.ready >= each.wanted for each in observed.runners):
        yield step.Wait(reason="NotReady", message="The former pods are not ready again.")
    if doors := tuple(each for each in observed.doors if each.leads is _OURS):
        yield step.SwitchBack(doors=doors)
    if observed.successor is not None and not all(each.serves is _FORMER for each in observed.doors):
        yield step.Wait(reason="NotSwitched", message="A Service does not lead to the former pods alone yet.")
