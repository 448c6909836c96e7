from pathlib import Path

import pytest

from tenantry.kubernetes import kinds
from tenantry.operator import settings
from tenantry.operator.render import facts as fact


def test_what_is_not_set_keeps_its_default() -> None:
    chosen = settings.from_environment({})
    assert chosen.listen.startswith("127.0.0.1:")
    assert (chosen.bounds().workers, chosen.limits().in_flight, chosen.lease()) == (32, 32, "tenantry-operator")


def test_the_environment_decides() -> None:
    chosen = settings.from_environment({"TENANTRY_OPERATOR_SHARD": "1", "TENANTRY_OPERATOR_SHARDS": "3", "OTHER": "x"})
    assert chosen.lease() == "tenantry-operator-1-of-3"
    assert chosen.part().count == 3


def test_facts_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "facts.yaml"
    file.write_text("front_door: {name: front, namespace: doors}\nstorage_class: fast\n")
    found = settings.Settings(facts_file=file).facts(frozenset({kinds.HTTP_ROUTE}))
    assert found.front_door == fact.SharedGateway(name="front", namespace="doors")
    assert (found.storage_class, found.offers) == ("fast", {kinds.HTTP_ROUTE})


@pytest.mark.parametrize("content", ["front_door: 1", "[", "unknown: 1"])
def test_facts_that_cannot_be_understood_are_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "facts.yaml"
    file.write_text(content)
    with pytest.raises(settings.FactsInvalidError, match=r"facts\.yaml"):
        settings.Settings(facts_file=file).facts(frozenset())


def test_every_namespace_is_of_one_part() -> None:
    parts = [settings.Settings(shard=index, shards=3).part() for index in range(3)]
    names = [f"namespace-{number}" for number in range(300)]
    owners = [[part.index for part in parts if part.has(name)] for name in names]
    assert all(len(each) == 1 for each in owners)
    assert {each[0] for each in owners} == {0, 1, 2}
