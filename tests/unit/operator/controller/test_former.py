"""What a failed update goes back to: what ran, and not a mixture of it with what was wanted."""

from typing import Any

import pytest

from support import tiny
from tenantry.operator.controller import former, model
from tenantry.runtime import document

BASIS = "the update"
ATTEMPT = model.attempt(BASIS, "0.1.0")
RAN = tiny.bundle("acme", settings={"mode": "well", "note": None}).installation.spec
WANTED = RAN.model_copy(update={"version": "2.0", "size": "huge", "settings": {"mode": "bad"}})


def memory(*, returned_to: str | None = "1.0", **changes: Any) -> document.Memory:
    """Return what is remembered after an update failed."""
    obstacle = document.Obstacle(
        attempt=ATTEMPT, reason="MigrateFailed", condition=document.ConditionType.MIGRATED, returned_to=returned_to
    )
    noted = former.noted(RAN)
    return document.Memory.model_validate({"served_version": "1.0", **noted, "obstacle": obstacle, **changes})


def test_version_size_and_settings_are_those_that_ran() -> None:
    assert former.effective(WANTED, memory(), ATTEMPT) == RAN


def test_one_that_ran_without_settings_has_none_again() -> None:
    bare = RAN.model_copy(update={"settings": {}})
    found = former.effective(WANTED, memory(**former.noted(bare)), ATTEMPT)
    assert (found.size, found.settings) == (RAN.size, {})


@pytest.mark.parametrize(
    "given", [document.Memory(), memory(returned_to=None)], ids=["nothing failed", "nothing to go back to"]
)
def test_as_long_as_it_does_not_go_back_it_is_what_is_wanted(given: document.Memory) -> None:
    assert former.effective(WANTED, given, ATTEMPT) == WANTED


def test_another_attempt_is_tried_as_it_is_wanted() -> None:
    assert former.effective(WANTED, memory(), model.attempt("another", "0.1.0")) == WANTED


def test_what_went_back_is_not_tried_again_because_the_operator_is_new() -> None:
    assert former.effective(WANTED, memory(), model.attempt(BASIS, "0.2.0")) == RAN


def test_what_failed_and_did_not_go_back_is_tried_again_by_a_new_operator() -> None:
    obstacle = memory(returned_to=None).obstacle
    assert model.standing(obstacle, ATTEMPT) == obstacle
    assert model.standing(obstacle, model.attempt(BASIS, "0.2.0")) is None


def test_what_an_operator_of_before_did_not_note_is_as_the_document_says() -> None:
    found = former.effective(WANTED, memory(served_size=None, served_settings=None), ATTEMPT)
    assert (found.version, found.size, found.settings) == ("1.0", "huge", {"mode": "bad"})


def test_a_status_that_is_written_and_read_again_says_the_same() -> None:
    read = document.Memory.model_validate_json(memory().model_dump_json(by_alias=True))
    assert former.effective(WANTED, read, ATTEMPT) == RAN
