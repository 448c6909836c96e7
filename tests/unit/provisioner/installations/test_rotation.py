"""The steps of a rotation, where something does not answer."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta

import pytest

from support import provisioner_things as things
from support import runtime_twin
from tenantry.application import needs
from tenantry.provisioner.installations import plan, ports, rotation
from tenantry.provisioner.installations.transitions import Rotation
from tenantry.runtime import contract

PAIR = ports.KeyPair(access_key="T2", secret_key="another-secret")


class Makers:
    """Database server and object store: both count what is asked of them."""

    def __init__(self) -> None:
        self.asked = Counter[str]()

    async def runtime(self, cluster: str) -> contract.Runtime:
        raise AssertionError(cluster)

    async def databases(self, server: str) -> "Makers":
        del server
        return self

    async def buckets(self, object_store: str) -> "Buckets":
        del object_store
        return Buckets(self.asked)

    async def make(self, name: str, password: str, need: needs.DatabaseNeed, *, verifier: str = "") -> None:
        raise AssertionError(name, password, need, verifier)

    async def enter(self, name: str, password: str, door: ports.Door) -> None:
        raise AssertionError(name, password, door)

    async def set_password(self, name: str, password: str, *, verifier: str = "") -> datetime:
        self.asked[f"set {name} {password}{verifier}"] += 1
        return things.NOON

    async def end_sessions(self, name: str, *, before: datetime) -> None:
        self.asked[f"end {name} {before:%H:%M}"] += 1

    async def remove(self, name: str) -> None:
        raise AssertionError(name)


class Buckets:
    """The object store."""

    def __init__(self, asked: Counter[str]) -> None:
        self._asked = asked

    async def make(self, name: str, access_key: str, secret_key: str) -> ports.KeyPair:
        raise AssertionError(name, access_key, secret_key)

    async def renew(self, name: str, new: ports.KeyPair, *, present: str) -> ports.KeyPair:
        self._asked[f"renew {name} besides {present}"] += 1
        assert new.access_key != present
        return PAIR

    async def retire(self, name: str, *, present: str) -> None:
        self._asked[f"retire {name} but {present}"] += 1

    async def remove(self, name: str, access_key: str) -> None:
        raise AssertionError(name, access_key)


def steps(makers: Makers, within: timedelta = timedelta(seconds=5)) -> rotation.Steps:
    return rotation.Steps(things.surroundings(), makers, within=within)


CASES: list[tuple[plan.Rotating, rotation.Rotated, str]] = [
    (plan.Draw(), rotation.Rotated(key=PAIR), "renew t-1 besides T1"),
    (plan.SetPassword(), rotation.Rotated(set_at=things.NOON), "set t_1 database-secret/+"),
    (plan.Retire(), rotation.Rotated(), "retire t-1 but T1"),
]


@pytest.mark.parametrize(("step", "done", "asked"), CASES)
async def test_each_step_does_its_part_and_no_other(step: plan.Rotating, done: rotation.Rotated, asked: str) -> None:
    makers = Makers()
    assert await steps(makers).take(things.installation(), step, runtime_twin.Twin(runtime_twin.World())) == done
    assert makers.asked == Counter([asked])


@pytest.mark.parametrize("step", [plan.Draw(), plan.SetPassword()])
async def test_nothing_changes_before_the_cluster_has_answered(step: plan.Rotating) -> None:
    makers, world = Makers(), runtime_twin.World(is_away=True)
    with pytest.raises(runtime_twin.AwayError):
        await steps(makers).take(things.installation(), step, runtime_twin.Twin(world))
    assert not makers.asked


async def test_a_step_that_was_held_up_ends_by_its_own_clock_and_changes_nothing_afterwards() -> None:
    makers, world = Makers(), runtime_twin.World()
    world.freeze()
    taking = steps(makers, timedelta(milliseconds=20)).take(
        things.installation(), plan.Draw(), runtime_twin.Twin(world)
    )
    with pytest.raises(rotation.RotationSlowError):
        await taking
    world.thaw()
    await asyncio.sleep(0)
    assert not makers.asked


def test_what_somebody_asked_for_meanwhile_is_not_overwritten() -> None:
    drawn = things.installation(rotation=Rotation.DRAWN)
    asked_again = things.installation(rotation=Rotation.ASKED)
    assert rotation.has_stayed(plan.SetPassword(), drawn)
    assert not rotation.has_stayed(plan.SetPassword(), asked_again)
    assert not rotation.has_stayed(plan.Retire(), asked_again)
