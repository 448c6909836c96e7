"""Every line has the time it was written, whoever looks and whenever, and a rotation loses none."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tenantry.local.agent import log_times, logs

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def write(log: Path, text: str, *, minute: int) -> None:
    """Add to a log as if it were so many minutes past noon."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as file:
        file.write(text)
    moment = (NOON + timedelta(minutes=minute)).timestamp()
    os.utime(log, (moment, moment))


def rotate(log: Path) -> None:
    for number in (2, 1):
        put_away = log.with_name(f"{log.name}.{number}")
        if put_away.exists():
            put_away.rename(log.with_name(f"{log.name}.{number + 1}"))
    log.rename(log.with_name(f"{log.name}.1"))
    log.touch()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "ins" / "logs" / "web.log"


def minutes(log: Path, count: int = 100) -> list[tuple[str, int | None]]:
    return [
        (line.text, None if line.at is None else round((line.at - NOON).total_seconds() / 60))
        for line in logs.tail(log.parent, count)
    ]


def test_a_line_has_the_time_of_the_look_that_saw_it_written(log: Path, tmp_path: Path) -> None:
    watch = log_times.Watch(tmp_path)
    for minute in (1, 2, 3):
        write(log, f"line {minute}\n", minute=minute)
        watch.look()
    assert minutes(log) == [("line 1", 1), ("line 2", 2), ("line 3", 3)]


def test_what_was_written_while_nobody_looked_has_the_time_of_the_last_write(log: Path) -> None:
    write(log, "one\ntwo\n", minute=5)
    assert minutes(log) == [("one", 5), ("two", 5)]


def test_times_outlive_who_wrote_them_down(log: Path, tmp_path: Path) -> None:
    write(log, "before\n", minute=1)
    log_times.Watch(tmp_path).look()
    write(log, "after\n", minute=9)
    log_times.Watch(tmp_path).look()
    assert minutes(log) == [("before", 1), ("after", 9)]


def test_a_log_that_rests_is_noted_once(log: Path, tmp_path: Path) -> None:
    write(log, "one\n", minute=1)
    watch = log_times.Watch(tmp_path)
    for _ in range(5):
        watch.look()
        log_times.note(log)
    assert len(log.with_suffix(".times").read_text().splitlines()) == 1


def test_the_last_lines_reach_back_over_a_rotation(log: Path, tmp_path: Path) -> None:
    watch = log_times.Watch(tmp_path)
    write(log, "old\n", minute=1)
    watch.look()
    rotate(log)
    write(log, "new\n", minute=2)
    watch.look()
    assert minutes(log) == [("old", 1), ("new", 2)]
    assert minutes(log, 1) == [("new", 2)]


def test_lines_of_several_workloads_stand_in_their_order(log: Path, tmp_path: Path) -> None:
    watch, other = log_times.Watch(tmp_path), log.with_name("job-initialise.log")
    for minute, file in ((1, log), (2, other), (3, log)):
        write(file, f"{minute}\n", minute=minute)
        watch.look()
    assert [(line.source, line.text) for line in logs.tail(log.parent, 10)] == [
        ("web", "1"),
        ("job/initialise", "2"),
        ("web", "3"),
    ]


def test_following_loses_nothing_over_rotations(log: Path) -> None:
    write(log, "seen\n", minute=1)
    ends = logs.ends(log.parent)
    write(log, "a\nb", minute=2)
    assert [line.text for line in logs.news(log.parent, ends)] == ["a"]
    write(log, "c\n", minute=3)
    rotate(log)
    write(log, "d\n", minute=4)
    rotate(log)
    write(log, "e\n", minute=5)
    found = logs.news(log.parent, ends)
    assert [line.text for line in found] == ["bc", "d", "e"]
    assert found[-1].at == NOON + timedelta(minutes=5)


def test_a_log_that_is_emptied_begins_anew(log: Path) -> None:
    write(log, "a long line of an earlier run\n", minute=1)
    ends = logs.ends(log.parent)
    assert minutes(log)[0][1] == 1
    log.write_text("")
    write(log, "new\n", minute=7)
    assert [line.text for line in logs.news(log.parent, ends)] == ["new"]
    assert minutes(log) == [("new", 7)]


def test_marks_stay_few(log: Path) -> None:
    log.parent.mkdir(parents=True)
    inode_of_none = 1
    marks = (log_times.Mark(inode=inode_of_none, size=each, milliseconds=each) for each in range(40_000))
    log.with_suffix(".times").write_text("".join(each.line() for each in marks))
    write(log, "one\n", minute=1)
    assert minutes(log) == [("one", 1)]
    assert log.with_suffix(".times").stat().st_size < 1000
