"""The reference of the custom resources says what their definitions say."""

import resource_pages
from tenantry.operator.resources import definitions


def test_the_reference_is_current() -> None:
    assert resource_pages.run(["--check"]) == 0


def test_every_key_has_its_line() -> None:
    [version] = definitions.installation()["spec"]["versions"]
    schema = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
    keys = {path for path, _, _ in resource_pages.rows(schema, "")}
    assert {"version", "database.secretName", "hosts"} <= keys
    assert all(f"| `{key}` |" in resource_pages.page() for key in keys)


def test_a_line_says_what_a_value_may_be() -> None:
    part = {"type": "integer", "minimum": 1, "default": 3, "description": "So many\ncopies."}
    assert (
        resource_pages.row("copies", part, False)
        == "| `copies` | integer | So many copies. (at least 1; default `3`) |\n"
    )


def test_a_word_of_a_closed_choice_is_named() -> None:
    part = {"type": "array", "items": {"type": "string", "enum": ["A", "B"]}, "description": "Some."}
    assert resource_pages.row("letters", part, True) == "| `letters` | list of `A` or `B` | Some. (required) |\n"
