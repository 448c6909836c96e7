"""A program's files, as text."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.local import program

FOLDER = Path("/data/programs")
PYTHON = Path("/opt/python")


def spec(**changes: object) -> program.ProgramSpec:
    values: dict[str, object] = {
        "name": "acme-web",
        "command": ["/bin/app", "--port", "80"],
        "log_file": Path("/data/log/acme.log"),
        "environment": {"SECRET": "hidden"},
    }
    return program.ProgramSpec(**{**values, **changes})  # type: ignore[arg-type] - values by name


def render(**changes: object) -> program.RenderedProgram:
    return program.render(spec(**changes), folder=FOLDER, python=PYTHON)


def test_the_section_names_launcher_and_spec_and_holds_no_secret() -> None:
    rendered = render()
    lines = rendered.section.splitlines()
    assert lines[0] == "[program:acme-web]"
    assert lines[1] == f"command=/opt/python -I -S {program.LAUNCHER} /data/programs/{rendered.launch_file}"
    assert "hidden" not in rendered.section
    assert json.loads(rendered.launch_spec)["environment"] == {"SECRET": "hidden"}


def test_a_changed_spec_has_another_file_so_that_the_supervisor_sees_it() -> None:
    assert render().launch_file == render().launch_file
    assert render().launch_file != render(command=["/bin/app", "--port", "81"]).launch_file


def test_policies_are_written_in_the_supervisors_words() -> None:
    section = render(
        restart=program.Restart.ON_FAILURE,
        stop_signal=program.StopSignal.QUIT,
        stop_grace=timedelta(seconds=2.5),
        is_started=False,
    ).section
    for line in ("autorestart=unexpected", "stopsignal=QUIT", "stopwaitsecs=3", "autostart=false", "startsecs=0"):
        assert line in section.splitlines()


@pytest.mark.parametrize("name", ["", "A", "a b", "a\n[program:x]", "../a", "a:b", ".a", "a" * 200])
def test_names_that_could_say_something_else_are_refused(name: str) -> None:
    with pytest.raises(program.ProgramInvalidError):
        render(name=name)


@pytest.mark.parametrize("path", ["relative", "/with space", "/a;b", "/a%b", "/a#b", "/a\nuser=x", '/a"b'])
def test_paths_that_could_say_something_else_are_refused(path: str) -> None:
    with pytest.raises(program.ProgramInvalidError):
        render(log_file=Path(path))


@pytest.mark.parametrize("command", [[], ["app"], ["/bin/app", "nu\0ll"]])
def test_commands_that_cannot_be_executed_are_refused(command: list[str]) -> None:
    with pytest.raises(program.ProgramInvalidError):
        render(command=command)


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), max_size=4))
def test_arguments_never_reach_the_section(arguments: list[str]) -> None:
    rendered = render(command=["/bin/app", *arguments])
    assert rendered.section.count("\n") == render().section.count("\n")
    assert json.loads(rendered.launch_spec)["arguments"] == ["/bin/app", *arguments]


def test_a_spec_does_not_show_its_environment() -> None:
    assert "hidden" not in repr(spec())
    assert "hidden" not in repr(render())
