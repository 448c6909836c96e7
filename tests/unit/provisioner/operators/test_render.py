"""The objects of a release: those of the chart, and what differs from cluster to cluster."""

from typing import Any

import yaml

from tenantry.operator.controller import roles
from tenantry.operator.resources import definitions
from tenantry.provisioner.operators import model, render

FACTS = {"front_door": {"name": "public", "namespace": "gateways"}}
RELEASE = model.Release(image="registry.example.com/tenantry:1.2.0", version="1.2.0", facts=FACTS)


def of(bundle: model.Bundle, kind: str, name: str = render.NAME) -> dict[str, Any]:
    [found] = [each for each in bundle.objects if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found


def test_it_is_of_the_release() -> None:
    made = render.render(RELEASE)
    deployment = of(made, "Deployment")
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == RELEASE.image
    facts = of(made, "ConfigMap", "tenantry-operator-facts")["data"]["facts.yaml"]
    assert yaml.safe_load(facts) == FACTS
    labels = deployment["metadata"]["labels"]
    assert labels["app.kubernetes.io/version"] == "1.2.0"
    assert labels["app.kubernetes.io/managed-by"] == "tenantry-provisioner"


def test_its_pods_bear_the_digest_of_everything() -> None:
    made = render.render(RELEASE)
    template = of(made, "Deployment")["spec"]["template"]
    assert template["metadata"]["annotations"] == {render.DIGEST: made.digest}
    same = render.render(model.Release(image=RELEASE.image, version="1.2.0", facts=dict(FACTS)))
    other = render.render(model.Release(image=RELEASE.image, version="1.2.0", facts={}))
    assert (same.digest, other.digest != made.digest) == (made.digest, True)
    assert other.release == made.release


def test_its_selector_is_the_same_for_every_version() -> None:
    """It cannot be changed."""
    other = model.Release(image="x:2", version="2", facts={})
    selectors = [of(render.render(each), "Deployment")["spec"]["selector"] for each in (RELEASE, other)]
    assert selectors[0] == selectors[1]
    labels = of(render.render(other), "Deployment")["spec"]["template"]["metadata"]["labels"]
    assert selectors[0]["matchLabels"].items() <= labels.items()


def test_definitions_and_roles_are_the_operators_own() -> None:
    made = render.render(RELEASE)
    ours = {each["metadata"]["name"]: each for each in (definitions.application(), definitions.installation())}
    found = {each["metadata"]["name"]: each for each in made.objects if each["kind"] == "CustomResourceDefinition"}
    assert found == ours
    assert of(made, "ClusterRole")["rules"] == roles.cluster_role()["rules"]
    assert of(made, "Role")["rules"] == roles.home_role()["rules"]


def test_whatever_another_needs_comes_first() -> None:
    order = [each["kind"] for each in render.render(RELEASE).objects]
    assert (order[0], order[-1]) == ("Namespace", "Deployment")
    assert order.index("CustomResourceDefinition") < order.index("ClusterRole") < order.index("ClusterRoleBinding")


def test_nothing_of_helm_or_of_another_release_is_left() -> None:
    text = str(render.render(RELEASE).objects)
    assert "helm" not in text.lower().replace("helm.sh/resource-policy", "")
    assert "acme" not in str([each for each in render.carried() if each["kind"] != "CustomResourceDefinition"])
    spaces = {each["metadata"].get("namespace") for each in render.render(RELEASE).objects}
    assert spaces == {None, render.HOME}


def test_rendering_leaves_what_is_carried_as_it_is() -> None:
    before = str(render.carried())
    render.render(RELEASE)
    assert str(render.carried()) == before


def test_definitions_are_neither_brought_back_nor_removed() -> None:
    wanted = render.render(RELEASE)
    kept = render.kept(wanted)
    assert "CustomResourceDefinition" not in {each["kind"] for each in kept.objects}
    assert render.left_over(kept, wanted) == []
    assert render.left_over(None, wanted) == []


def test_what_a_newer_form_has_no_more_is_left_over() -> None:
    wanted = render.render(RELEASE)
    old = {"kind": "Service", "metadata": {"name": "old", "namespace": render.HOME}}
    former = model.Bundle(image="x", version="1", digest="1", release="1", objects=[*wanted.objects, old])
    assert render.left_over(former, wanted) == [old]
