"""Reads server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) line by line; no I/O."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What one event of the stream said.

    Attributes:
        identifier: the last `id` that was sent, in this frame or an earlier one; empty before the first.
        data: the lines of data, joined; empty where the frame only moved the identifier.
    """

    identifier: str
    data: str


class Decoder:
    """Collects lines until a frame is whole."""

    def __init__(self) -> None:
        """Start with nothing read."""
        self._identifier = ""
        self._data: list[str] = []
        self._is_open = False

    def feed(self, line: bytes) -> Frame | None:
        """Take a line and return the frame that it completes; comments and unknown fields are passed over."""
        text = line.decode("utf-8", "replace")
        if not text:
            return self._finish()
        name, _, value = text.partition(":")
        self._take(name, value.removeprefix(" "))
        return None

    def _take(self, name: str, value: str) -> None:
        if name == "id" and "\0" not in value:
            self._identifier = value
            self._is_open = True
        if name == "data":
            self._data.append(value)
            self._is_open = True

    def _finish(self) -> Frame | None:
        if not self._is_open:
            return None
        frame = Frame(identifier=self._identifier, data="\n".join(self._data))
        self._data.clear()
        self._is_open = False
        return frame
