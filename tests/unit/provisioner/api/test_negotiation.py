"""Accept, as far as an answer of one form has to look at it."""

import pytest

from tenantry.provisioner.api import negotiation


@pytest.mark.parametrize(
    ("accept", "is_taken"),
    [
        ("text/event-stream", True),
        ("*/*", True),
        ("text/*;q=0.1", True),
        ("application/json, text/event-stream;q=0.5", True),
        ("Text/Event-Stream; charset=utf-8", True),
        ("application/json", False),
        ("text/event-stream;q=0, */*", False),
        ("text/*;q=0", False),
        ("text/event-stream;q=much", True),
        (",", False),
    ],
)
def test_the_most_exact_range_decides(accept: str, *, is_taken: bool) -> None:
    assert negotiation.accepts(accept, "text/event-stream") is is_taken
