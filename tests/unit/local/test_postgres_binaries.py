"""PostgreSQL is found where it was put, and data stay with the version that made them."""

from pathlib import Path

import pytest

from tenantry.local import executable, passage, postgres, postgres_binaries


def install(folder: Path, version: str, *, contrib: bool = True) -> Path:
    programs = folder / "bin"
    programs.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (programs / name).write_text(f'#!/bin/sh\necho "{name} (PostgreSQL) {version}"\n')
        (programs / name).chmod(0o755)
    extensions = folder / "share" / "extension"
    extensions.mkdir(parents=True)
    if contrib:
        (extensions / "pg_trgm.control").touch()
    return programs


def named(programs: Path) -> dict[str, str]:
    return {postgres_binaries.VARIABLE: str(programs)}


def made(folder: Path, version: str) -> Path:
    folder.mkdir()
    (folder / "PG_VERSION").write_text(f"{version}\n")
    return folder


def test_the_named_folder_is_the_only_one_that_counts(tmp_path: Path) -> None:
    programs = install(tmp_path / "pg", "17.10")
    found = postgres_binaries.find(environment=named(programs))
    assert found == postgres_binaries.Binaries(folder=programs, version=17)
    with pytest.raises(executable.PartMissingError):
        postgres_binaries.find(environment=named(tmp_path))


@pytest.mark.parametrize(("version", "contrib"), [("14.9", True), ("17.1", False)])
def test_what_is_too_old_or_lacks_contrib_does_not_do(tmp_path: Path, version: str, *, contrib: bool) -> None:
    programs = install(tmp_path / "pg", version, contrib=contrib)
    with pytest.raises(executable.PartMissingError, match="was not found"):
        postgres_binaries.find(environment=named(programs))


def test_data_stay_with_the_version_that_made_them(tmp_path: Path) -> None:
    environment = named(install(tmp_path / "pg", "17.10"))
    assert postgres_binaries.find(tmp_path / "not made yet", environment=environment).version == 17
    assert postgres_binaries.find(made(tmp_path / "data", "17"), environment=environment).version == 17
    with pytest.raises(postgres_binaries.DataOfAnotherVersionError, match=r"made by PostgreSQL 16; here is only 17"):
        postgres_binaries.find(made(tmp_path / "older", "16"), environment=environment)


def test_a_server_without_any_time_zones_is_refused_before_it_starts(tmp_path: Path) -> None:
    binaries = postgres_binaries.Binaries(folder=install(tmp_path / "pg", "17.10"), version=17)
    with pytest.raises(postgres.TimeZonesMissingError, match="finds no time zones"):
        postgres.check_time_zones(binaries, tmp_path)
    (tmp_path / "UTC").touch()
    postgres.check_time_zones(binaries, tmp_path)


def test_the_first_closed_folder_is_named(tmp_path: Path) -> None:
    inner = tmp_path / "closed" / "inner"
    inner.mkdir(parents=True)
    tmp_path.chmod(0o755)
    (tmp_path / "closed").chmod(0o700)
    assert passage.closed_above(inner) in {tmp_path / "closed", *tmp_path.parents}
    (tmp_path / "closed").chmod(0o711)
    assert passage.closed_above(inner / "not there") != tmp_path / "closed"
