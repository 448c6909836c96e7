"""Amounts as the API server writes them itself, so that what is kept is, letter for letter, what was applied."""

from tenantry.application import quantities

_DECIMAL = ("m", "", "k", "M", "G", "T", "P")
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi")


def processor(thousandths: int) -> str:
    """Return an amount of processors: `500m`, `2`."""
    return _shortest(thousandths, 1000, _DECIMAL)


def count(number: int) -> str:
    """Return a number of anything, bytes among them: `536870912`, `1048576k`."""
    return _shortest(number, 1000, _DECIMAL[1:])


def size(given: str) -> str:
    """Return a size as the manifest has it, in the largest unit that it is a multiple of: `1Gi` for `1024Mi`."""
    if not given.endswith("i"):
        return processor(quantities.thousandths(given))
    return _shortest(quantities.whole(given), 1024, _BINARY)


def _shortest(number: int, step: int, units: tuple[str, ...]) -> str:
    unit = 0
    while number and number % step == 0 and unit < len(units) - 1:
        number //= step
        unit += 1
    return f"{number}{units[unit]}" if number else "0"
