"""The sides of a passage, as they are written on a command line."""

import pytest

from testbed import passage


@pytest.mark.parametrize("end", [passage.here(80), passage.there(5432, "10.77.0.2")], ids=str)
def test_a_side_is_read_as_it_was_written(end: passage.End) -> None:
    assert passage.parse(str(end)) == end


@pytest.mark.parametrize("text", ["elsewhere:127.0.0.1:80", "here:80", "here:127.0.0.1:http"])
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        passage.parse(text)
