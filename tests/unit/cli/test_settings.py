"""Settings are read from KEY=VALUE."""

import pytest

from tenantry.cli import installation_changes
from tenantry.kernel import errors


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("title=Acme", {"title": "Acme"}),
        ("open=true", {"open": True}),
        ("limit=3", {"limit": 3}),
        ('code="3"', {"code": "3"}),
        ("formula=a=b", {"formula": "a=b"}),
        ("empty=", {"empty": ""}),
    ],
)
def test_a_value_is_json_where_it_is_some_and_text_otherwise(given: str, read: dict[str, object]) -> None:
    assert installation_changes.read_settings([given]) == read


@pytest.mark.parametrize("given", ["title", "=Acme"])
def test_what_is_no_pair_is_named(given: str) -> None:
    with pytest.raises(errors.CustomerMustActError, match=given):
        installation_changes.read_settings([given])
