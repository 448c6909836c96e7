"""Finding processes by where they work, as the kernel shows it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenantry.local import processes


@pytest.fixture
def working(tmp_path: Path) -> Iterator[int]:
    """Yield a process that works in the test's folder."""
    with subprocess.Popen(["/bin/sleep", "60"], cwd=tmp_path) as process:
        yield process.pid
        process.kill()


class TestWorkingIn:
    def test_finds_who_works_in_the_folder(self, working: int, tmp_path: Path) -> None:
        assert processes.working_in(tmp_path) == {working}
        assert processes.works_in(working, tmp_path)

    def test_finds_nobody_in_a_folder_above(self, working: int, tmp_path: Path) -> None:
        assert working not in processes.working_in(tmp_path.parent)
        assert not processes.works_in(working, tmp_path.parent)
