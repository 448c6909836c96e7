"""A template is confidential where it reads how to get in, whatever it does with that."""

import pytest

from tenantry.application import confidentiality, templates


@pytest.mark.parametrize(
    "template",
    [
        "{{ secrets.session }}",
        "{{ secrets['session'] | b64 }}",
        "{{ database.password | urlencode }}",
        "{{ database.url }}",
        "{{ database }}",
        "{{ bucket.secretKey }}",
        "{{ mail[settings.key] }}",
        "{% set key = secrets.session %}{{ key }}",
        "{% if mail.password %}yes{% endif %}",
        "{% for name in secrets %}{{ name }}{% endfor %}",
    ],
)
def test_how_to_get_in_is_a_secret(template: str) -> None:
    assert confidentiality.is_confidential(template)


@pytest.mark.parametrize(
    "template",
    [
        "plain",
        "{{ database.host }}:{{ database.port }}",
        "{{ bucket.name }}",
        "{{ mail.sender }}",
        "{{ settings.key }}",
    ],
)
def test_where_something_is_is_none(template: str) -> None:
    assert not confidentiality.is_confidential(template)


def test_what_is_no_template_is_refused() -> None:
    with pytest.raises(templates.TemplateError):
        confidentiality.is_confidential("{{ secrets.session")
