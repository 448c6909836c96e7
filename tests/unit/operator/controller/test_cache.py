from dataclasses import dataclass, field

import pytest

from tenantry.operator.controller import cache as caches
from tenantry.operator.controller import keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    key: keys.Key
    owner: keys.Key | None = None
    version: int = field(compare=False)
    content: str = ""


OWNER, OTHER = keys.Key("n", "owner"), keys.Key("n", "other")


def thing(version: int, content: str = "", *, name: str = "a", owner: keys.Key | None = OWNER) -> Thing:
    return Thing(key=keys.Key("n", name), owner=owner, version=version, content=content)


@pytest.fixture
def cache() -> caches.Cache[Thing]:
    return caches.Cache()


def test_an_object_is_found_by_its_key_and_by_its_owner(cache: caches.Cache[Thing]) -> None:
    assert cache.heard(thing(1))
    assert cache.get(keys.Key("n", "a")) == thing(1)
    assert list(cache.owned(OWNER)) == [thing(1)]


def test_another_owner_is_another_place_in_the_index(cache: caches.Cache[Thing]) -> None:
    cache.heard(thing(1))
    cache.heard(thing(2, owner=OTHER))
    assert (list(cache.owned(OWNER)), list(cache.owned(OTHER))) == ([], [thing(2, owner=OTHER)])


def test_the_same_content_in_a_newer_version_is_nothing_new(cache: caches.Cache[Thing]) -> None:
    cache.heard(thing(1, "x"))
    assert not cache.heard(thing(2, "x"))
    assert cache.heard(thing(3, "y"))


def test_what_is_older_than_what_is_known_changes_nothing(cache: caches.Cache[Thing]) -> None:
    cache.answered(thing(5, "ours"))
    assert not cache.heard(thing(4, "older"))
    assert list(cache.owned(OWNER)) == [thing(5, "ours")]


def test_an_answer_that_the_watch_has_passed_does_not_raise_the_dead(cache: caches.Cache[Thing]) -> None:
    cache.heard(thing(5))
    assert cache.ended(keys.Key("n", "a"), 6) == thing(5)
    cache.answered(thing(5))
    assert len(cache) == 0


def test_an_end_that_was_overtaken_by_a_new_object_changes_nothing(cache: caches.Cache[Thing]) -> None:
    cache.answered(thing(7, "new"))
    assert cache.ended(keys.Key("n", "a"), 6) is None
    assert cache.get(keys.Key("n", "a")) == thing(7, "new")


def test_a_list_removes_what_is_not_on_it_but_not_what_came_afterwards(cache: caches.Cache[Thing]) -> None:
    cache.heard(thing(1, name="gone"))
    cache.heard(thing(2, name="stays"))
    cache.answered(thing(9, name="new"))
    assert cache.listed({keys.Key("n", "stays")}, 5) == [thing(1, name="gone")]
    assert {each.key.name for each in cache.all()} == {"stays", "new"}
