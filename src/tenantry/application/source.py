"""Reads an application from a manifest file: everything that is wrong is reported at once, with file, line and key."""

from pathlib import Path
from typing import Any, cast

from tenantry.application import findings as found
from tenantry.application import manifest, rules, shape, yaml_source

_Mapping = dict[str, Any]


def read(path: Path) -> manifest.Application:
    """Read a manifest, take the lock files it names into it, and check it.

    Raises:
        found.ManifestError: it cannot be read or breaks a rule.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        finding = found.Finding(path=(), message=f"The file cannot be read: {error}.", file=str(path))
        raise found.ManifestError([finding]) from error
    return parse(text, file=str(path), folder=path.parent)


def parse(text: str, *, file: str = "application.yaml", folder: Path | None = None) -> manifest.Application:
    """Read a manifest from its text.

    Args:
        text: the YAML.
        file: the name that findings carry.
        folder: where lock files are looked for; without it a manifest may name none.

    Raises:
        found.ManifestError: it cannot be read or breaks a rule.
    """
    source = yaml_source.parse(text, file)
    try:
        _take_locks_in(source.data, folder)
        application = shape.read(source.data)
        rules.check(application)
    except found.ManifestError as error:
        located = sorted((source.located(each) for each in error.findings), key=lambda each: each.line or 0)
        raise found.ManifestError(located) from error
    return application


def _take_locks_in(data: object, folder: Path | None) -> None:
    """Put the text of each lock file in the place of its name."""
    problems: list[found.Finding] = []
    for index, version in enumerate(_versions(data)):
        pip = _mapping(_mapping(version.get("package")).get("pip"))
        name = pip.get("lockFile")
        if not isinstance(name, str):
            continue
        path = ("spec", "versions", index, "package", "pip", "lockFile")
        if pip.get("lock") is not None:
            problems.append(found.Finding(path=path, message="Only one of “lock” and “lockFile” can be set."))
            continue
        text = _text(folder, name)
        if text is None:
            where = f"in {folder}" if folder else "without a folder"
            problems.append(found.Finding(path=path, message=f"There is no readable file “{name}” {where}."))
            continue
        del pip["lockFile"]
        pip["lock"] = text
    if problems:
        raise found.ManifestError(problems)


def _text(folder: Path | None, name: str) -> str | None:
    if folder is None:
        return None
    try:
        return (folder / name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _versions(data: object) -> list[_Mapping]:
    versions = _mapping(_mapping(data).get("spec")).get("versions")
    return [_mapping(each) for each in cast("list[object]", versions)] if isinstance(versions, list) else []


def _mapping(value: object) -> _Mapping:
    return cast("_Mapping", value) if isinstance(value, dict) else {}
