"""A customer's settings are checked against the application's schema, in words for the customer."""

from typing import Any

import pytest

from tenantry.application import manifest, settings


def test_defaults_are_filled_in(wiki: manifest.Application) -> None:
    assert settings.check(wiki.spec.settings, {"pages": 3}) == {"public": False, "pages": 3, "theme": "light"}


@pytest.mark.parametrize(
    ("given", "field", "message"),
    [
        ({"public": "yes"}, "settings.public", "Expected is yes or no."),
        ({"pages": 0}, "settings.pages", "The value is at least 1."),
        ({"pages": 1.5}, "settings.pages", "Expected is a whole number."),
        ({"theme": "pink"}, "settings.theme", "Choose one of: light, dark."),
        ({"them": "dark"}, "settings.them", "There is no setting “them”. Did you mean “theme”?"),
    ],
)
def test_a_wrong_setting_is_said_at_its_field(
    wiki: manifest.Application, given: dict[str, Any], field: str, message: str
) -> None:
    with pytest.raises(settings.SettingsInvalidError) as caught:
        settings.check(wiki.spec.settings, given)
    assert caught.value.fields == {field: message}


def test_all_wrong_settings_are_said_at_once(wiki: manifest.Application) -> None:
    with pytest.raises(settings.SettingsInvalidError) as caught:
        settings.check(wiki.spec.settings, {"pages": 0, "theme": "pink"})
    assert set(caught.value.fields) == {"settings.pages", "settings.theme"}


def test_an_application_without_settings_takes_none() -> None:
    assert settings.check({}, {}) == {}
    with pytest.raises(settings.SettingsInvalidError):
        settings.check({}, {"a": 1})
