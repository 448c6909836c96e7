"""Two products for the twin, with every kind of setting that a form knows."""

from datetime import datetime
from typing import Any

from tenantry.application import manifest
from tenantry.wire import applications

_CHAT = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#5b6b8c" stroke-width="2">'
    '<path d="M4 5h16v11H9l-5 4z" stroke-linejoin="round"/></svg>'
)

_SETTINGS: dict[str, Any] = {
    "type": "object",
    "properties": {
        "title": {
            "type": "string",
            "title": "Title",
            "description": "What people see at the top.",
            "default": "Team",
            "minLength": 2,
        },
        "openRegistration": {
            "type": "boolean",
            "title": "Anybody may register",
            "description": "Otherwise only administrators add people.",
            "default": False,
        },
        "uploadLimit": {
            "type": "integer",
            "title": "Largest file, in megabytes",
            "default": 50,
            "minimum": 1,
            "maximum": 500,
        },
        "language": {"enum": ["english", "french", "german"], "title": "Language", "default": "english"},
    },
}


def sold(now: datetime) -> list[applications.Application]:
    """Return what the twin sells."""
    chat = _application(now, "chat", "Chat", "Rooms, calls and files for your team, on a server of your own.", _CHAT)
    budgets = _application(
        now, "budgets", "Shared budgets", "Who paid what, and who owes whom: for flats, trips and clubs.", None
    )
    return [chat, budgets]


def _application(now: datetime, name: str, title: str, summary: str, icon: str | None) -> applications.Application:
    prepared = applications.Version(version="2.4.1", phase=manifest.VersionPhase.PREPARED)
    return applications.Application(
        id=f"app-{name}",
        name=name,
        title=title,
        summary=summary,
        icon=icon,
        status=applications.Status.AVAILABLE,
        versions=[prepared],
        default_version="2.4.1",
        sizes=[
            applications.Size(name="small", title="Small: up to 10 people"),
            applications.Size(name="medium", title="Medium: up to 50 people"),
        ],
        settings_schema=_SETTINGS,
        generation=1,
        created_at=now,
        updated_at=now,
    )
