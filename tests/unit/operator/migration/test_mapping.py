from pathlib import Path
from typing import Any

import pytest
import yaml

from support import former
from tenantry.operator.migration import mapping as mappings

ITEM: dict[str, Any] = {**former.workspace("street", "acme", "tiny"), "status": {}}
FILE = Path(former.__file__).with_name("workspaces.yaml")


def changed(**parts: Any) -> mappings.Migration:
    given = yaml.safe_load(FILE.read_text())
    return mappings.Migration.model_validate({**given, **parts})


def test_it_is_filled_in_from_the_object() -> None:
    filled = mappings.fill(former.MAPPING, ITEM)
    spec = filled.installation.spec
    assert (filled.installation.metadata.name, spec.hosts, spec.url) == (
        "acme",
        ["acme.example.com"],
        "https://acme.example.com",
    )
    assert filled.installation.metadata.labels == {"customer": "acme"}
    assert (filled.claims, filled.secrets, filled.deployments) == ({"acme-data": True}, ("acme-secrets",), ("acme",))
    assert [each.name for each in filled.services] == ["acme"]


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ({"version": "{{ spec.relase }}"}, "installation.spec.version"),
        ({"hosts": {"$copy": "spec.domains"}}, "installation.spec.hosts"),
        ({"hosts": ["{{ spec.hosts[0] }}", "{{ spec.alias }}"]}, "installation.spec.hosts[1]"),
        ({"url": "acme"}, "spec.url"),
        ({"sise": "small"}, "spec.sise"),
    ],
)
def test_what_cannot_be_filled_in_names_the_place(spec: dict[str, Any], place: str) -> None:
    wanted = former.MAPPING.installation.model_dump(by_alias=True)
    mapping = changed(installation={**wanted, "spec": {**wanted["spec"], **spec}})
    with pytest.raises(mappings.UnmappableError, match=place.replace("[", r"\[")):
        mappings.fill(mapping, ITEM)


@pytest.mark.parametrize(
    ("text", "place"),
    [("[", "cannot be read"), ("former: {}", "former.group"), ("former: 1\nwhat: 2", "what"), ("- 1", "dictionary")],
)
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str, place: str) -> None:
    file = tmp_path / "mapping.yaml"
    file.write_text(text)
    with pytest.raises(mappings.MappingInvalidError, match=place):
        mappings.read(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(mappings.MappingInvalidError, match=r"none\.yaml"):
        mappings.read(tmp_path / "none.yaml")


def test_the_how_to_shows_the_mapping_that_the_tests_use() -> None:
    page = (Path(__file__).parents[4] / "docs/how-to/migrate-resources.md").read_text()
    shown = page.partition("```yaml\n")[2].partition("```")[0]
    assert mappings.Migration.model_validate(yaml.safe_load(shown)) == former.MAPPING
