"""Templates see only what they are given, and say well what is wrong."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tenantry.application import templates

NAMES = {
    "database": {"host": "db", "sslMode": "disable"},
    "settings": {"items": [1, 2], "flag": True, "nothing": None},
    "version": "1.0",
}


def fill(text: str) -> str:
    return templates.render(text, NAMES, place="spec.x")


def test_names_are_read_by_a_dot_even_where_a_mapping_has_a_method_of_that_name() -> None:
    assert fill("{{ database.host }} {{ settings.items | tojson }}") == "db [1, 2]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ database.sslmode }}", "spec.x: “database.sslmode” is not defined. Did you mean “database.sslMode”?"),
        ("{{ databases }}", "“databases” is not defined"),
        ("{{ database.missing | quote }}", "“database.missing” is not defined"),
        ("{{ database.missing | tojson }}", "“database.missing” is not defined"),
        ("{{ ''.__class__ }}", "A str has no “__class__”."),
        ("{{ settings.items.append(3) }}", "A list has no “append”."),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
        ("{% if %}", "Expected an expression"),
    ],
)
def test_what_cannot_be_filled_in_is_an_error_that_names_it(text: str, message: str) -> None:
    with pytest.raises(templates.TemplateError) as caught:
        fill(text)
    assert message in str(caught.value)


def test_an_error_names_the_line_in_the_template() -> None:
    with pytest.raises(templates.TemplateError) as caught:
        fill("one\n\n{{ database.missing }}\n")
    assert caught.value.line == 3


def test_unknown_names_are_found_in_branches_that_are_not_taken() -> None:
    text = "{% if settings.nothing %}\n{{ database.hots }}{% endif %}{% for i in settings.items %}{{ i }}{% endfor %}"
    found = templates.unknown_names(text, NAMES, place="spec.x")
    assert [(each.problem, each.line) for each in found] == [
        ("“database.hots” is not defined. Did you mean “database.host”?", 2)
    ]


def test_filters_write_literals() -> None:
    assert fill("{{ settings.flag | topython }} {{ settings.nothing | topython }}") == "True None"
    assert fill("{{ version | b64 }} {{ 'a b' | shell }} {{ settings | tojson }}") == (
        'MS4w \'a b\' {"items": [1, 2], "flag": true, "nothing": null}'
    )


@given(st.text())
def test_a_quoted_text_means_the_same_to_every_reader(text: str) -> None:
    written = templates.render("{{ x | quote }}", {"x": text}, place="x")
    assert json.loads(written) == text
    assert yaml.safe_load(written) == text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_quoted_text_is_the_same_python(text: str) -> None:
    written = templates.render("{{ x | quote }}", {"x": text}, place="x")
    seen: dict[str, str] = {}
    exec(f"value = {written}", seen)  # noqa: S102 - what Python reads is the question
    assert seen["value"] == text
