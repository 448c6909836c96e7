"""What an update that failed goes back to: the version that served, with the size and settings that it had. Pure.

It is kept in the status, since the document says only what is wanted now. Settings are kept as text: in a merge patch a
value that is null would mean that there is none.
"""

from typing import Any

import orjson

from tenantry.operator.controller import model
from tenantry.runtime import document


def noted(spec: document.InstallationSpec) -> dict[str, str | None]:
    """Return what is remembered of a document that is served now, beside its version."""
    settings = orjson.dumps(spec.settings, option=orjson.OPT_SORT_KEYS).decode() if spec.settings else None
    return {"served_size": spec.size, "served_settings": settings}


def effective(spec: document.InstallationSpec, memory: document.Memory, attempt: str) -> document.InstallationSpec:
    """Return what is to run: what the document says, or what ran before where that failed and went back.

    Args:
        spec: what the document says.
        memory: what is remembered.
        attempt: what is being brought about.
    """
    obstacle = model.standing(memory.obstacle, attempt)
    if obstacle is None or obstacle.returned_to is None:
        return spec
    changes: dict[str, Any] = {"version": obstacle.returned_to}
    # An operator of before did not note them, and what the document says is the best that is known.
    if memory.served_size is not None and memory.served_version == obstacle.returned_to:
        settings: dict[str, Any] = orjson.loads(memory.served_settings) if memory.served_settings else {}
        changes |= {"size": memory.served_size, "settings": settings}
    return spec.model_copy(update=changes)
