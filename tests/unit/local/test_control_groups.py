"""Control groups on folders that look like the kernel's."""

from pathlib import Path

import pytest

from tenantry.local import control_groups

LIMITS = control_groups.Limits(memory_bytes=1000, cpu_weight=50, processes=9)


@pytest.fixture
def first(tmp_path: Path) -> control_groups.Hierarchies:
    """Version 1: a hierarchy for each controller."""
    return control_groups.Hierarchies(folders={name: tmp_path / name for name in ("memory", "cpu", "pids")})


def test_version_1_has_a_folder_for_each_controller(first: control_groups.Hierarchies, tmp_path: Path) -> None:
    assert first.groups("stack/acme", LIMITS) == [
        {"folder": f"{tmp_path}/memory/stack/acme", "settings": {"memory.limit_in_bytes": "1000"}},
        {"folder": f"{tmp_path}/cpu/stack/acme", "settings": {"cpu.shares": "512"}},
        {"folder": f"{tmp_path}/pids/stack/acme", "settings": {"pids.max": "9"}},
    ]


def test_version_2_has_one_folder_for_all(tmp_path: Path) -> None:
    unified = control_groups.Hierarchies(folders=dict.fromkeys(("memory", "cpu", "pids"), tmp_path), is_unified=True)
    assert unified.groups("acme", LIMITS) == [
        {"folder": f"{tmp_path}/acme", "settings": {"memory.max": "1000", "cpu.weight": "50", "pids.max": "9"}}
    ]


def test_what_is_not_limited_has_no_group(first: control_groups.Hierarchies) -> None:
    assert first.groups("acme", control_groups.Limits()) == []


def test_memory_falls_back_where_no_group_limits_it(first: control_groups.Hierarchies) -> None:
    assert first.data_bytes(LIMITS) is None
    assert control_groups.Hierarchies(folders={}).data_bytes(LIMITS) == 1000


def test_nothing_is_found_where_folders_have_no_controllers(tmp_path: Path) -> None:
    for name in ("memory", "cpu", "pids"):
        (tmp_path / name).mkdir()
    found = control_groups.detect(root=tmp_path, own=tmp_path / "no-such-file")
    assert found.folders == {}
    assert not found.is_unified
    assert list((tmp_path / "memory").iterdir()) == []


def test_groups_of_a_stack_are_found_wherever_they_were_made(tmp_path: Path) -> None:
    made = [tmp_path / "memory" / "ours" / "tenantry-x", tmp_path / "cpu" / "tenantry-x"]
    for folder in (*made, tmp_path / "cpu" / "tenantry-y"):
        folder.mkdir(parents=True)
    assert set(control_groups.named("tenantry-x", root=tmp_path)) == set(made)


def test_removal_takes_the_deepest_first_and_may_be_repeated(tmp_path: Path) -> None:
    (tmp_path / "stack" / "acme" / "web").mkdir(parents=True)
    assert control_groups.remove([tmp_path / "stack"]) is True
    assert control_groups.remove([tmp_path / "stack"]) is True
    assert list(tmp_path.iterdir()) == []
