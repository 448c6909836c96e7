"""What kwok makes of pretended nodes, pods and volume claims: its own stages, and the fates that tests ask for.

A pod is well at once, unless the name of one of its images says otherwise: `missing-image`, `crashing`, `never-ready`,
and `failing` for the pod of a job. So a test breaks a version by giving it another image.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

FATES = Path(__file__).resolve().parent / "fates"
STORAGE_CLASS = "storage-class.yaml"
"""The one file among kwok's stages that is an object of the cluster."""
READY = "pod-ready"
"""The stage of kwok that makes pods well."""

Document = dict[str, Any]


def combined(kwoks: Path) -> str:
    """Return all stages as one file of several documents.

    Args:
        kwoks: folder of kwok's own stages.
    """
    fates = list(_read(FATES))
    names = [each["metadata"]["name"].removeprefix("fate-") for each in fates]
    return yaml.safe_dump_all([*(without(each, names) for each in _read(kwoks)), *fates], sort_keys=False)


def without(stage: Document, fates: Iterable[str]) -> Document:
    """Return a stage that leaves alone pods that have a fate; only the one that makes pods well is changed."""
    if stage["metadata"]["name"] != READY:
        return stage
    key = f'.spec.containers.[].image | select( test("{"|".join(sorted(fates))}") )'
    selector = stage["spec"]["selector"]
    spared = [*selector["matchExpressions"], {"key": key, "operator": "DoesNotExist"}]
    return {**stage, "spec": {**stage["spec"], "selector": {**selector, "matchExpressions": spared}}}


def storage_class(kwoks: Path) -> Document:
    """Return the storage class whose volumes kwok pretends."""
    return yaml.safe_load((kwoks / STORAGE_CLASS).read_text())


def _read(folder: Path) -> Iterable[Document]:
    for file in sorted(folder.glob("*.yaml")):
        if file.name != STORAGE_CLASS:
            yield from yaml.safe_load_all(file.read_text())
