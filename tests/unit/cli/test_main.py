"""The program answers quickly, and its nouns are those of the design."""

import subprocess
import sys
from typing import Any

import pytest
from typer import main as typer_main

import reference
from tenantry.cli import main

HEAVY = ("aiohttp", "pydantic", "sqlalchemy", "yaml", "tenantry.client", "tenantry.local")


def test_help_loads_nothing_that_takes_long() -> None:
    script = f"import sys, tenantry.cli.main; print([name for name in {HEAVY!r} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)
    assert loaded.stdout.strip() == "[]"


def test_every_noun_of_the_design_is_there() -> None:
    assert set(main.NOUNS) >= {"application", "installation", "cluster", "database", "event", "token", "context"}


def test_the_stack_is_brought_up_and_down_from_here(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main.run(["--help"])
    assert not ended.value.code
    assert {"up", "down", "status"} <= set(capsys.readouterr().out.split())


def test_the_version_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main.run(["--version"])
    assert capsys.readouterr().out.startswith("tenantry 0.")


@pytest.mark.parametrize("arguments", [["nonsense"], ["installation", "nonsense"], ["installation", "show"]])
def test_misuse_ends_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main.run(arguments)
    assert ended.value.code == 2


def test_a_value_that_cannot_be_is_named_and_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main.run(["cluster", "register", "Not A Label", "--endpoint", "unix:///agent.sock"])
    assert ended.value.code == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith("error: name: ")
    assert "Not A Label" not in complaint


def test_whatever_answers_can_do_so_in_each_format() -> None:
    for words, command in commands():
        names = {name for each in command.params for name in each.opts}
        assert "--output" in names or words in SENTENCES, words


def test_every_command_and_parameter_explains_itself() -> None:
    for words, command in commands():
        assert (command.help or "").rstrip().endswith("."), words
        for each in command.params:
            assert str(getattr(each, "help", "") or "").rstrip().endswith("."), (words, each.name)


SENTENCES = {("up",), ("down",), ("context", "set"), ("context", "use"), ("context", "remove"), ("pooler", "run")}
"""Commands that say in sentences what they do, and have nothing to show."""


def commands() -> list[tuple[tuple[str, ...], Any]]:
    walked = reference.walk((), typer_main.get_command(main.app))
    return [(each.words, each.command) for each in walked if not hasattr(each.command, "commands")]
