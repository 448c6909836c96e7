"""Which add-ons a cluster has, in which version, and what it lacks that installations may want. Pure.

An add-on is there where its kinds are served or its program runs. It is too old where it does not serve the version of
a kind that the operator writes: that is asked of kinds and not of version numbers, which are its own affair.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tenantry.kubernetes import kinds, parts
from tenantry.provisioner.adapters.kubernetes import managers
from tenantry.runtime.document import AddOn, AddOnState

OPERATOR = "tenantry-operator"
COMPONENT = {"app.kubernetes.io/part-of": "tenantry", "app.kubernetes.io/component": "operator"}
"""Labels of our operator, whatever its release is called."""
BUNDLE = "gateways.gateway.networking.k8s.io"
"""The definition whose annotation tells the version of the Gateway API."""

_NAME, _VERSION = "app.kubernetes.io/name", "app.kubernetes.io/version"
_BUNDLE_VERSION = "gateway.networking.k8s.io/bundle-version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of a cluster.

    Attributes:
        groups: the groups of kinds, each with its versions.
        deployments: those that are of no installation.
        ingress_classes: all of them.
        bundle: the definition that tells the version of the Gateway API.
    """

    groups: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    deployments: Sequence[kinds.Object] = ()
    ingress_classes: Sequence[kinds.Object] = ()
    bundle: kinds.Object | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """An add-on that is known.

    Attributes:
        group: of its kinds.
        version: of its kinds, as the operator or others use them.
        images: the last part of its program's image, whichever release it is of.
        use: what is lacking without it.
    """

    name: str
    group: str
    version: str
    images: frozenset[str]
    use: str


_KNOWN = (
    _Known(
        name="cert-manager",
        group=kinds.CERTIFICATE.group,
        version=kinds.CERTIFICATE.version,
        images=frozenset({"cert-manager-controller"}),
        use="customers' own domains get no certificate",
    ),
    _Known(
        name="prometheus-operator",
        group=kinds.SERVICE_MONITOR.group,
        version=kinds.SERVICE_MONITOR.version,
        images=frozenset({"prometheus-operator"}),
        use="installations' metrics are read by nobody who looks for monitors",
    ),
    _Known(
        name="metrics-server",
        group="metrics.k8s.io",
        version="v1beta1",
        images=frozenset({"metrics-server"}),
        use="workloads that scale by use keep the least number of replicas",
    ),
    _Known(
        name="cloudnative-pg",
        group="postgresql.cnpg.io",
        version="v1",
        images=frozenset({"cloudnative-pg"}),
        use="databases are only those of registered servers",
    ),
)
_NO_WAY_IN = (
    "Nobody from outside reaches installations: install an Ingress controller or a Gateway, and name it in the "
    "operator's facts (`front_door`)."
)


def collect(seen: Seen) -> list[AddOn]:
    """Return the add-ons: our operator, the ways in, and then those that are of use, there or not."""
    ways_in = [*_gateways(seen), *_ingresses(seen)]
    missing = AddOn(name="front-door", state=AddOnState.MISSING, advice=_NO_WAY_IN)
    return [*_operators(seen), *(ways_in or [missing]), *(_judged(each, seen) for each in _KNOWN)]


def is_operator(deployment: kinds.Object) -> bool:
    """Tell whether a Deployment is one of our operator's."""
    return COMPONENT.items() <= _labels(deployment).items()


def version(deployment: kinds.Object) -> str | None:
    """Return the version of what a Deployment runs: by its label, else by its image's tag."""
    if told := _labels(deployment).get(_VERSION):
        return told
    return next((tag for _, tag in _images(deployment) if tag), None)


def _operators(seen: Seen) -> Iterator[AddOn]:
    for each in filter(is_operator, seen.deployments):
        yield _running(OPERATOR, each)


def _gateways(seen: Seen) -> Iterator[AddOn]:
    served = seen.groups.get(kinds.HTTP_ROUTE.group)
    if served is None:
        return
    annotations: Mapping[str, str] = parts.mapping(seen.bundle or {}, "metadata", "annotations")
    found = AddOn(name="gateway-api", version=annotations.get(_BUNDLE_VERSION))
    yield found if kinds.HTTP_ROUTE.version in served else _old(found, kinds.HTTP_ROUTE.api_version)


def _ingresses(seen: Seen) -> Iterator[AddOn]:
    """Yield a way in for each class; who serves it is named by the class, and told by its labels where they are."""
    for each in seen.ingress_classes:
        labels = _labels(each)
        name = labels.get(_NAME) or each["metadata"]["name"]
        runs = next((one for one in seen.deployments if _labels(one).get(_NAME) == name), None)
        if runs is not None:
            yield _running(name, runs)
            continue
        yield AddOn(name=name, version=labels.get(_VERSION), manager=managers.of(each))


def _judged(known: _Known, seen: Seen) -> AddOn:
    runs = next((each for each in seen.deployments if _is_of(known, each)), None)
    served = seen.groups.get(known.group)
    if runs is None and served is None:
        advice = f"Install {known.name} where you want it; without it, {known.use}."
        return AddOn(name=known.name, state=AddOnState.MISSING, advice=advice)
    found = AddOn(name=known.name) if runs is None else _running(known.name, runs)
    if served is not None and known.version not in served:
        return _old(found, f"{known.group}/{known.version}")
    return found


def _old(found: AddOn, wanted: str) -> AddOn:
    advice = f"Upgrade {found.name} to a version that serves {wanted}."
    return found.model_copy(update={"state": AddOnState.OLD, "advice": advice})


def _running(name: str, deployment: kinds.Object) -> AddOn:
    return AddOn(
        name=name,
        version=version(deployment),
        namespace=deployment["metadata"]["namespace"],
        manager=managers.of(deployment),
    )


def _is_of(known: _Known, deployment: kinds.Object) -> bool:
    """Tell whether a Deployment runs an add-on; its helpers bear the same name and have images of their own."""
    return any(image in known.images for image, _ in _images(deployment))


def _images(deployment: kinds.Object) -> Iterable[tuple[str, str]]:
    """Yield the last part of each image and its tag."""
    for container in parts.listed(deployment, "spec", "template", "spec", "containers"):
        name, _, _ = str(container.get("image") or "").rpartition("/")[2].partition("@")
        image, _, tag = name.partition(":")
        yield image, tag


def _labels(item: kinds.Object) -> Mapping[str, str]:
    return parts.mapping(item, "metadata", "labels")
