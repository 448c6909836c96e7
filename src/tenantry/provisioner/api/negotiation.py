"""Which form of an answer a client takes (RFC 9110, 12.5.1).

Streams ask; what is answered in JSON comes as JSON whatever is asked.
"""

from collections.abc import Iterator

from fastapi import Request

from tenantry.kernel import errors


class NotAcceptableError(errors.CustomerMustActError):
    """The client's Accept leaves out the only form that this answer has."""

    code = "not-acceptable"
    status = 406


class Offers:
    """A dependency that refuses clients which do not take the one form that there is."""

    def __init__(self, media_type: str) -> None:
        """Take the form."""
        self._media_type = media_type

    def __call__(self, request: Request) -> None:
        """Refuse, or let pass."""
        accept = ", ".join(request.headers.getlist("accept"))
        if accept.strip() and not accepts(accept, self._media_type):
            hint = f"Send “Accept: {self._media_type}”, or none."
            raise NotAcceptableError(f"This answer is {self._media_type}.", hint=hint, field="Accept")


def accepts(accept: str, media_type: str) -> bool:
    """Tell whether an Accept header takes a media type; the most exact range decides."""
    group = media_type.partition("/")[0]
    weights = dict(_ranges(accept))
    for name in (media_type, f"{group}/*", "*/*"):
        if name in weights:
            return weights[name] > 0
    return False


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    for each in accept.split(","):
        name, *parameters = (part.strip().lower() for part in each.split(";"))
        weight = next((part.removeprefix("q=") for part in parameters if part.startswith("q=")), "1")
        yield name, _number(weight)


def _number(text: str) -> float:
    """Return a weight; one that is unreadable counts as given without."""
    try:
        return float(text)
    except ValueError:
        return 1.0
