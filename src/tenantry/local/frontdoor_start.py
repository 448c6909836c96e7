"""Becomes Caddy: `PYTHON -I -S frontdoor_start.py CADDY CONFIG AUTOSAVE`.

Caddy saves its configuration at each change and can resume from it, which keeps the routes of workspaces through a
crash. It does not save in one step, though: killed in the middle it would never start again. So what was saved is read
first, and left aside where it is not whole. The standard library only.
"""

import json
import os
import sys
from pathlib import Path


def main(arguments: list[str]) -> None:
    """Choose what to begin with and become Caddy."""
    _, caddy, configuration, autosave = arguments
    resume = ["--resume"] if is_whole(Path(autosave)) else []
    command = [caddy, "run", "--config", configuration, *resume]
    os.execv(caddy, command)  # noqa: S606 - it becomes Caddy


def is_whole(autosave: Path) -> bool:
    """Tell whether there is a saved configuration that can be read."""
    try:
        return "apps" in json.loads(autosave.read_bytes())
    except (OSError, ValueError):
        return False


if __name__ == "__main__":
    main(sys.argv)
