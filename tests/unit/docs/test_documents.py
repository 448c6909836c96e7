"""What documents promise is there: links lead somewhere, and every command that they show exists."""

import re
import shlex
from pathlib import Path

import pytest
from typer import core
from typer import main as typer_main
from typer._click import core as parsing

from tenantry.cli import main

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
DECISIONS = sorted(ROOT.glob("docs/decisions/0*.md"))
HEADINGS = ["Status", "Context", "Decision", "Consequences", "Alternatives"]

_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]+)(?:#[^)]*)?\)")
_BLOCK = re.compile(r"^```(?:sh|console)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINE = re.compile(r"^(?:\$ )?(tenantry [a-z-].*)$", re.MULTILINE)
_INLINE = re.compile(r"`(tenantry [^`\n]+)`")
_OPTION = re.compile(r"^--?[a-z][a-z-]*")


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def shown() -> list[tuple[str, str]]:
    pages = [page for page in PAGES if page.name not in {"cli.md", "CHANGELOG.md"}]
    return [(name(page), command) for page in pages for command in commands(page.read_text())]


def commands(text: str) -> list[str]:
    found = [line for block in _BLOCK.findall(text) for line in _LINE.findall(block)] + _INLINE.findall(text)
    return [each.partition(" #")[0].partition(" <")[0].strip() for each in found]


def unknown(command: str) -> str | None:
    """Return what of a command line does not exist."""
    current: parsing.Command = typer_main.get_command(main.app)
    options = {"--help"}
    for word in shlex.split(command)[1:]:
        options |= {each for parameter in current.params for each in (*parameter.opts, *parameter.secondary_opts)}
        if _OPTION.match(word):
            if word.partition("=")[0] not in options:
                return word
        elif isinstance(current, core.TyperGroup):
            child = current.get_command(parsing.Context(current), word)
            if child is None and not _is_value(command, word):
                return word
            current = child or current
    return None


def _is_value(command: str, word: str) -> bool:
    words = shlex.split(command)
    return words[words.index(word) - 1].startswith("-")


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    missing = [link for link in _LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize(("page", "command"), shown())
def test_every_command_that_is_shown_exists(page: str, command: str) -> None:
    assert unknown(command) is None, page


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("tenantry installation fly acme", "fly"),
        ("tenantry installation show acme --nonsense", "--nonsense"),
        ("tenantry --context staging installation list", None),
        ("tenantry token create ci --scope events:read", None),
    ],
)
def test_the_check_itself_finds_what_does_not_exist(command: str, word: str | None) -> None:
    assert unknown(command) == word


@pytest.mark.parametrize("page", DECISIONS, ids=name)
def test_a_decision_has_five_headings_and_at_most_sixty_lines(page: Path) -> None:
    text = page.read_text()
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == HEADINGS
    assert len(text.splitlines()) <= 60


@pytest.mark.parametrize("page", DECISIONS, ids=name)
def test_a_decision_is_in_the_index(page: Path) -> None:
    assert f"]({page.name})" in (page.parent / "README.md").read_text()
