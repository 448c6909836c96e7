"""Cursors: what goes out comes back, and nothing else is taken for one."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import provisioner_things as things
from tenantry.provisioner.api import cursors
from tenantry.provisioner.installations import store


@given(moment=st.datetimes(timezones=st.just(UTC), min_value=datetime(2020, 1, 1)))  # noqa: DTZ001 - Hypothesis wants it so
def test_a_cursor_leads_back_to_its_place(moment: datetime) -> None:
    last = things.installation(created_at=moment)
    assert cursors.decode(cursors.encode(last)) == store.Place(created_at=moment, id=last.id)


@given(text=st.text())
def test_nothing_that_is_no_cursor_is_an_accident(text: str) -> None:
    with contextlib.suppress(cursors.CursorInvalidError):
        assert isinstance(cursors.decode(text), store.Place)


@pytest.mark.parametrize("text", ["", "x", "é", "AAAA", "!!!!"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(cursors.CursorInvalidError) as refused:
        cursors.decode(text)
    assert refused.value.field == "cursor"
