"""A part is there whole or not at all, and is made once."""

import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from testbed import cache, parts

PART = parts.ETCD


def make(folder: Path) -> Mapping[str, str | float]:
    (folder / "etcd").write_text("program")
    return {"part": "etcd"}


def never_wait() -> None:
    raise AssertionError


class TestCache:
    def test_what_was_made_is_found(self, tmp_path: Path) -> None:
        kept = cache.Cache(tmp_path / "cache")
        assert kept.find(PART) is None
        made = kept.take(PART, make, never_wait)
        assert kept.find(PART) == made
        assert (made / "etcd").read_text() == "program"
        assert kept.stamp(PART) == {"part": "etcd"}

    def test_what_is_there_is_not_made_again(self, tmp_path: Path) -> None:
        kept = cache.Cache(tmp_path)
        kept.take(PART, make, never_wait)

        def fail(folder: Path) -> Mapping[str, str | float]:
            raise AssertionError(folder)

        assert kept.take(PART, fail, never_wait) == kept.find(PART)

    def test_a_failure_leaves_nothing(self, tmp_path: Path) -> None:
        kept = cache.Cache(tmp_path)

        def fail(folder: Path) -> Mapping[str, str | float]:
            (folder / "half").touch()
            raise OSError

        with pytest.raises(OSError):  # noqa: PT011 - any will do
            kept.take(PART, fail, never_wait)
        assert kept.find(PART) is None
        assert [each.name for each in tmp_path.iterdir()] == ["etcd.lock"]

    def test_what_a_killed_maker_left_is_removed(self, tmp_path: Path) -> None:
        kept = cache.Cache(tmp_path)
        left = tmp_path / f".{parts.key(PART)}-abc"
        left.mkdir()
        kept.take(PART, make, never_wait)
        assert not left.exists()

    def test_two_who_want_the_same_make_it_once(self, tmp_path: Path) -> None:
        made: list[Path] = []
        waiting = threading.Event()

        def slow(folder: Path) -> Mapping[str, str | float]:
            made.append(folder)
            assert waiting.wait(timeout=10)
            return make(folder)

        def other() -> None:
            cache.Cache(tmp_path).take(PART, slow, waiting.set)

        threads = [threading.Thread(target=other) for _ in range(2)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(timeout=20)
        assert len(made) == 1


def test_the_cache_is_where_the_user_keeps_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    assert cache.default_folder() == Path("/elsewhere/tenantry/testbed")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache.default_folder() == Path.home() / ".cache/tenantry/testbed"
