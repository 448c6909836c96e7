"""Whoever runs tests on a fresh machine gets what they would be skipped without."""

import re
from pathlib import Path

TEXT = (Path(__file__).resolve().parents[3] / "Makefile").read_text()


def said(target: str) -> str:
    """Return a target's line and its recipe."""
    [found] = re.findall(rf"^{target}:.*\n(?:\t.*\n)+", TEXT, re.MULTILINE)
    return found


def test_a_real_kubernetes_is_tested_with_a_database_server_and_the_portals_pages() -> None:
    recipe = said("test-kubernetes")
    [parts] = re.findall(r"tools/system_parts\.py ([a-z ]+)", recipe)
    assert set(parts.split()) == {"node", "postgresql"}
    assert "$(STAMPS)/node" in recipe
    assert recipe.index("tools/assets.py") < recipe.index("$(PYTEST)")
