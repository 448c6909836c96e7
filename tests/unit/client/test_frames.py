"""Server-sent events are read as the standard says."""

from tenantry.client import frames


def decode(text: str) -> list[frames.Frame]:
    decoder = frames.Decoder()
    return [frame for line in text.encode().split(b"\n") if (frame := decoder.feed(line))]


def test_a_frame_is_its_data_and_its_identifier() -> None:
    assert decode('id: 7\nevent: x\ndata: {"a": 1}\n\n') == [frames.Frame(identifier="7", data='{"a": 1}')]


def test_lines_of_data_are_joined() -> None:
    assert decode("data: one\ndata: two\n\n")[0].data == "one\ntwo"


def test_comments_and_empty_lines_are_no_frames() -> None:
    assert decode(": still here\n\n\n\n") == []


def test_an_identifier_alone_moves_the_cursor() -> None:
    assert decode("id: 9\n\n") == [frames.Frame(identifier="9", data="")]


def test_an_identifier_holds_until_the_next() -> None:
    assert [frame.identifier for frame in decode("id: 9\ndata: a\n\ndata: b\n\n")] == ["9", "9"]


def test_only_one_space_after_the_colon_is_dropped() -> None:
    assert decode("data:  a\n\n")[0].data == " a"


def test_an_unfinished_frame_is_not_reported() -> None:
    assert decode("data: half") == []
