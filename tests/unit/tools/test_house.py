"""The house check finds what it is for, and nothing else."""

from pathlib import Path

import pytest

import code_facts
import house


def module(text: str, name: str = "src/tenantry/portal/accounts/service.py") -> code_facts.Module:
    tree = code_facts.ast.parse(text)
    return code_facts.Module(path=code_facts.ROOT / name, text=text, tree=tree)


def function(lines: int, docstring: str = "") -> str:
    body = "\n".join(["    x = 1"] * (lines - 1))
    return f"def f():\n{docstring}{body}\n"


def test_a_module_of_more_than_400_lines_is_a_breach() -> None:
    assert "401 lines" in house.breaches([module("x = 1\n" * 401)])[0]
    assert house.breaches([module("x = 1\n" * 400)]) == []


def test_a_function_of_more_than_40_lines_is_a_breach() -> None:
    assert "f has 41 lines" in house.breaches([module(function(41))])[0]
    assert house.breaches([module(function(40))]) == []


def test_a_docstring_does_not_count() -> None:
    assert house.breaches([module(function(40, '    """One.\n\n    Two.\n    """\n'))]) == []


@pytest.mark.parametrize("name", ["src/tenantry/portal/utils.py", "src/tenantry/common/names.py"])
def test_a_name_without_an_idea_is_a_breach(name: str) -> None:
    assert "names no idea" in house.breaches([module("x = 1", name)])[0]


@pytest.mark.parametrize(
    ("comment", "count"),
    [
        ("# noqa", 2),
        ("# noqa: E501", 1),
        ("# noqa: E501 - an address", 0),
        ("# pyright: ignore[reportPrivateUsage] - no public name", 0),
        ("# pyright: ignore[reportPrivateUsage]", 1),
        ("# a word about noqa", 0),
    ],
)
def test_a_waiver_names_its_rule_and_its_reason(comment: str, count: int) -> None:
    assert len(house.breaches([module(f"x = 1  {comment}")])) == count


def catch(kind: str, comment: str = "", end: str = "pass") -> code_facts.Module:
    return module(f"try:\n    x = 1\nexcept {kind}:{comment}\n    {end}\n")


@pytest.mark.parametrize("kind", ["Exception", "BaseException", "(OSError, Exception)"])
def test_catching_everything_is_a_breach(kind: str) -> None:
    assert "catches everything" in house.breaches([catch(kind)])[0]


def test_catching_nothing_in_particular_is_a_breach() -> None:
    assert house.breaches([module("try:\n    x = 1\nexcept:\n    pass\n")])


def test_a_loop_edge_may_catch_everything() -> None:
    assert house.breaches([catch("Exception", "  # loop edge: the next row is tried")]) == []


def test_cleaning_up_may_catch_everything_and_goes_on() -> None:
    assert house.breaches([catch("BaseException", end="raise")]) == []


def test_catching_what_is_named_is_no_breach() -> None:
    assert house.breaches([catch("OSError")]) == []


SELECT = "import sqlalchemy as sa\nquery = sa.select(1)\n"


def test_sql_outside_a_store_is_a_breach() -> None:
    assert house.breaches([module(SELECT)]) == [
        "src/tenantry/portal/accounts/service.py:2: SQL belongs into a store.py"
    ]


def test_a_store_and_other_rooms_may_speak_sql() -> None:
    store = "src/tenantry/portal/accounts/store.py"
    assert house.breaches([module(SELECT, store), module(SELECT, "src/tenantry/engine/due.py")]) == []


def test_a_line_may_say_why_it_breaks_a_rule() -> None:
    text = "import sqlalchemy as sa\nquery = sa.text('SELECT 1')  # house: asks whether the database is there\n"
    assert house.breaches([module(text)]) == []


def test_a_file_is_parsed_from_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "thing.py"
    path.write_text("x = 1\n")
    assert code_facts.parse(path).length == 1
