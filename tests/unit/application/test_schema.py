"""The published schema is that of the models, and the examples satisfy it."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from tenantry.application import schema

ROOT = Path(__file__).parents[3]
PUBLISHED = ROOT / "docs/reference/manifest.schema.json"


def test_the_published_schema_has_not_drifted() -> None:
    assert PUBLISHED.read_text() == schema.text(), (
        f"python -m tenantry.application.schema {PUBLISHED.relative_to(ROOT)}"
    )


@pytest.mark.parametrize("name", ["synapse", "ihatemoney"])
def test_the_examples_satisfy_it(name: str) -> None:
    document = yaml.safe_load((ROOT / "examples/applications" / name / "application.yaml").read_text())
    jsonschema.validate(document, json.loads(PUBLISHED.read_text()), cls=jsonschema.Draft202012Validator)
