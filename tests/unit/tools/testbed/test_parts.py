"""A part's key says all that the part depends on, and modules say their versions once."""

import dataclasses
from pathlib import Path

import pytest

from testbed import modules, parts

MODULE = modules.Module(
    folder=Path("things"),
    requirements=(
        "module test\n\ngo 1.26.0\n\nrequire example.test/one v1.2.3\n\n"
        "require (\n\texample.test/two/v3 v3.0.1 // indirect\n)\n"
    ),
    sums="",
)


class TestModules:
    @pytest.mark.parametrize(("path", "version"), [("example.test/one", "v1.2.3"), ("example.test/two/v3", "v3.0.1")])
    def test_a_version_is_the_one_that_is_required(self, path: str, version: str) -> None:
        assert MODULE.version(path) == version

    @pytest.mark.parametrize("path", ["example.test/two", "example.test/three", "test/one"])
    def test_what_is_not_required_has_none(self, path: str) -> None:
        with pytest.raises(modules.ModuleUnknownError):
            MODULE.version(path)

    def test_the_oldest_go_is_read(self) -> None:
        assert MODULE.needs_go == (1, 26)

    def test_other_sums_are_another_module(self) -> None:
        assert dataclasses.replace(MODULE, sums="example.test/one v1.2.3 h1:x\n").digest != MODULE.digest


class TestKeys:
    def test_all_parts_have_keys_of_their_own(self) -> None:
        assert len({parts.key(each) for each in parts.ALL}) == len(parts.ALL)

    def test_a_key_begins_with_name_and_version(self) -> None:
        assert parts.key(parts.API_SERVER).startswith(f"kube-apiserver-{parts.version(parts.API_SERVER)}-")

    def test_another_recipe_is_another_key(self) -> None:
        plain = dataclasses.replace(parts.API_SERVER, stamped=())
        fewer = dataclasses.replace(parts.STAGES, patterns=parts.STAGES.patterns[:1])
        assert parts.key(plain) != parts.key(parts.API_SERVER)
        assert parts.key(fewer) != parts.key(parts.STAGES)

    def test_the_linker_writes_the_version_down(self) -> None:
        flags = parts.API_SERVER.linker_flags("v1.37.2")
        assert "version.gitVersion=v1.37.2" in flags
        assert "version.gitMinor=37" in flags

    def test_all_programs_of_kubernetes_are_of_one_version(self) -> None:
        kube = [each for each in parts.ALL if each.source == parts.API_SERVER.source]
        assert len({parts.version(each) for each in kube}) == 1
