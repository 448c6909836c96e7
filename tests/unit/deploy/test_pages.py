"""The self-hoster's pages: what they show is valid, complete, and as short as they say."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import charts
from support import operator_things as things
from tenantry.local import credentials
from tenantry.operator.render import facts
from tenantry.runtime import document
from tenantry.wire import tokens

PAGES = [charts.ROOT / "docs/how-to" / name for name in ("self-host.md", "kind-k3s-eks.md")]
SELF_HOST = PAGES[0].read_text()
_BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SECRET = re.compile(r"create secret generic (\S+) ((?:.*\\\n)*.*)")
_KEY = re.compile(r"--from-(?:literal|file)=([\w.-]+)=")
_INSTALL = re.compile(r"helm install (?:.*\\\n)*.*")
_SET = re.compile(r"--set (\S+)=(\S+)")


def blocks(text: str) -> list[str]:
    return _BLOCK.findall(text)


def ordered() -> Any:
    return next(each for each in map(yaml.safe_load, blocks(SELF_HOST)) if each.get("kind") == "Installation")


def secrets(text: str = SELF_HOST) -> dict[str, set[str]]:
    return {name: set(_KEY.findall(options)) for name, options in _SECRET.findall(text)}


def described(part: str) -> set[str]:
    """Return the keys that the document's model asks for in a Secret."""
    return set(re.findall(r"`(\w+)`", document.InstallationSpec.model_fields[part].description or ""))


def test_twenty_lines_are_enough() -> None:
    [text] = [each for each in blocks(SELF_HOST) if "kind: Installation" in each]
    assert len(text.splitlines()) <= 20


def test_the_installation_is_one_of_the_example() -> None:
    spec = document.InstallationSpec.model_validate(ordered()["spec"])
    synapse = things.application("synapse")
    assert spec.application == synapse.metadata.name
    assert spec.version in {each.version for each in synapse.spec.versions}
    assert spec.size in {each.name for each in synapse.spec.sizes}
    jsonschema.validate(spec.settings, synapse.spec.settings)


@pytest.mark.parametrize("part", ["database", "bucket", "mail"])
def test_a_secret_has_the_keys_that_are_asked_for(part: str) -> None:
    assert secrets()[f"chat-{part}"] == described(part)


def test_every_secret_of_the_example_is_generated() -> None:
    assert secrets()["chat-generated"] == {each.name for each in things.application("synapse").spec.secrets}


def test_every_secret_that_is_referred_to_is_made() -> None:
    spec = ordered()["spec"]
    assert {spec[part]["secretName"] for part in ("database", "bucket", "mail", "generated")} == set(secrets())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_values_that_are_shown_are_values_of_the_chart(page: Path) -> None:
    validator: Any = jsonschema.Draft7Validator(charts.described(charts.OPERATOR).schema)
    shown = [each for each in map(yaml.safe_load, blocks(page.read_text())) if "facts" in each]
    shown += list(map(stated, _INSTALL.findall(page.read_text())))
    assert len(shown) > 0
    for each in shown:
        image = each.get("image", {})
        good = {**each, "image": {"repository": "x", **image, "digest": ""}}
        validator.validate(good)


def stated(command: str) -> dict[str, Any]:
    """Return what every `--set` of a command makes together."""
    whole: dict[str, Any] = {}
    for path, value in _SET.findall(command):
        *above, last = path.split(".")
        part = whole
        for each in above:
            part = part.setdefault(each, {})
        part[last] = yaml.safe_load(value)
    return whole


class TestReadmeOfTenantry:
    TEXT = (charts.TENANTRY / "README.md").read_text()

    def test_secrets_are_made_as_the_values_describe_them(self) -> None:
        parts = charts.described(charts.TENANTRY).schema["properties"]
        for part in ("portal", "provisioner"):
            said = set(re.findall(r"`([\w.-]+)`", parts[part]["properties"]["secretName"]["description"]))
            optional = {"hasMail", "mail.json", "settings.smtpUser", "smtp-password"}
            optional |= {"hasDatabaseAuthorities", "database-ca.pem"}
            assert secrets(self.TEXT)[f"tenantry-{part}"] == said - optional

    def test_the_portals_token_may_do_what_the_portal_does(self) -> None:
        [scopes] = re.findall(r'"scopes": \[([^\]]*)\]', self.TEXT)
        assert set(re.findall(r'"([a-z:]+)"', scopes)) == {str(each) for each in credentials.PORTAL_SCOPES}


