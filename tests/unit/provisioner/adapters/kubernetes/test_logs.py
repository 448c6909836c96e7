from typing import Any

import pytest

from tenantry.provisioner.adapters.kubernetes import logs


def pod(*runs: str | None, **labels: str) -> dict[str, Any]:
    statuses = [{"name": "main"} | ({"containerID": run} if run else {}) for run in runs]
    return {"metadata": {"name": "ins-a-xyz", "labels": labels}, "status": {"containerStatuses": statuses}}


def test_what_has_not_begun_has_printed_nothing() -> None:
    assert list(logs.programs([pod(None), pod()])) == []


def test_a_program_that_was_started_again_is_another() -> None:
    [before], [after] = (list(logs.programs([pod(run)])) for run in ("containerd://1", "containerd://2"))
    assert before != after
    assert (before.pod, before.container) == (after.pod, after.container)


@pytest.mark.parametrize(
    ("labels", "source"),
    [
        ({"app.kubernetes.io/component": "web"}, "web"),
        ({"app.kubernetes.io/component": "job", "tenantry.dev/job": "initialise"}, "job/initialise"),
        ({"app.kubernetes.io/component": "job", "tenantry.dev/job": "first-administrator"}, "job/firstAdministrator"),
        ({"app.kubernetes.io/component": "job", "tenantry.dev/job": "scheduled-clean-up"}, "job/scheduled-clean-up"),
        ({}, "ins-a-xyz"),
    ],
)
def test_lines_say_whose_they_are_as_they_do_on_one_machine(labels: dict[str, str], source: str) -> None:
    [found] = logs.programs([pod("containerd://1", **labels)])
    assert found.source == source
