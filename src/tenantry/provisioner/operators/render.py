"""The objects of a release of the operator: those that its chart renders, with what differs from cluster to cluster.

Pure but for one file of the wheel, which is read once. `make charts` writes it from the chart.
"""

import copy
import functools
import hashlib
import json
from collections.abc import Sequence
from importlib import resources
from typing import Any, cast

import orjson

from tenantry.provisioner.operators import model

NAME, HOME = "tenantry-operator", "tenantry-system"
"""Of the operator's Deployment, and of its namespace: those of the chart's release in our documents."""
DIGEST = "tenantry.dev/operator-digest"
"""Annotation of the Deployment and of its pods: which bundle they are of."""
KEEPER = {"app.kubernetes.io/managed-by": "tenantry-provisioner"}

_VERSION = "app.kubernetes.io/version"
_FILE = "carried.json"
_DIGITS = 20


def render(release: model.Release) -> model.Bundle:
    """Return the bundle of a release."""
    made = [_labelled(each, release) for each in carried()]
    named = {each["kind"]: each for each in made}
    named["ConfigMap"]["data"] = {"facts.yaml": json.dumps(dict(release.facts), ensure_ascii=False, sort_keys=True)}
    deployment = named["Deployment"]
    deployment["spec"]["template"]["spec"]["containers"][0]["image"] = release.image
    digest = _digest(made)
    for metadata in (deployment["metadata"], deployment["spec"]["template"]["metadata"]):
        metadata["annotations"] = {DIGEST: digest}
    form = _digest(carried())
    return model.Bundle(
        image=release.image,
        version=release.version,
        digest=digest,
        release=f"{release.image} {form}",
        objects=made,
    )


@functools.cache
def carried() -> Sequence[model.Object]:
    """Return the objects as the wheel has them, without what `render` adds."""
    text = resources.files("tenantry.provisioner.operators").joinpath(_FILE).read_bytes()
    return cast("list[model.Object]", orjson.loads(text)["objects"])


def kept(bundle: model.Bundle) -> model.Bundle:
    """Return what of a bundle is remembered, to be brought back.

    Definitions are not: they only grow, and taking them back would take fields from what customers have.
    """
    objects = [each for each in bundle.objects if each["kind"] != "CustomResourceDefinition"]
    return model.Bundle(
        image=bundle.image, version=bundle.version, digest=bundle.digest, release=bundle.release, objects=objects
    )


def left_over(former: model.Bundle | None, wanted: model.Bundle) -> Sequence[model.Object]:
    """Return the objects of a former bundle that the wanted one has no more, the last applied first."""
    if former is None:
        return []
    stays = {_place(each) for each in wanted.objects}
    return [each for each in reversed(former.objects) if _place(each) not in stays]


def _labelled(given: model.Object, release: model.Release) -> model.Object:
    made = copy.deepcopy(given)
    about: dict[str, Any] = made["metadata"]
    if made["kind"] == "CustomResourceDefinition":
        return made
    about["labels"] = {**about.get("labels", {}), **KEEPER, _VERSION: release.version}
    if made["kind"] == "Deployment":
        within: dict[str, Any] = made["spec"]["template"]["metadata"]
        within["labels"] = {**within["labels"], **KEEPER, _VERSION: release.version}
    return made


def _place(item: model.Object) -> tuple[str, str, str]:
    about: dict[str, Any] = item["metadata"]
    return item["kind"], about.get("namespace") or "", about["name"]


def _digest(objects: Sequence[model.Object]) -> str:
    return hashlib.sha256(orjson.dumps(objects, option=orjson.OPT_SORT_KEYS)).hexdigest()[:_DIGITS]
