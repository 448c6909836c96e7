"""A folder that cannot be written to, or has no room, is named before anything is started."""

import errno
from pathlib import Path

import pytest

from tenantry.local import room


def test_enough_room_is_no_matter(tmp_path: Path) -> None:
    room.check(tmp_path, room.Need(free_bytes=1, free_files=1))


@pytest.mark.parametrize(
    ("need", "said"),
    [
        (room.Need(free_bytes=1 << 60, free_files=1), "MiB are free"),
        (room.Need(free_bytes=1, free_files=1 << 60), "more files fit"),
    ],
)
def test_too_little_says_how_much_there_is_and_what_is_needed(tmp_path: Path, need: room.Need, said: str) -> None:
    with pytest.raises(room.DiskFullError, match=said) as refused:
        room.check(tmp_path, need)
    assert "are needed" in refused.value.message
    assert "--data" in (refused.value.advice or "")


def test_what_the_system_refuses_is_said_in_its_words(tmp_path: Path) -> None:
    with (
        pytest.raises(room.DataDirectoryUnusableError, match="read-only file system") as refused,
        room.writing(tmp_path),
    ):
        raise OSError(errno.EROFS, "Read-only file system", str(tmp_path / "stack"))
    assert str(tmp_path / "stack") in refused.value.message
