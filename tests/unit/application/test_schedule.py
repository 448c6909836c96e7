"""Schedules: which are refused, and when they are due."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from tenantry.application import findings, manifest, rules, schedule

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize("expression", ["* * * * *", "*/15 8-18 * * 1-5", "0 3 1,15 * *", "59 23 31 12 0"])
def test_what_cron_and_kubernetes_read_alike_is_taken(expression: str) -> None:
    assert re.match(schedule.PATTERN, expression)
    assert schedule.problem(expression) is None


@pytest.mark.parametrize(
    "expression", ["@daily", "0 3 * * SUN", "* * * *", "* * * * * *", "5/15 * * * *", "", "a b c d e"]
)
def test_what_only_one_of_them_reads_is_no_schedule(expression: str) -> None:
    assert not re.match(schedule.PATTERN, expression)


@pytest.mark.parametrize(
    ("expression", "said"),
    [("61 * * * *", "minute"), ("0 24 * * *", "hour"), ("0 0 30 2 *", "day"), ("0 3 * * 7", "Sunday is 0")],
)
def test_what_cannot_be_is_told(expression: str, said: str) -> None:
    assert said in (schedule.problem(expression) or "")


@pytest.mark.parametrize(
    ("expression", "zone", "due"),
    [
        ("0 3 * * *", "Etc/UTC", datetime(2026, 11, 25, 3, tzinfo=UTC)),
        ("0 13 * * *", "Europe/Berlin", datetime(2026, 11, 25, 12, tzinfo=UTC)),
        ("1 13 * * *", "Europe/Berlin", datetime(2026, 11, 24, 12, 1, tzinfo=UTC)),
        ("0 0 * * 0", "Asia/Tokyo", datetime(2026, 11, 28, 15, tzinfo=UTC)),
    ],
)
def test_it_is_due_in_its_own_time_zone_and_after_the_moment(expression: str, zone: str, due: datetime) -> None:
    assert schedule.next_due(expression, zone, NOON) == due


def test_the_hour_that_a_change_of_clocks_leaves_out_is_made_up_for() -> None:
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert schedule.next_due("30 2 * * *", "Europe/Berlin", before) == datetime(2026, 3, 29, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("job", "key", "message"),
    [
        ({"schedule": "0 24 * * *"}, "schedule", "“0 24 * * *” cannot be kept to. Bad hour."),
        ({"timeZone": "Mars/Base"}, "timeZone", "There is no time zone “Mars/Base”."),
    ],
)
def test_a_mistake_is_found_at_its_place(
    wiki: manifest.Application, job: dict[str, str], key: str, message: str
) -> None:
    [found] = told(wiki, job)
    assert (found.path, found.message) == (("spec", "jobs", "scheduled", 0, key), message)


def test_two_of_one_name_are_refused(wiki: manifest.Application) -> None:
    assert [each.path for each in told(wiki, {}, {})] == [("spec", "jobs", "scheduled", 1, "name")]


def test_a_template_that_knows_no_such_name_is_found(wiki: manifest.Application) -> None:
    [found] = told(wiki, {"command": ["tidy", "{{ secrets.nothing }}"]})
    assert found.path == ("spec", "jobs", "scheduled", 0, "command", 1)


def told(application: manifest.Application, *jobs: dict[str, Any]) -> list[findings.Finding]:
    given = {"name": "tidy", "schedule": "0 3 * * *", "command": ["tidy"]}
    scheduled = [manifest.ScheduledJob.model_validate(given | job) for job in jobs]
    spec = application.spec
    changed = spec.model_copy(update={"jobs": spec.jobs.model_copy(update={"scheduled": scheduled})})
    return rules.find(application.model_copy(update={"spec": changed}))
