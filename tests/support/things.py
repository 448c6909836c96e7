"""Things as the provisioner answers them."""

from typing import Any

NOON = "2026-11-24T12:00:00Z"


def page(*items: dict[str, Any], next_cursor: str | None = None) -> dict[str, Any]:
    return {"items": list(items), "nextCursor": next_cursor}


def installation(name: str = "acme", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": f"ins-{name}",
        "name": name,
        "displayName": "Acme",
        "application": "notes",
        "version": "1.0",
        "servingVersion": None,
        "size": "small",
        "settings": {},
        "labels": {},
        "placement": {"matchLabels": {}},
        "target": "running",
        "status": "provisioning",
        "reason": "",
        "message": "",
        "conditions": [],
        "url": f"http://{name}.localhost",
        "cluster": None,
        "generation": 1,
        "observedGeneration": 0,
        "restarts": 0,
        "lastLogLines": [],
        "isLocked": False,
        "deleteAfter": None,
        "createdAt": NOON,
        "updatedAt": NOON,
        "etag": '"1"',
    }
    return made | more


def event(sequence: int, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "sequence": sequence,
        "type": "installation.changed",
        "subjectKind": "installation",
        "subjectId": "ins-acme",
        "at": NOON,
        "actor": "cli",
        "summary": f"Event {sequence}.",
        "data": {},
    }
    return made | more


def application(name: str = "notes", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": f"app-{name}",
        "name": name,
        "title": "Notes",
        "summary": "Notes for teams.",
        "status": "available",
        "versions": [{"version": "1.0", "phase": "Prepared"}, {"version": "1.1", "phase": "Preparing"}],
        "defaultVersion": "1.0",
        "sizes": [{"name": "small", "title": "Small"}],
        "settingsSchema": {},
        "generation": 1,
        "createdAt": NOON,
        "updatedAt": NOON,
    }
    return made | more


def cluster(name: str = "local", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": f"clu-{name}",
        "name": name,
        "kind": "local",
        "endpoint": "unix:///run/agent.sock",
        "status": "available",
        "reason": "",
        "message": "",
        "isCordoned": False,
        "maxInstallations": 200,
        "installations": 3,
        "facts": None,
        "labels": {},
        "capacity": {},
        "etag": '"1"',
        "createdAt": NOON,
    }
    return made | more


def operator(cluster: str = "eu-1", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "cluster": cluster,
        "keptBy": "tenantry",
        "image": "tenantry:1.1.0",
        "version": "1.1.0",
        "follows": True,
        "facts": {},
        "takesOver": False,
        "status": "upgrading",
        "reason": "WaitsForOperator",
        "message": "1 of 2 pods are of this version; 2 are available.",
        "since": NOON,
        "servingVersion": "1.0.0",
    }
    return made | more


def operator_preview(*changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "cluster": "eu-1",
        "image": "tenantry:1.1.0",
        "version": "1.1.0",
        "message": "",
        "changes": list(changes),
    }
    return made | more


def token(name: str = "ci", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": f"tok-{name}",
        "name": name,
        "scopes": ["events:read"],
        "createdAt": NOON,
        "expiresAt": None,
        "revokedAt": None,
        "lastUsedAt": None,
    }
    return made | more
