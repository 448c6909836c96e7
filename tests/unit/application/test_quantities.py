"""Durations and quantities are read with their units."""

from datetime import timedelta

import pytest

from tenantry.application import quantities


@pytest.mark.parametrize(
    ("text", "expected"), [("500ms", 0.5), ("30s", 30), ("5m", 300), ("1h", 3600)]
)  # fmt: skip
def test_durations(text: str, expected: float) -> None:
    assert quantities.duration(text) == timedelta(seconds=expected)


@pytest.mark.parametrize(
    ("text", "whole", "thousandths"),
    [
        ("1", 1, 1000),
        ("500m", 1, 500),
        ("512Mi", 536870912, 536870912000),
        ("1.5", 2, 1500),
        ("2Ti", 2**41, 2**41 * 1000),
        ("3k", 3000, 3_000_000),
        ("7G", 7 * 10**9, 7 * 10**12),
    ],
)
def test_quantities(text: str, whole: int, thousandths: int) -> None:
    assert quantities.whole(text) == whole
    assert quantities.thousandths(text) == thousandths
