"""Time is aware, in UTC, and stands still where a test wants it to."""

from datetime import UTC, datetime, timedelta, timezone

from tenantry.kernel import clock

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_the_system_clock_is_aware_and_in_utc() -> None:
    assert clock.SystemClock().now().tzinfo is UTC


def test_the_system_clock_goes_on() -> None:
    source = clock.SystemClock()
    assert source.now() <= source.now()


def test_a_manual_clock_stands_still_until_it_is_moved() -> None:
    manual = clock.ManualClock(NOON)
    assert (manual.now(), manual.now()) == (NOON, NOON)
    assert manual.advance(timedelta(hours=1)) == manual.now() == NOON + timedelta(hours=1)


def test_a_manual_clock_speaks_utc_wherever_it_was_set() -> None:
    tokyo = timezone(timedelta(hours=9))
    manual = clock.ManualClock(NOON.astimezone(tokyo))
    assert (manual.now(), manual.now().tzinfo) == (NOON, UTC)
