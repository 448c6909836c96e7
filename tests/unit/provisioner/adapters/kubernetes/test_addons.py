"""Which add-ons a cluster has, as its objects say."""

from typing import Any

import pytest

from tenantry.provisioner.adapters.kubernetes import addons, managers
from tenantry.runtime.document import AddOn, AddOnState

GATEWAYS = "gateway.networking.k8s.io"
PRESENT, OLD, MISSING = AddOnState.PRESENT, AddOnState.OLD, AddOnState.MISSING


def deployment(image: str, *, annotations: dict[str, str] | None = None, **labels: str) -> dict[str, Any]:
    named = {f"app.kubernetes.io/{key.replace('_', '-')}": value for key, value in labels.items()}
    metadata = {"name": "x", "namespace": "system", "labels": named, "annotations": annotations or {}}
    return {"metadata": metadata, "spec": {"template": {"spec": {"containers": [{"name": "x", "image": image}]}}}}


def found(name: str, **seen: Any) -> AddOn | None:
    return next((each for each in addons.collect(addons.Seen(**seen)) if each.name == name), None)


def of(name: str, **seen: Any) -> AddOn:
    each = found(name, **seen)
    assert each is not None
    return each


def groups(name: str, version: str) -> dict[str, frozenset[str]]:
    return {name: frozenset([version])}


def test_a_program_says_its_version_by_its_label() -> None:
    runs = deployment("quay.io/jetstack/cert-manager-controller:v9", name="cert-manager", version="v1.18.2")
    helper = deployment("quay.io/jetstack/cert-manager-webhook:v9", name="cert-manager", version="v1.0.0")
    each = of("cert-manager", deployments=[helper, runs], groups=groups("cert-manager.io", "v1"))
    assert (each.state, each.version, each.namespace) == (PRESENT, "v1.18.2", "system")


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("registry.k8s.io:5000/metrics-server/metrics-server:v0.8.0", "v0.8.0"),
        ("registry.k8s.io/metrics-server/metrics-server:v0.8.0@sha256:00ff", "v0.8.0"),
        ("metrics-server@sha256:00ff", None),
    ],
)
def test_or_else_by_the_tag_of_its_image(image: str, version: str | None) -> None:
    each = of("metrics-server", deployments=[deployment(image)], groups=groups("metrics.k8s.io", "v1beta1"))
    assert (each.state, each.version) == (PRESENT, version)


def test_what_is_not_there_is_missing_with_what_it_is_for() -> None:
    each = of("cert-manager")
    assert (each.state, each.version) == (MISSING, None)
    assert "customers' own domains get no certificate" in each.advice


def test_kinds_without_a_program_that_may_be_read_are_there() -> None:
    each = of("cloudnative-pg", groups=groups("postgresql.cnpg.io", "v1"))
    assert (each.state, each.version) == (PRESENT, None)


def test_what_does_not_serve_the_kinds_that_we_write_is_too_old() -> None:
    each = of("cert-manager", groups=groups("cert-manager.io", "v1alpha2"))
    assert (each.state, each.advice) == (OLD, "Upgrade cert-manager to a version that serves cert-manager.io/v1.")


class TestWaysIn:
    def test_a_cluster_without_any_is_told_so(self) -> None:
        assert of("front-door").state is MISSING

    def test_the_gateway_api_tells_its_version_in_its_definition(self) -> None:
        bundle = {"metadata": {"annotations": {"gateway.networking.k8s.io/bundle-version": "v1.6.3"}}}
        seen = {"groups": {GATEWAYS: frozenset(["v1", "v1beta1"])}, "bundle": bundle}
        assert (of("gateway-api", **seen).state, of("gateway-api", **seen).version) == (PRESENT, "v1.6.3")
        assert found("front-door", **seen) is None

    def test_a_gateway_api_of_old_has_no_routes_for_us(self) -> None:
        each = of("gateway-api", groups={GATEWAYS: frozenset(["v1beta1"])})
        assert (each.state, "gateway.networking.k8s.io/v1" in each.advice) == (OLD, True)

    def test_an_ingress_controller_is_named_by_its_class(self) -> None:
        labels = {"app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/version": "1.13.0"}
        classes = [{"metadata": {"name": "nginx", "labels": labels}}]
        assert of("ingress-nginx", ingress_classes=classes).version == "1.13.0"
        runs = deployment("registry.k8s.io/ingress-nginx/controller:v1.13.1", name="ingress-nginx")
        each = of("ingress-nginx", ingress_classes=classes, deployments=[runs])
        assert (each.version, each.namespace) == ("v1.13.1", "system")

    def test_a_class_that_says_nothing_is_named_by_itself(self) -> None:
        assert of("traefik", ingress_classes=[{"metadata": {"name": "traefik"}}]).version is None


OPERATOR = {"part_of": "tenantry", "component": "operator", "version": "0.1.0"}


class TestManagers:
    def test_ours_is_told_with_who_keeps_it(self) -> None:
        annotations = {"meta.helm.sh/release-name": "acme"}
        runs = deployment("tenantry:0.1.0", annotations=annotations, **OPERATOR)
        each = of("tenantry-operator", deployments=[runs])
        assert (each.version, each.manager) == ("0.1.0", "Helm")

    def test_what_we_keep_is_ours_though_it_was_anothers(self) -> None:
        annotations = {"meta.helm.sh/release-name": "acme"}
        runs = deployment("tenantry:0.1.0", annotations=annotations, managed_by=managers.FIELD_MANAGER)
        assert managers.of(runs) == managers.OURS

    @pytest.mark.parametrize(
        ("mark", "manager"),
        [
            ("helm.toolkit.fluxcd.io/name", "Flux"),
            ("argocd.argoproj.io/tracking-id", "Argo CD"),
        ],
    )
    def test_delivery_by_git_is_known_by_its_marks(self, mark: str, manager: str) -> None:
        marks = {mark: "x", "meta.helm.sh/release-name": "acme"}
        assert managers.of({"metadata": {"annotations": marks}}) == manager

    def test_without_a_mark_it_is_whoever_wrote_it(self) -> None:
        fields = [{"manager": "kube-controller-manager", "subresource": "status"}, {"manager": "kubectl"}]
        assert managers.of({"metadata": {"managedFields": fields}}) == "kubectl"
        assert managers.of({"metadata": {}}) is None
