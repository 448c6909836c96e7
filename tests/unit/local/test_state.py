"""What a stack remembers."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tenantry.kernel import clock, ids, randomness
from tenantry.local import ports, state


def usable(_host: str, _port: int) -> bool:
    return True


def complete(before: state.StackState | None, listen: str | None = None, seed: int = 1) -> state.StackState:
    chance = randomness.SeededRandomness(seed)
    identifiers = ids.UlidIdentifiers(clock.ManualClock(datetime(2026, 11, 24, tzinfo=UTC)), chance)
    begun = before or state.begin(chance, identifiers)
    return state.complete(begun, listen=listen, is_detached=False, chance=chance, is_usable=usable)


def test_a_new_stack_has_an_identifier_and_a_port_for_each_part() -> None:
    new = complete(None)
    assert new.id.startswith("stk-")
    assert set(new.ports) == set(state.PORTS)
    assert len(set(new.ports.values())) == len(state.PORTS)
    assert all(ports.FIRST <= port <= ports.LAST for port in new.ports.values())
    assert new.listen == state.DEFAULT_LISTEN


def test_what_was_chosen_is_kept() -> None:
    first = complete(None)
    assert complete(first, seed=2) == first


def test_only_what_is_new_gets_a_port() -> None:
    first = complete(None)
    older = state.StackState(id="stk-1", listen="127.0.0.1:80", ports={"postgres": 20001}, first_uid=200_000)
    now = complete(older)
    assert now.ports["postgres"] == 20001
    assert set(now.ports) == set(first.ports)
    assert now.url("acme") == "http://acme.localhost"


def test_the_address_can_be_changed() -> None:
    assert complete(complete(None), listen="127.0.0.1:9000").url() == "http://localhost:9000"


@pytest.mark.parametrize("listen", ["8080", "localhost:", ":80", "127.0.0.1:0", "127.0.0.1:70000", "127.0.0.1:http"])
def test_addresses_that_are_none_are_refused(listen: str) -> None:
    with pytest.raises(state.ListenInvalidError):
        complete(None, listen=listen)


def test_it_survives_being_written(tmp_path: Path) -> None:
    file = tmp_path / "stack.json"
    assert state.read(file) is None
    new = complete(None)
    state.write(file, new)
    assert state.read(file) == new
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "{", "[]", '{"id": "x"}'])
def test_a_broken_file_is_named(tmp_path: Path, content: str) -> None:
    file = tmp_path / "stack.json"
    file.write_text(content)
    with pytest.raises(state.StateUnreadableError, match=r"stack\.json"):
        state.read(file)
