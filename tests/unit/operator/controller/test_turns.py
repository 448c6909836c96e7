from datetime import UTC, datetime, timedelta

from tenantry.operator.controller import keys
from tenantry.operator.controller import turns as turn

START = datetime(2026, 1, 1, tzinfo=UTC)
LONGEST = timedelta(minutes=10)
A, B, C, D = (keys.Key("n", name) for name in "abcd")


def two() -> turn.Turns:
    made = turn.Turns(2, LONGEST)
    assert made.ask(A, START)
    assert made.ask(B, START)
    return made


def test_no_more_have_a_turn_than_may() -> None:
    turns = two()
    assert not turns.ask(C, START)
    assert turns.ask(A, START)
    assert (turns.held, turns.waiting) == (2, 1)


def test_a_turn_that_ends_goes_to_who_asked_first() -> None:
    turns = two()
    turns.ask(C, START)
    turns.ask(D, START)
    turns.end(A)
    assert turns.next(START) == [C]
    assert not turns.ask(D, START)
    assert turns.ask(C, START)


def test_one_that_takes_too_long_no_longer_counts_but_goes_on() -> None:
    turns = two()
    late = START + LONGEST
    assert turns.is_overdue(A, late)
    assert turns.overdue_at(A) == late
    assert turns.ask(C, late)
    assert turns.ask(A, late)


def test_one_that_was_on_its_way_already_counts_whatever_the_limit() -> None:
    turns = two()
    turns.ask(C, START)
    turns.resume(C, START)
    assert (turns.held, turns.waiting) == (3, 0)
    turns.end(A)
    assert not turns.ask(D, START)


def test_one_that_is_gone_no_longer_waits() -> None:
    turns = two()
    turns.ask(C, START)
    assert turns.asked_at(C) == START
    turns.end(C)
    assert turns.asked_at(C) is None