class TestSellingPage:
    TEXT = (charts.ROOT / "docs/how-to/sell-from-kubernetes.md").read_text()

    def test_values_that_are_shown_are_values_of_the_charts(self) -> None:
        operator, tenantry = map(yaml.safe_load, blocks(self.TEXT))
        for chart, given in ((charts.OPERATOR, operator), (charts.TENANTRY, tenantry)):
            validator: Any = jsonschema.Draft7Validator(charts.described(chart).schema)
            validator.validate(given)

    def test_the_operators_values_are_the_self_hosters(self) -> None:
        assert blocks(self.TEXT)[0] == blocks(SELF_HOST)[0]

    def test_secrets_are_those_of_the_charts_readme_and_mail(self) -> None:
        readme, said = secrets(TestReadmeOfTenantry.TEXT), secrets(self.TEXT)
        assert said["tenantry-portal"] == readme["tenantry-portal"]
        from_file = set(re.findall(r"--from-file=([\w.-]+)=", self.TEXT))
        assert said["tenantry-provisioner"] | from_file == readme["tenantry-provisioner"] | {"mail.json"}

    def test_databases_that_hold_secrets_are_verified_by_what_the_secrets_bring(self) -> None:
        said = dict(_SECRET.findall(self.TEXT))
        [asked] = re.findall("^VERIFIED='(.*)'$", self.TEXT, re.MULTILINE)
        assert asked.split("&") == ["sslmode=verify-full", "sslrootcert=/etc/tenantry/secrets/database-ca.pem"]
        values = yaml.safe_load(blocks(self.TEXT)[1])
        for part in ("portal", "provisioner"):
            assert re.search(rf"--from-literal=database-url='[^']*/{part}\?'\"\$VERIFIED\"", said[f"tenantry-{part}"])
            assert "--from-file=database-ca.pem" in said[f"tenantry-{part}"]
            assert values[part]["hasDatabaseAuthorities"] is True

    def test_tokens_may_do_what_their_owners_do(self) -> None:
        [text] = re.findall(r"^cat > tokens.json <<END\n(.*?)^END$", self.TEXT, re.MULTILINE | re.DOTALL)
        scopes = {each["name"]: set(each["scopes"]) for each in json.loads(text)}
        assert scopes == {
            "portal": {str(each) for each in credentials.PORTAL_SCOPES},
            "admin": {str(each) for each in tokens.Scope},
        }


def test_the_sidecar_of_a_pooler_is_let_in_by_the_values_of_its_page() -> None:
    shown = blocks((charts.ROOT / "docs/how-to/put-pgbouncer-before-a-database-server.md").read_text())
    [values] = [each for each in map(yaml.safe_load, shown) if "networkPolicy" in each]
    validator: Any = jsonschema.Draft7Validator(charts.described(charts.TENANTRY).schema)
    validator.validate(values)
    [pod] = [each for each in map(yaml.safe_load, shown) if each.get("kind") == "Deployment"]
    [peer] = values["networkPolicy"]["apiFrom"]
    assert peer["podSelector"]["matchLabels"] == pod["spec"]["template"]["metadata"]["labels"]
    assert peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": pod["metadata"]["namespace"]}


def test_the_operators_reference_names_all_that_may_be_said_of_a_cluster() -> None:
    text = (charts.ROOT / "docs/reference/operator.md").read_text()
    kinds = (facts.Facts, facts.SharedGateway, facts.IngressController)
    known = {each.name for kind in kinds for each in dataclasses.fields(kind)} - {"offers"}
    assert [each for each in sorted(known) if f"`{each}`" not in text] == []
