"""Caddy as a program of the stack."""

import json
import sys
from pathlib import Path

from tenantry.local import atomic, executable, frontdoor_configuration, frontdoor_start, program

NAME = "frontdoor"


def prepare(folder: Path, settings: frontdoor_configuration.FrontdoorSettings) -> None:
    """Write the configuration and forget what an earlier stack had saved."""
    for name in ("config/caddy", "data"):
        (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    _autosave(folder).unlink(missing_ok=True)
    atomic.write(_configuration(folder), json.dumps(frontdoor_configuration.build(settings)).encode())


def spec(folder: Path, log_file: Path) -> program.ProgramSpec:
    """Return Caddy as a program."""
    start = Path(frontdoor_start.__file__)
    command = [sys.executable, "-I", "-S", start, executable.find("caddy"), _configuration(folder), _autosave(folder)]
    return program.ProgramSpec(
        name=NAME,
        command=[str(part) for part in command],
        environment={
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_DATA_HOME": str(folder / "data"),
        },
        directory=folder,
        log_file=log_file,
        open_files=65536,
        start_time=executable.START_TIME,
    )


def _configuration(folder: Path) -> Path:
    return folder / "caddy.json"


def _autosave(folder: Path) -> Path:
    return folder / "config" / "caddy" / "autosave.json"
