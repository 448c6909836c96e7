"""Files are written whole, for their owner alone, and only if they change."""

from pathlib import Path

from tenantry.pooler import configuration, folder
from tenantry.wire import poolers as wire


def contents(known: wire.PoolerConfiguration, path: Path) -> dict[str, str]:
    return dict(configuration.files(known, path, ""))


def test_is_made_for_its_owner_alone(tmp_path: Path, known: wire.PoolerConfiguration) -> None:
    there = folder.Folder(tmp_path / "new")
    wanted = contents(known, there.path)
    assert there.write(wanted)
    assert there.path.stat().st_mode & 0o777 == 0o700
    assert {each.name: each.read_text() for each in there.path.iterdir()} == wanted
    assert {each.stat().st_mode & 0o777 for each in there.path.iterdir()} == {0o600}


def test_only_what_differs_is_written(tmp_path: Path, known: wire.PoolerConfiguration) -> None:
    there = folder.Folder(tmp_path)
    wanted = contents(known, there.path)
    there.write(wanted)
    before = {each.name: each.stat().st_ino for each in tmp_path.iterdir()}
    assert not there.write(wanted)
    assert there.write({**wanted, configuration.USERS: ""})
    after = {each.name: each.stat().st_ino for each in tmp_path.iterdir()}
    assert {name for name in after if after[name] != before[name]} == {configuration.USERS}


def test_what_was_left_half_written_is_in_nobodys_way(tmp_path: Path, known: wire.PoolerConfiguration) -> None:
    there = folder.Folder(tmp_path)
    (tmp_path / f".{configuration.USERS}.new").write_text("half")
    wanted = contents(known, there.path)
    there.write(wanted)
    assert (tmp_path / configuration.USERS).read_text() == wanted[configuration.USERS]
    assert not (tmp_path / f".{configuration.USERS}.new").exists()


def test_knows_across_lives_what_was_loaded(tmp_path: Path, known: wire.PoolerConfiguration) -> None:
    there = folder.Folder(tmp_path)
    wanted = contents(known, there.path)
    there.write(wanted)
    assert not there.is_loaded
    there.note_loaded(there.digest())
    assert folder.Folder(tmp_path).is_loaded
    there.write({**wanted, configuration.USERS: ""})
    assert not folder.Folder(tmp_path).is_loaded
    there.write(wanted)
    assert folder.Folder(tmp_path).is_loaded
