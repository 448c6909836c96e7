from typing import Any

import pytest

from tenantry.portal.catalogue import form

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "default": "Team", "minLength": 2},
        "openRegistration": {"type": "boolean", "default": True},
        "uploadLimit": {"type": "integer", "default": 50, "minimum": 1, "maximum": 500},
        "ratio": {"type": "number", "default": 0.5},
        "language": {"enum": ["english", "french"], "default": "english"},
        "nested": {"type": "object", "default": {}},
    },
    "required": ["uploadLimit"],
}


class TestFields:
    def test_come_with_defaults_and_readable_titles(self) -> None:
        fields = {field.key: field for field in form.fields(SCHEMA)}
        assert fields["openRegistration"].title == "Open registration"
        assert fields["openRegistration"].value == "on"
        assert fields["uploadLimit"].value == "50"
        assert [choice.value for choice in fields["language"].choices] == ["english", "french"]

    def test_leave_shapes_that_no_form_knows_to_the_api(self) -> None:
        assert "nested" not in {field.key for field in form.fields(SCHEMA)}

    def test_keep_what_was_typed(self) -> None:
        fields = {
            field.key: field for field in form.fields(SCHEMA, {"setting.title": "x"}, {"setting.title": "Longer."})
        }
        assert fields["title"].value == "x"
        assert fields["title"].error == "Longer."
        assert fields["openRegistration"].value == ""


class TestParse:
    def test_reads_each_kind(self) -> None:
        typed = {
            "setting.title": " Blue ",
            "setting.openRegistration": "on",
            "setting.uploadLimit": "9",
            "setting.ratio": "0.25",
            "setting.language": "french",
        }
        parsed = form.parse(SCHEMA, typed)
        assert parsed.errors == {}
        expected = {"title": "Blue", "openRegistration": True, "uploadLimit": 9, "ratio": 0.25, "language": "french"}
        assert parsed.settings == expected

    def test_comes_back_as_it_was_sent(self) -> None:
        settings = {"title": "Blue", "openRegistration": False, "uploadLimit": 9, "language": "french"}
        assert form.parse(SCHEMA, form.as_values(settings)).settings == settings

    def test_says_what_is_wrong_beside_the_field(self) -> None:
        typed = {"setting.title": "x", "setting.uploadLimit": "900", "setting.language": "latin"}
        assert form.parse(SCHEMA, typed).errors == {
            "setting.title": "Enter at least 2 characters.",
            "setting.uploadLimit": "Enter 500 or less.",
            "setting.language": "Choose one of the options.",
        }

    def test_wants_numbers_where_numbers_belong(self) -> None:
        assert form.parse(SCHEMA, {"setting.uploadLimit": "many"}).errors == {"setting.uploadLimit": "Enter a number."}

    def test_misses_what_is_required(self) -> None:
        assert form.parse(SCHEMA, {"setting.title": "Blue"}).errors == {"setting.uploadLimit": "This is needed."}

    @pytest.mark.parametrize("text", ["nan", "inf", "1e999", "-inf", "1,5", "9" * 5000])
    def test_what_no_database_could_keep_is_no_number(self, text: str) -> None:
        parsed = form.parse(SCHEMA, {"setting.ratio": text, "setting.uploadLimit": "1"})
        assert parsed.errors.keys() == {"setting.ratio"}
