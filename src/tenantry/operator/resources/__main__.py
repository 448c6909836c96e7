"""Writes the definitions of the custom resources: `python -m tenantry.operator.resources DIRECTORY`."""

import sys
from pathlib import Path

from tenantry.operator.resources import definitions


def write(folder: Path) -> None:
    """Write a file for each definition into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in definitions.files().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
