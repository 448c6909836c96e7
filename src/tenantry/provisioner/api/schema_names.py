"""Names of schemas in the description: those of the glossary, whatever modules their models are in."""

import json
import re
from collections.abc import Iterator
from operator import itemgetter
from typing import Any

Json = dict[str, Any]

_PUBLIC = {
    "Application-Input": "ApplicationManifest",
    "Application-Output": "Application",
    "ApplicationStatus": "ApplicationManifestStatus",
    "Size-Input": "ManifestSize",
    "Size-Output": "Size",
    "Status-Input": "InstallationStatus",
    "Version-Input": "ManifestVersion",
    "Version-Output": "Version",
    "tenantry__wire__applications__Status": "ApplicationStatus",
    "tenantry__wire__infrastructure__Status": "InfrastructureStatus",
    "tenantry__wire__installations__Status": "InstallationStatus",
    "tenantry__wire__operators__Status": "OperatorStatus",
}
"""Where two models have one name, a generator appends what only it understands."""

_REFERENCE = re.compile(r'"#/components/schemas/([^"]+)"')


def renamed(whole: Json) -> Json:
    """Return a description whose schemas have their public names, in order."""
    text = _REFERENCE.sub(lambda found: f'"#/components/schemas/{public(found[1])}"', json.dumps(whole))
    described: Json = json.loads(text)
    components = described["components"]
    components["schemas"] = dict(sorted(_named(components["schemas"]), key=itemgetter(0)))
    return described


def _named(schemas: Json) -> Iterator[tuple[str, Json]]:
    for name, each in schemas.items():
        yield public(name), {**each, "title": public(name)}


def public(name: str) -> str:
    """Return the name under which a schema is described."""
    plain = name.strip("_")
    return _PUBLIC.get(name, "PageOf" + plain.removeprefix("Page_") if plain.startswith("Page_") else plain)


def sendable(schema: Json) -> Json:
    """Return the schema of a parameter without null, which no address and no header can hold."""
    if "anyOf" not in schema:
        return schema
    rest = [each for each in schema["anyOf"] if each != {"type": "null"}]
    others = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**rest[0], **others} if len(rest) == 1 else {"anyOf": rest, **others}
