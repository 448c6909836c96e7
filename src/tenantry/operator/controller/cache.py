"""What is known of the objects of one kind, kept small and indexed by owner. Pure.

It hears of an object twice, from the answer to a change of our own and from the watch, in any order. Versions decide:
what is older than what is known changes nothing, and what was heard of after the watch had passed it is not believed.
"""

from collections.abc import Collection, Iterable
from typing import Generic, Protocol, TypeVar

from tenantry.operator.controller import keys


class Kept(Protocol):
    """What is kept of an object; two that are equal differ in nothing that matters."""

    @property
    def key(self) -> keys.Key:
        """Its namespace and name."""
        ...

    @property
    def owner(self) -> keys.Key | None:
        """The installation that it belongs to."""
        ...

    @property
    def version(self) -> int:
        """The resource version; not compared."""
        ...


T = TypeVar("T", bound=Kept)


class Cache(Generic[T]):
    """The objects of one kind, as far as they are known."""

    def __init__(self) -> None:
        """Start empty."""
        self._objects: dict[keys.Key, T] = {}
        self._owned: dict[keys.Key, dict[keys.Key, T]] = {}
        self._position = 0

    def __len__(self) -> int:
        """Return how many objects there are."""
        return len(self._objects)

    @property
    def position(self) -> int:
        """The version up to which the watch has told everything."""
        return self._position

    def get(self, key: keys.Key) -> T | None:
        """Return an object, None where there is none."""
        return self._objects.get(key)

    def owned(self, owner: keys.Key) -> Collection[T]:
        """Return the objects of an owner."""
        return self._owned.get(owner, {}).values()

    def all(self) -> Collection[T]:
        """Return every object."""
        return self._objects.values()

    def passed(self, version: int) -> None:
        """The watch has told everything up to here."""
        self._position = max(self._position, version)

    def heard(self, item: T) -> bool:
        """The watch, or a list, told of an object; tells whether anything that matters is new."""
        self.passed(item.version)
        return self._put(item)

    def answered(self, item: T) -> None:
        """The API server answered a change of our own with this object."""
        if item.version > self._position:
            self._put(item)

    def replaced(self, item: T) -> None:
        """Something is known of an object before anybody tells it, such as that it is going."""
        if item.key in self._objects:
            self._put(item)

    def ended(self, key: keys.Key, version: int) -> T | None:
        """The watch told that an object is gone; return what it was, None where it was not known or is newer."""
        self.passed(version)
        known = self._objects.get(key)
        if known is None or known.version > version:
            return None
        return self._remove(known)

    def listed(self, present: set[keys.Key], version: int) -> list[T]:
        """A list is complete: remove and return what is not on it, unless it came to be afterwards.

        Args:
            present: the keys of the list.
            version: the moment that the list shows.
        """
        self.passed(version)
        gone = [item for key, item in self._objects.items() if key not in present and item.version <= version]
        return [self._remove(item) for item in gone]

    def _put(self, item: T) -> bool:
        known = self._objects.get(item.key)
        if known is not None and known.version > item.version:
            return False
        if known is not None and known.owner != item.owner:
            self._disown(known)
        self._objects[item.key] = item
        if item.owner is not None:
            self._owned.setdefault(item.owner, {})[item.key] = item
        return known != item

    def _remove(self, item: T) -> T:
        del self._objects[item.key]
        self._disown(item)
        return item

    def _disown(self, item: T) -> None:
        if item.owner is None:
            return
        owned = self._owned[item.owner]
        del owned[item.key]
        if not owned:
            del self._owned[item.owner]


def in_all(caches: Iterable[Cache[T]], owner: keys.Key) -> list[T]:
    """Return the objects of an owner in every cache."""
    return [item for cache in caches for item in cache.owned(owner)]
