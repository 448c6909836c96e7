"""Names become addresses: whatever is let through is a DNS label that is not ours."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tenantry.kernel import errors, names

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def refusal(text: str) -> errors.CustomerMustActError | None:
    try:
        names.check(text)
    except errors.CustomerMustActError as error:
        return error
    return None


@given(some.text())
def test_what_is_let_through_is_a_dns_label_and_what_is_not_says_why(text: str) -> None:
    refused = refusal(text)
    if refused is None:
        assert LABEL.fullmatch(text)
        assert text not in names.RESERVED
    else:
        assert refused.field == "name"
        assert refused.message.endswith(".")


@given(some.text(alphabet=string.ascii_lowercase + string.digits + "-", min_size=3, max_size=40))
def test_every_label_that_is_long_enough_and_not_reserved_is_let_through(text: str) -> None:
    is_label = not text.startswith(("-", "xn--")) and not text.endswith("-")
    if is_label and text not in names.RESERVED:
        assert names.check(text) == text
    else:
        with pytest.raises(errors.CustomerMustActError):
            names.check(text)


@pytest.mark.parametrize("name", ["abc", "a" * 40, "a-b", "1st", "a--b"])
def test_names_at_the_edge_are_let_through(name: str) -> None:
    assert names.check(name) == name


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("ab", "3 to 40 characters; this one has 2"),
        ("a" * 41, "this one has 41"),
        ("", "this one has 0"),
        ("Acme", "small letters"),
        ("acme corp", "small letters"),
        ("acme.corp", "small letters"),
        ("bücher", "small letters"),
        ("acme\n", "small letters"),
        ("١٢٣", "small letters"),
        ("-acme", "begins and ends"),
        ("acme-", "begins and ends"),
    ],
)
def test_the_message_names_the_broken_rule(name: str, rule: str) -> None:
    with pytest.raises(names.NameInvalidError, match=rule):
        names.check(name)


@pytest.mark.parametrize("name", [*sorted(names.RESERVED & {"www", "api", "portal", "mail"}), "xn--bcher-kva"])
def test_our_own_names_and_disguised_ones_are_reserved(name: str) -> None:
    with pytest.raises(names.NameReservedError, match=re.escape(f"“{name}” is reserved")):
        names.check(name)


def test_every_reserved_name_would_be_a_label() -> None:
    assert all(LABEL.fullmatch(name) for name in names.RESERVED)
