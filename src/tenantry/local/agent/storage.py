"""What the agent keeps on disk: documents, secrets apart from them, and its memory of each installation.

Every file is there whole or not at all. A document names the file of its secrets, so the two change in one step.
"""

import contextlib
import hashlib
import json
import shutil
from pathlib import Path

from tenantry.application import manifest
from tenantry.local import atomic
from tenantry.local.agent import record
from tenantry.runtime import document

_DOCUMENT = "document.json"
_MEMORY = "memory.json"


class Storage:
    """The agent's folder. Its methods block; they are called from threads."""

    def __init__(self, folder: Path) -> None:
        """Take the folder and make what is missing in it."""
        self._installations = folder / "installations"
        self._applications = folder / "applications"
        for each in (self._installations, self._applications):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)

    def load_installations(self) -> dict[str, tuple[document.InstallationBundle, record.Record]]:
        """Return every installation with its memory; finishes removals that were cut off."""
        found: dict[str, tuple[document.InstallationBundle, record.Record]] = {}
        for folder in sorted(self._installations.iterdir()):
            if folder.name.startswith(".") or not (folder / _DOCUMENT).exists():
                shutil.rmtree(folder, ignore_errors=True)
                continue
            found[folder.name] = (self._load_bundle(folder), self._load_memory(folder))
        return found

    def save_bundle(self, bundle: document.InstallationBundle) -> None:
        """Keep a document and its secrets."""
        folder = self._installations / bundle.installation.metadata.name
        folder.mkdir(mode=0o700, exist_ok=True)
        secrets = json.dumps([each.model_dump(mode="json") for each in bundle.secrets]).encode()
        secrets_file = f"secrets-{hashlib.sha256(secrets).hexdigest()[:16]}.json"
        if not (folder / secrets_file).exists():
            atomic.write(folder / secrets_file, secrets)
        kept = {"secrets": secrets_file, "installation": bundle.installation.model_dump(mode="json")}
        atomic.write(folder / _DOCUMENT, json.dumps(kept).encode())
        for old in folder.glob("secrets-*.json"):
            if old.name != secrets_file:
                old.unlink(missing_ok=True)

    def save_memory(self, name: str, memory: record.Record) -> None:
        """Keep what is remembered of an installation."""
        atomic.write(self._installations / name / _MEMORY, memory.model_dump_json().encode())

    def forget(self, name: str) -> None:
        """Remove all that is kept of an installation, in one step."""
        trash = self._installations / f".{name}"
        shutil.rmtree(trash, ignore_errors=True)
        with contextlib.suppress(FileNotFoundError):
            (self._installations / name).rename(trash)
        shutil.rmtree(trash, ignore_errors=True)

    def load_applications(self) -> dict[str, manifest.Application]:
        """Return every application."""
        files = sorted(self._applications.glob("*.json"))
        return {file.stem: manifest.Application.model_validate_json(file.read_bytes()) for file in files}

    def save_application(self, application: manifest.Application) -> None:
        """Keep an application."""
        file = self._applications / f"{application.metadata.name}.json"
        atomic.write(file, application.model_dump_json().encode())

    def _load_bundle(self, folder: Path) -> document.InstallationBundle:
        kept = json.loads((folder / _DOCUMENT).read_bytes())
        secrets = json.loads((folder / kept["secrets"]).read_bytes())
        return document.InstallationBundle.model_validate({"installation": kept["installation"], "secrets": secrets})

    def _load_memory(self, folder: Path) -> record.Record:
        file = folder / _MEMORY
        return record.Record.model_validate_json(file.read_bytes()) if file.exists() else record.Record()
