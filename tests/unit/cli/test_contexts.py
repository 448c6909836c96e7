"""Which provisioner a command speaks to, and how the file of contexts is kept."""

import os
import stat
from pathlib import Path

import orjson
import pytest

from tenantry.cli import contexts
from tenantry.local import layout

PRODUCTION = contexts.Context(name="production", url="https://api.example.com", token="p")
STAGING = contexts.Context(name="staging", url="https://staging.example.com", token="s")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(tmp_path / "config"), "TENANTRY_DATA": str(tmp_path / "data")}


def keep(environment: dict[str, str], *kept: contexts.Context) -> None:
    configuration = contexts.Configuration()
    for context in kept:
        configuration = configuration.put(context)
    contexts.save(contexts.file(environment), configuration)


def bring_up(environment: dict[str, str]) -> None:
    data = Path(environment["TENANTRY_DATA"])
    data.mkdir()
    (data / "cli.json").write_bytes(orjson.dumps({"url": "http://127.0.0.1:9", "token": "l", "more": 1}))


class TestConfiguration:
    def test_the_first_context_is_current(self) -> None:
        assert contexts.Configuration().put(PRODUCTION).put(STAGING).current == "production"

    def test_a_context_replaces_the_one_with_its_name(self) -> None:
        changed = PRODUCTION.model_copy(update={"token": "new"})
        assert contexts.Configuration().put(PRODUCTION).put(changed).contexts == (changed,)

    def test_another_can_be_made_current(self) -> None:
        assert contexts.Configuration().put(PRODUCTION).put(STAGING).use("staging").current == "staging"

    def test_removing_the_current_one_leaves_none_current(self) -> None:
        left = contexts.Configuration().put(PRODUCTION).put(STAGING).remove("production")
        assert (left.current, left.contexts) == (None, (STAGING,))

    def test_removing_another_keeps_the_current_one(self) -> None:
        assert contexts.Configuration().put(PRODUCTION).put(STAGING).remove("staging").current == "production"

    @pytest.mark.parametrize("act", ["get", "use", "remove"])
    def test_an_unknown_context_is_named(self, act: str) -> None:
        with pytest.raises(contexts.ContextUnknownError, match="“nowhere”"):
            getattr(contexts.Configuration(), act)("nowhere")

    def test_a_token_is_not_shown(self) -> None:
        assert "sesame" not in repr(contexts.Context(name="x", url="http://x", token="sesame"))


class TestFile:
    def test_what_was_saved_is_loaded(self, environment: dict[str, str]) -> None:
        keep(environment, PRODUCTION, STAGING)
        assert contexts.load(contexts.file(environment)).contexts == (PRODUCTION, STAGING)

    def test_it_is_for_its_owner_alone(self, environment: dict[str, str]) -> None:
        keep(environment, PRODUCTION)
        assert stat.S_IMODE(contexts.file(environment).stat().st_mode) == 0o600

    def test_it_is_replaced_whole(self, environment: dict[str, str]) -> None:
        keep(environment, PRODUCTION)
        keep(environment, STAGING)
        assert [each.name for each in contexts.file(environment).parent.iterdir()] == ["config.yaml"]

    def test_none_is_no_contexts(self, environment: dict[str, str]) -> None:
        assert contexts.load(contexts.file(environment)) == contexts.Configuration()

    @pytest.mark.parametrize("text", ["[", "contexts: 3", "unknown: true"])
    def test_a_broken_one_is_named(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "config.yaml"
        path.write_text(text)
        with pytest.raises(contexts.ContextFileBrokenError, match=r"config\.yaml"):
            contexts.load(path)

    def test_without_xdg_it_is_in_the_home_directory(self) -> None:
        assert contexts.file({"HOME": "/home/ann"}) == Path("/home/ann/.config/tenantry/config.yaml")


class TestChoice:
    def test_a_named_context_comes_first(self, environment: dict[str, str]) -> None:
        keep(environment, PRODUCTION, STAGING)
        environment |= {"TENANTRY_URL": "http://other", "TENANTRY_TOKEN": "o"}
        assert contexts.choose("staging", environment) == STAGING

    def test_then_the_environment(self, environment: dict[str, str]) -> None:
        keep(environment, PRODUCTION)
        environment |= {"TENANTRY_URL": "http://other", "TENANTRY_TOKEN": "o"}
        chosen = contexts.choose(None, environment)
        assert (chosen.url, chosen.token) == ("http://other", "o")

    def test_then_the_current_context(self, environment: dict[str, str]) -> None:
        keep(environment, PRODUCTION)
        bring_up(environment)
        assert contexts.choose(None, environment) == PRODUCTION

    def test_then_the_stack_on_this_machine(self, environment: dict[str, str]) -> None:
        bring_up(environment)
        assert contexts.choose(None, environment) == contexts.Context(name="local", url="http://127.0.0.1:9", token="l")

    def test_a_token_of_the_environment_replaces_that_of_the_current_context(self, environment: dict[str, str]) -> None:
        keep(environment, PRODUCTION)
        chosen = contexts.choose(None, environment | {"TENANTRY_TOKEN": "o"})
        assert (chosen.url, chosen.token) == (PRODUCTION.url, "o")

    def test_none_is_an_error_that_says_what_to_do(self, environment: dict[str, str]) -> None:
        with pytest.raises(contexts.ContextMissingError) as caught:
            contexts.choose(None, environment)
        assert "tenantry up" in (caught.value.advice or "")

    def test_a_stack_that_left_nonsense_is_an_error(self, environment: dict[str, str]) -> None:
        bring_up(environment)
        (Path(environment["TENANTRY_DATA"]) / "cli.json").write_text("{}")
        with pytest.raises(contexts.ContextFileBrokenError, match=r"cli\.json"):
            contexts.choose(None, environment)


@pytest.mark.parametrize("variable", ["TENANTRY_DATA", "XDG_DATA_HOME", "HOME"])
def test_the_command_line_looks_where_the_stack_lives(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TENANTRY_DATA", raising=False)
    monkeypatch.setenv(variable, str(tmp_path))
    assert contexts.data_directory(os.environ) == layout.default_data()
