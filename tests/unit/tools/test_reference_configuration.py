"""Every variable that the code reads is in the reference, with a sentence."""

import re

import reference_configuration as reference

_VARIABLE = re.compile(r"\"(TENANTRY_[A-Z_]+[A-Z])\"")


def test_every_variable_of_the_code_is_described() -> None:
    page = reference.page()
    read = {name for path in reference.SOURCE.rglob("*.py") for name in _VARIABLE.findall(path.read_text())}
    assert {name for name in read - reference.OURS if f"| `{name}` |" not in page} == set()


def test_every_variable_has_a_sentence() -> None:
    rows = [line.split(" | ") for line in reference.page().splitlines() if line.startswith("| `")]
    assert len(rows) > 30
    assert [row[0] for row in rows if not row[1].endswith(".")] == []


def test_the_agents_variables_are_those_that_it_asks_for() -> None:
    found = {each.variable: each for each in reference.agent(reference.SOURCE / "local/agent/settings.py")}
    assert found["TENANTRY_AGENT_DATA"].default == "must be set"
    assert found["TENANTRY_AGENT_SUBORDINATE_UIDS"].default == "optional"
    assert "users" in found["TENANTRY_AGENT_SUBORDINATE_UIDS"].meaning
