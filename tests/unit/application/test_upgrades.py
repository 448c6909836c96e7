"""The manifest alone says which version may follow which."""

import pytest

from tenantry.application import manifest, upgrades, values


@pytest.mark.parametrize(("current", "expected"), [("1.0", ["1.1"]), ("1.1", ["1.0", "2.0"]), ("2.0", []), ("0.9", [])])
def test_reachable_versions(wiki: manifest.Application, current: str, expected: list[str]) -> None:
    assert upgrades.reachable(wiki.spec, current) == expected


def test_the_same_version_is_always_possible(wiki: manifest.Application) -> None:
    upgrades.check(wiki, current="2.0", wanted="2.0")


def test_a_step_that_the_manifest_does_not_name_is_refused(wiki: manifest.Application) -> None:
    with pytest.raises(upgrades.UpgradeRefusedError) as caught:
        upgrades.check(wiki, current="1.0", wanted="2.0")
    assert caught.value.advice == "Possible from 1.0: 1.1."


def test_an_unknown_version_is_refused(wiki: manifest.Application) -> None:
    with pytest.raises(values.UnknownVersionError):
        upgrades.check(wiki, current="1.0", wanted="3")


def test_the_last_version_is_the_default_unless_another_is_named(wiki: manifest.Application) -> None:
    assert upgrades.default_version(wiki.spec) == "2.0"
    assert upgrades.default_version(wiki.spec.model_copy(update={"default_version": "1.0"})) == "1.0"
