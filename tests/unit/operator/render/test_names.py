"""Names fit into DNS, differ where their parts differ, and stay what they were."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenantry.operator.render import names

LABEL = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)
identifiers = st.from_regex(r"[a-z][A-Za-z0-9]{0,39}", fullmatch=True)


@given(labels, labels, st.sampled_from([names.LONGEST, names.LONGEST_STATEFUL]))
def test_a_name_is_a_label_that_begins_with_a_letter(first: str, second: str, longest: int) -> None:
    name = names.joined(first, second, longest=longest)
    assert LABEL.fullmatch(name)
    assert len(name) <= longest


@given(labels, labels, labels)
def test_names_differ_where_a_long_part_differs(first: str, second: str, third: str) -> None:
    if second != third:
        assert names.joined(first, second) != names.joined(first, third)


@given(identifiers, identifiers)
def test_identifiers_stay_apart_in_small_letters(first: str, second: str) -> None:
    assert (names.kebab(first) == names.kebab(second)) == (first == second)


@given(identifiers, st.integers(8080, 8999))
def test_a_container_port_has_a_short_name(identifier: str, number: int) -> None:
    assert re.fullmatch(r"[a-z]([a-z0-9-]{0,13}[a-z0-9])?", names.port(identifier, number))


@given(st.from_regex(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,62}", fullmatch=True))
def test_any_version_becomes_a_value_of_a_label(version: str) -> None:
    assert re.fullmatch(r"([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)?", names.label_value(version))


@pytest.mark.parametrize(
    ("parts", "begin", "length"),
    [(("acme", "web"), "acme-web", 8), (("7up", "web"), "i7up-web-", 17), (("a" * 40, "b" * 40), "a" * 40, 63)],
)
def test_a_name_says_what_it_is_made_of(parts: tuple[str, ...], begin: str, length: int) -> None:
    name = names.joined(*parts)
    assert name.startswith(begin)
    assert len(name) == length
