"""Paths of a stack."""

from pathlib import Path

import pytest

from tenantry.local import layout, room


def test_sockets_live_in_the_data_directory_where_their_paths_fit() -> None:
    assert layout.choose(Path("/var/lib/tenantry")).socket("agent") == Path("/var/lib/tenantry/run/agent.sock")


def test_sockets_move_to_a_short_folder_where_their_paths_would_not_fit() -> None:
    deep = Path("/var/lib") / ("d" * 90)
    chosen = layout.choose(deep)
    assert len(str(chosen.socket("provisioner"))) < 100
    assert chosen.run == layout.choose(deep).run
    assert chosen.run != layout.choose(deep.with_name("e" * 90)).run


@pytest.mark.parametrize("name", ["with space", "semi;colon", "per%cent"])
def test_paths_that_parts_cannot_be_told_are_refused(name: str) -> None:
    with pytest.raises(room.DataDirectoryUnusableError, match="cannot be used"):
        layout.choose(Path("/var/lib") / name)


def test_where_workloads_have_users_a_closed_folder_above_is_refused(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(room.DataDirectoryUnusableError) as refused:
        layout.choose(closed / "data", has_own_users=True)
    assert "cannot pass through" in refused.value.message
    assert "--data" in (refused.value.advice or "")


def test_modes_are_put_right(tmp_path: Path) -> None:
    made = layout.Layout(data=tmp_path / "data", run=tmp_path / "data" / "run")
    made.create()
    made.secrets.chmod(0o755)
    made.create()
    assert {path.stat().st_mode & 0o777 for path in (made.data, made.run, made.agent, made.postgres)} == {0o711}
    assert {path.stat().st_mode & 0o777 for path in (made.secrets, made.logs, made.programs, made.mail)} == {0o700}
