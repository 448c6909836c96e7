"""What a client may ask of the API server: one table, which the client keeps to and from which the role is written.

A call that the table does not name fails here, in every test, and not for the first time in a customer's cluster.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tenantry.kernel import errors
from tenantry.kubernetes import kinds


class Verb(StrEnum):
    """What can be done with objects, as roles name it."""

    GET = "get"
    LIST = "list"
    WATCH = "watch"
    CREATE = "create"
    PATCH = "patch"
    UPDATE = "update"
    DELETE = "delete"
    BIND = "bind"
    """Give a role to others whose rights one need not have oneself."""
    ESCALATE = "escalate"
    """Write a role whose rights one need not have oneself."""


class RightMissingError(errors.PermanentError):
    """The table of rights does not name this call."""

    code = "right-missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """What may be done with one kind of object.

    Attributes:
        subresource: such as `status`; empty for the object itself.
        names: of the only objects that it is about; empty for all of them.
    """

    kind: kinds.Kind
    verbs: frozenset[Verb]
    subresource: str = ""
    names: tuple[str, ...] = ()

    @property
    def resource(self) -> str:
        """Return how a role names it."""
        return f"{self.kind.plural}/{self.subresource}" if self.subresource else self.kind.plural


class Rights:
    """A table of rights."""

    def __init__(self, rights: Iterable[Right]) -> None:
        """Take the table's lines."""
        self._verbs: dict[tuple[str, str], frozenset[Verb]] = {}
        for right in rights:
            place = right.kind.group, right.resource
            self._verbs[place] = self._verbs.get(place, frozenset()) | right.verbs

    def check(self, verb: Verb, kind: kinds.Kind, subresource: str = "") -> None:
        """Refuse a call that the table does not name.

        Raises:
            RightMissingError: it does not.
        """
        resource = f"{kind.plural}/{subresource}" if subresource else kind.plural
        if verb not in self._verbs.get((kind.group, resource), frozenset()):
            raise RightMissingError(f"The table of rights does not allow to {verb} {resource} of “{kind.group}”.")


def rules(allowed: Iterable[Right]) -> list[dict[str, Any]]:
    """Return the rules of a role that allows exactly this; what may be used in the same way is in one rule."""
    together: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[str]] = defaultdict(list)
    for each in allowed:
        together[each.kind.group, tuple(sorted(each.verbs)), each.names].append(each.resource)
    return [
        {
            "apiGroups": [group],
            "resources": sorted(resources),
            **({"resourceNames": list(names)} if names else {}),
            "verbs": [str(verb) for verb in verbs],
        }
        for (group, verbs, names), resources in sorted(together.items())
    ]
