"""The published JSON Schema of a manifest, by which editors complete and check it.

`python -m tenantry.application.schema docs/reference/manifest.schema.json` writes it; a test finds drift.
"""

import json
import sys
from pathlib import Path
from typing import Any

from tenantry.application import manifest


def schema() -> dict[str, Any]:
    """Return the schema of what a vendor writes; `status` is not part of it."""
    made = manifest.Application.model_json_schema(by_alias=True)
    del made["properties"]["status"]
    for name in ("ApplicationStatus", "VersionStatus", "VersionPhase"):
        made["$defs"].pop(name, None)
    made["required"] = ["apiVersion", "kind", *made["required"]]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def text() -> str:
    """Return the schema as it is published."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text(), encoding="utf-8")
