"""Control groups that somebody may be about to use are left alone."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from testbed import room


@pytest.mark.parametrize(
    ("maker", "is_there"), [(str(os.getpid()), True), ("999999999", False)], ids=["running", "ended"]
)
def test_a_group_belongs_to_its_maker_as_long_as_that_runs(maker: str, *, is_there: bool) -> None:
    assert room.is_made_by_somebody(f"tenantry-test-{maker}-tenantry-cluster-a") is is_there


def test_processes_of_pods_are_ended_and_what_is_gone_meanwhile_is_passed_over(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as pod, subprocess.Popen(["sleep", "60"]) as other:
        nobody = 999999999
        made = {
            "kubepods/burstable/one": f"{nobody}\n0\n{pod.pid}\n",
            "kubepods/besteffort": "",
            "elsewhere": other.pid,
        }
        for name, content in made.items():
            (tmp_path / name).mkdir(parents=True)
            (tmp_path / name / "cgroup.procs").write_text(str(content))
        room.end_pods(room.Room(pid=0, folder=tmp_path, groups=[tmp_path]))
        assert pod.wait() == -signal.SIGKILL
        assert other.poll() is None
        other.kill()
