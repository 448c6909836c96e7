"""If-Match as RFC 9110 writes it."""

import pytest

from tenantry.provisioner.api import conditions


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("*", None),
        ('"1"', {'"1"'}),
        ('"1", "2"', {'"1"', '"2"'}),
        ('"1",, "2" ,', {'"1"', '"2"'}),
        ('"a,b"', {'"a,b"'}),
        ('W/"1"', set[str]()),
        ('W/"1", "2"', {'"2"'}),
        ('""', {'""'}),
    ],
)
def test_one_of_these_must_be_the_present_one(header: str | None, expected: set[str] | None) -> None:
    assert conditions.etags(header) == expected


@pytest.mark.parametrize("header", ["", "1", '"1', '1"', '"1" "2"', "W/1", 'w/"1"', '*, "1"', '"a b"', ","])
def test_what_is_malformed_is_refused(header: str) -> None:
    with pytest.raises(conditions.ConditionInvalidError):
        conditions.etags(header)
