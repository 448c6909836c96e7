"""What is written down about a change: one event for those who follow, one audit entry for those who ask later."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class SubjectKind(StrEnum):
    """What an event is about."""

    APPLICATION = "application"
    CLUSTER = "cluster"
    DATABASE_SERVER = "database-server"
    OBJECT_STORE = "object-store"
    INSTALLATION = "installation"
    TOKEN = "token"  # noqa: S105 - a kind of thing


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event that is about to be written."""

    type: str
    subject_kind: SubjectKind
    subject_id: str
    at: datetime
    actor: str
    summary: str
    data: dict[str, Any] = field(default_factory=dict[str, Any])
