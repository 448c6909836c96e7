"""A Go that is too old, or none, is said so, with what is there instead."""

from pathlib import Path

import pytest

from testbed import toolchain


def place(folder: Path, answer: str) -> None:
    program = folder / "go"
    program.write_text(f"#!/bin/sh\necho {answer}\n")
    program.chmod(0o755)


class TestFind:
    def test_one_that_is_new_enough_is_found(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        place(tmp_path, "go1.98.1")
        monkeypatch.setenv("PATH", str(tmp_path))
        assert toolchain.find((1, 98)) == toolchain.Go(program=tmp_path / "go", version="go1.98.1")

    def test_one_that_is_too_old_is_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        place(tmp_path, "go1.20.3")
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(toolchain.GoMissingError, match=r"Go 1\.99 or newer cannot be had: go1\.20\.3"):
            toolchain.find((1, 99))

    def test_one_that_does_not_run_is_none(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "go").write_text("")
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(toolchain.GoMissingError):
            toolchain.find((1, 99))


def test_a_build_uses_no_c_and_no_other_toolchain() -> None:
    made = toolchain.environment(["-trimpath"])
    assert (made["CGO_ENABLED"], made["GOTOOLCHAIN"], made["GOFLAGS"]) == ("0", "local", "-trimpath")
