"""Files that are there whole or not at all."""

from pathlib import Path

import pytest

from tenantry.local import atomic


def test_the_content_is_replaced_and_closed_to_others(tmp_path: Path) -> None:
    file = tmp_path / "file"
    atomic.write(file, b"first")
    atomic.write(file, b"second")
    assert file.read_bytes() == b"second"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_what_cannot_be_put_in_place_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "taken"
    folder.mkdir()
    (folder / "inside").touch()
    with pytest.raises(OSError, match="taken"):
        atomic.write(folder, b"content")
    assert list(tmp_path.iterdir()) == [folder]
