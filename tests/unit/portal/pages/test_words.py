from datetime import UTC, datetime, timedelta

import pytest

from tenantry.portal.pages import rendering, times, words
from tenantry.portal.workspaces import model

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


class TestWords:
    @pytest.mark.parametrize("status", list(model.Status))
    def test_no_internal_state_is_shown(self, status: model.Status) -> None:
        said = words.of(status)
        assert said.word
        assert said.sentence.endswith(".")
        assert not {"provisioning", "stable", "hibernat", "discard"} & set(said.word.lower().split())

    def test_working_states_say_so(self) -> None:
        for status in model.WORKING:
            assert words.of(status).meaning is words.Meaning.WORKING


class TestTimes:
    @pytest.mark.parametrize(
        ("seconds", "said"),
        [(0.04, "0.1 seconds"), (1, "1 second"), (3.26, "3.3 seconds"), (60, "60 seconds"), (600, "10 minutes")],
    )
    def test_lengths_are_said_as_people_do(self, seconds: float, said: str) -> None:
        assert times.length(timedelta(seconds=seconds)) == said

    @pytest.mark.parametrize(
        ("before", "said"),
        [
            (timedelta(seconds=2), "just now"),
            (timedelta(seconds=8.4), "8 seconds ago"),
            (timedelta(hours=3), "3 hours ago"),
            (timedelta(days=-7), "in 7 days"),
            (timedelta(days=60), "25 September 2026"),
        ],
    )
    def test_moments_are_relative_with_the_exact_time_beside(self, before: timedelta, said: str) -> None:
        moment = times.moment(NOW - before, NOW)
        assert moment.words == said
        assert moment.exact.endswith("UTC")
        assert datetime.fromisoformat(moment.iso).tzinfo is not None


class TestTemplates:
    @pytest.mark.parametrize("name", rendering.environment().list_templates())
    def test_each_can_be_compiled_and_is_short(self, name: str) -> None:
        templates = rendering.environment()
        assert templates.get_template(name) is not None
        source, _, _ = templates.loader.get_source(templates, name) if templates.loader else ("", None, None)
        assert 0 < source.count("\n") <= 100
