"""What charts copy is what it is copied from, and every value says what it means and is checked."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest
import yaml

import charts
import charts_carried
import charts_values
import tenantry
from tenantry.operator import settings as operator_settings
from tenantry.operator.render import facts
from tenantry.portal import settings as portal_settings
from tenantry.provisioner import server as provisioner
from tenantry.provisioner import settings as provisioner_settings

CHARTS = pytest.mark.parametrize("chart", charts.CHARTS, ids=lambda chart: chart.name)
OPERATOR, TENANTRY = charts.OPERATOR, charts.TENANTRY


def schema(chart: Path) -> Any:
    return json.loads((chart / "values.schema.json").read_text())


def values(chart: Path) -> Any:
    return yaml.safe_load((chart / "values.yaml").read_text())


def refused(rules: Any, given: Any) -> list[str]:
    """Return what a schema has against values."""
    validator: Any = jsonschema.Draft7Validator(rules)
    return [each.message for each in validator.iter_errors(given)]


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(each.capitalize() for each in rest)


def objects(part: Any) -> Iterator[Any]:
    """Yield every part of a schema that lists properties."""
    inner: list[Any] = []
    if isinstance(part, dict):
        mapping = cast("dict[str, Any]", part)
        inner = list(mapping.values())
        if "properties" in mapping:
            yield mapping
    elif isinstance(part, list):
        inner = cast("list[Any]", part)
    for each in inner:
        yield from objects(each)


def test_what_is_generated_is_what_it_follows_from() -> None:
    made = dict(charts.files())
    assert {path.name for path in made} >= {"rules.yaml", "values.schema.json", "README.md"}
    assert [str(path) for path, text in made.items() if path.read_text() != text] == [], "run `make charts`"


def test_the_provisioner_carries_what_the_operators_chart_renders() -> None:
    assert charts_carried.CARRIED.read_text() == charts_carried.text(), "run `make charts`"


@CHARTS
class TestValues:
    def test_the_defaults_keep_to_the_schema(self, chart: Path) -> None:
        jsonschema.Draft7Validator.check_schema(schema(chart))
        assert refused(schema(chart), values(chart)) == []

    def test_a_value_that_is_not_known_is_refused_at_every_level(self, chart: Path) -> None:
        found = list(objects(schema(chart)))
        assert len(found) > 10
        assert [each for each in found if each.get("additionalProperties") is not False] == []

    def test_every_default_is_described(self, chart: Path) -> None:
        assert charts_values.undescribed(charts.described(chart)) == []

    def test_no_default_is_a_secret(self, chart: Path) -> None:
        secret = re.compile(r"(password|token|apikey|credential)$", re.IGNORECASE)
        paths = [row.path for row in charts_values.rows(charts.described(chart))]
        assert [each for each in paths if secret.search(each)] == []

    def test_the_version_is_that_of_the_programs(self, chart: Path) -> None:
        assert yaml.safe_load((chart / "Chart.yaml").read_text())["appVersion"] == tenantry.__version__


class TestSettings:
    def test_the_operators_are_all_there(self) -> None:
        made_by_the_chart = {"listen", "identity", "namespace", "facts_file", "shard", "shards", "context"}
        wanted = set(operator_settings.Settings.model_fields) - made_by_the_chart
        assert set(schema(OPERATOR)["properties"]["settings"]["properties"]) == {camel(each) for each in wanted}

    def test_the_portals_are_all_there(self) -> None:
        made_by_the_chart = {
            "database_url",
            "listen",
            "provisioner_url",
            "provisioner_token_file",
            "secret_file",
            "smtp_password_file",
            "brand",
        }
        wanted = set(portal_settings.Settings.model_fields) - made_by_the_chart
        portal = schema(TENANTRY)["properties"]["portal"]["properties"]
        assert set(portal["settings"]["properties"]) == {camel(each) for each in wanted}
        brand = portal_settings.Brand.model_fields
        assert set(portal["brand"]["properties"]) == {camel(each) for each in brand}

    def test_the_provisioners_are_all_there(self) -> None:
        made_by_the_chart = {"database_url", "listen", "keys_file", "bootstrap_tokens_file", "mail_file"}
        wanted = set(provisioner_settings.Settings.model_fields) - made_by_the_chart
        given = schema(TENANTRY)["properties"]["provisioner"]["properties"]["settings"]["properties"]
        assert set(given) == {camel(each) for each in wanted}

    def test_every_supervisor_is_in_one_group(self) -> None:
        groups = values(TENANTRY)["provisioner"]["supervisors"].values()
        assert sorted(name for group in groups for name in group["supervise"]) == sorted(provisioner.SUPERVISORS)

    def test_only_supervisors_that_exist_can_be_chosen(self) -> None:
        group = schema(TENANTRY)["properties"]["provisioner"]["properties"]["supervisors"]["additionalProperties"]
        assert set(group["properties"]["supervise"]["items"]["enum"]) == set(provisioner.SUPERVISORS)


class TestFacts:
    def test_all_that_an_administrator_decides_can_be_said(self) -> None:
        known = set(facts.Facts.__dataclass_fields__) - {"offers"}
        assert set(schema(OPERATOR)["definitions"]["Facts"]["properties"]) == known

    @pytest.mark.parametrize(
        ("given", "is_good"),
        [
            ({"front_door": {"class_name": "nginx"}}, True),
            ({"front_door": {"name": "public", "namespace": "gateways"}, "domains": ["example.com"]}, True),
            ({"front_door": {"className": "nginx"}}, False),
            ({"offers": []}, False),
            ({"domain": "example.com"}, False),
        ],
    )
    def test_misspelt_ones_are_refused(self, given: Any, is_good: bool) -> None:
        said = refused(schema(OPERATOR), {**values(OPERATOR), "facts": given})
        assert (said == []) is is_good


class TestDefinitions:
    def test_what_looks_like_a_template_stays_text(self) -> None:
        made = charts.definition("a: b\nmetadata:\n  name: x\nd: '{{ settings.x }}'\n")
        assert "d: '{{ \"{{\" }} settings.x }}'" in made

    def test_they_are_kept_when_the_release_goes(self) -> None:
        made = charts.definition("a: b\nmetadata:\n  name: x\n")
        assert "helm.sh/resource-policy: keep" in made

    def test_a_definition_without_metadata_is_refused(self) -> None:
        with pytest.raises(ValueError, match="metadata"):
            charts.definition("a: b\n")
