"""The definitions of our custom resources, made from the same models as the manifest and the Installation document."""

import json
from collections.abc import Mapping
from typing import Any

import yaml

from tenantry.application import manifest
from tenantry.kubernetes import kinds
from tenantry.operator.resources import structural
from tenantry.runtime import document

Object = kinds.Object

_HEAD = "# Generated from the models by `python -m tenantry.operator.resources deploy/crds`; change them there.\n"
_AGE = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}


def application() -> Object:
    """Return the definition of `Application`."""
    return _definition(
        kinds.APPLICATION,
        manifest.Application.model_json_schema(by_alias=True, mode="validation"),
        short_names=["tapp"],
        categories=["tenantry"],
        columns=[
            _column("Title", ".spec.title", "Its name for people."),
            _column("Default", ".spec.defaultVersion", "The version that a new installation gets; none: the last."),
            _AGE,
        ],
    )


def installation() -> Object:
    """Return the definition of `Installation`."""
    ready = '.status.conditions[?(@.type=="Ready")]'
    return _definition(
        kinds.INSTALLATION,
        document.Installation.model_json_schema(by_alias=True, mode="validation"),
        short_names=["ins"],
        categories=["all", "tenantry"],
        columns=[
            _column("Phase", ".status.phase", "One word for where it is."),
            _column("Version", ".spec.version", "The version that is wanted."),
            _column("Size", ".spec.size", "What it is given."),
            _column("URL", ".spec.url", "The address a browser uses."),
            _AGE,
            _column("Application", ".spec.application", "What runs.", priority=1),
            _column("Serving", ".status.servingVersion", "The version that answers now.", priority=1),
            _column("Reason", f"{ready}.reason", "Why it is as it is.", priority=1),
            _column("Message", f"{ready}.message", "The same, for a person.", priority=1),
        ],
    )


def files() -> dict[str, str]:
    """Return the name and the text of each definition's file."""
    return {f"{made['metadata']['name']}.yaml": text(made) for made in (application(), installation())}


def text(definition: Object) -> str:
    """Return a definition as YAML."""
    plain = json.loads(json.dumps(definition))  # a part that is there twice is written twice
    return _HEAD + yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=120)


def _definition(
    kind: kinds.Kind,
    schema: Mapping[str, Any],
    *,
    short_names: list[str],
    categories: list[str],
    columns: list[dict[str, Any]],
) -> Object:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{kind.plural}.{kind.group}",
            "labels": {"app.kubernetes.io/name": "tenantry", "app.kubernetes.io/component": "operator"},
        },
        "spec": {
            "group": kind.group,
            "scope": "Namespaced" if kind.is_namespaced else "Cluster",
            "names": {
                "kind": kind.kind,
                "listKind": f"{kind.kind}List",
                "plural": kind.plural,
                "singular": kind.kind.lower(),
                "shortNames": short_names,
                "categories": categories,
            },
            "versions": [
                {
                    "name": kind.version,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": _schema(kind, schema)},
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": columns,
                }
            ],
        },
    }


def _schema(kind: kinds.Kind, schema: Mapping[str, Any]) -> structural.Schema:
    """Return the schema of a whole object; what every object has is described by Kubernetes."""
    made = structural.convert(schema, name=kind.kind)
    properties = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
        "spec": made["properties"]["spec"],
        "status": _without_defaults(made["properties"]["status"]),
    }
    return {**made, "properties": properties, "required": ["spec"]}


def _without_defaults(schema: structural.Schema) -> structural.Schema:
    """Return what is reported: nothing is so unless somebody says so."""
    made = {key: value for key, value in schema.items() if key != "default"}
    if "properties" in made:
        made["properties"] = {key: _without_defaults(value) for key, value in made["properties"].items()}
    for key in ("items", "additionalProperties"):
        if key in made:
            made[key] = _without_defaults(made[key])
    return made


def _column(name: str, path: str, description: str, *, priority: int = 0) -> dict[str, Any]:
    return {"name": name, "type": "string", "jsonPath": path, "description": description, "priority": priority}
