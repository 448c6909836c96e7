"""Reads the two kinds of measure a manifest has: lengths of time and Kubernetes quantities."""

import re
from datetime import timedelta
from decimal import ROUND_CEILING, Decimal

_FACTORS = (
    {"": Decimal(1), "m": Decimal(1) / 1000}
    | {unit: Decimal(1024**power) for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi"), start=1)}
    | {unit: Decimal(1000**power) for power, unit in enumerate(("k", "M", "G", "T", "P"), start=1)}
)
"""A manifest uses some of these; nodes of a cluster report in any."""
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def duration(text: str) -> timedelta:
    """Return the length of time: `500ms`, `30s`, `5m`, `1h`."""
    number, unit = _split(text)
    return timedelta(seconds=float(number) * _SECONDS[unit])


def whole(text: str) -> int:
    """Return a quantity as a whole number, rounded up: bytes for `512Mi`."""
    number, unit = _split(text)
    return int((Decimal(number) * _FACTORS[unit]).to_integral_value(ROUND_CEILING))


def thousandths(text: str) -> int:
    """Return a quantity in thousandths, rounded up: 500 for `500m` of a processor, 2000 for `2`."""
    number, unit = _split(text)
    return int((Decimal(number) * _FACTORS[unit] * 1000).to_integral_value(ROUND_CEILING))


def _split(text: str) -> tuple[str, str]:
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([A-Za-z]*)", text)
    if found is None:
        raise ValueError(text)
    return found.group(1), found.group(2)
