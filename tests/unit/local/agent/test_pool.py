import pytest

from tenantry.local.agent import pool

KIND = pool.Kind(application="chat", version="1.0", digest="a")
OTHER = pool.Kind(application="chat", version="1.0", digest="b")


def standby(slot: str = "standby-1") -> pool.Standby:
    return pool.Standby(kind=KIND, slot=slot, ports={"http": 21000}, uid=None, workloads=("web",))


@pytest.fixture
def standbys() -> pool.Pool:
    made = pool.Pool()
    made.add(standby())
    return made


def move_in(standbys: pool.Pool, kind: pool.Kind) -> pool.Standby | None:
    with standbys.moving_in(kind) as found:
        return found


def test_one_moves_in_and_the_next_finds_nobody(standbys: pool.Pool) -> None:
    assert move_in(standbys, KIND) == standby()
    assert move_in(standbys, KIND) is None
    assert not standbys.slots


def test_another_kind_is_not_given(standbys: pool.Pool) -> None:
    assert move_in(standbys, OTHER) is None
    assert list(standbys.waiting()) == [standby()]


def test_the_slot_stays_taken_while_somebody_moves_in(standbys: pool.Pool) -> None:
    with standbys.moving_in(KIND):
        assert not standbys.waiting()
        assert standbys.slots == {"standby-1"}


def test_a_move_that_fails_gives_it_back(standbys: pool.Pool) -> None:
    with pytest.raises(OSError, match="disk full"), standbys.moving_in(KIND):
        raise OSError("disk full")
    assert move_in(standbys, KIND) == standby()


def test_a_slot_being_made_is_reserved_and_gives_nothing() -> None:
    made = pool.Pool()
    made.reserve("standby-1")
    assert made.slots == {"standby-1"}
    assert move_in(made, KIND) is None
    made.release("standby-1")
    assert not made.slots
