"""The connections of a pooler are shared out: never more than there are, and nobody's part depends on the others."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import pq

from support import provisioner_things as things
from tenantry.application import needs
from tenantry.kernel import randomness
from tenantry.provisioner.installations import demand, placement, pool_plan, scram
from tenantry.wire.placement import Measure

SIZES = st.lists(st.integers(1, 9), max_size=12)


def databases(sizes: list[int]) -> list[pool_plan.Database]:
    return [pool_plan.Database(id=str(index), size=size) for index, size in enumerate(sizes)]


@given(left=st.integers(-3, 40), sizes=SIZES)
def test_no_more_is_given_than_is_left_and_nobody_is_refused_what_there_is(left: int, sizes: list[int]) -> None:
    wanted = databases(sizes)
    chosen = pool_plan.admitted(left, wanted)
    given_away = sum(each.size for each in wanted if each.id in chosen)
    assert given_away <= max(left, 0)
    assert all(each.size > left - given_away for each in wanted if each.id not in chosen)


def test_the_oldest_come_first() -> None:
    assert pool_plan.admitted(5, databases([2, 2, 2, 1])) == {"0", "1", "3"}


PARTS = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), max_size=8)


@given(left=st.integers(-3, 20), sizes=PARTS)
def test_another_part_takes_no_more_than_is_left_and_less_is_never_refused(
    left: int, sizes: list[tuple[int, int]]
) -> None:
    parts = [pool_plan.Part(id=str(index), size=size, wanted=wanted) for index, (size, wanted) in enumerate(sizes)]
    chosen = pool_plan.refitted(left, parts)
    more = sum(each.wanted - each.size for each in parts if each.id in chosen)
    assert more <= max(left, 0)
    assert {each.id for each in parts if each.wanted <= each.size} <= chosen


@pytest.mark.parametrize(
    ("mode", "size", "wanted", "fits"),
    [
        ("transaction", 2, needs.Pooling(mode="transaction", connections=2), True),
        ("transaction", 2, needs.Pooling(mode="transaction", connections=5), True),
        ("transaction", 5, needs.Pooling(mode="session", connections=5), False),
        ("session", 5, needs.Pooling(mode="session", connections=5), True),
        ("session", 5, needs.Pooling(mode="session", connections=6), False),
        ("session", 5, needs.Pooling(mode="transaction", connections=2), False),
    ],
)
def test_a_part_that_would_let_sessions_wait_for_ever_does_not_do(
    mode: str, size: int, wanted: needs.Pooling, *, fits: bool
) -> None:
    assert pool_plan.fits(mode, size, wanted) is fits


@pytest.mark.parametrize(("connections", "reserved"), [(2, 1), (10, 1), (11, 2), (20, 2), (100, 10)])
def test_a_tenth_is_reserved_for_what_goes_past_the_pooler(connections: int, reserved: int) -> None:
    assert pool_plan.past_it(connections) == reserved


POOLED = things.application(needs={"database": {"connections": 20, "pooling": {"mode": "transaction"}}})
DIRECT = things.application(needs={"database": {"connections": 20}})


def server(name: str, *, budget: int, wanted: demand.Demand, taken: int = 0) -> placement.Candidate:
    offers = {Measure.CONNECTIONS: 100 - budget} | ({Measure.POOLED: budget} if budget else {})
    takes = pool_plan.takes(wanted.takes) if budget else dict[Measure, int]()
    return placement.Candidate(id=name, name=name, offers=offers, taken={Measure.POOLED: taken}, takes=takes)


class TestPlacement:
    WANTED = demand.of(POOLED, POOLED.spec.sizes[0])

    def test_takes_of_the_pooler_where_there_is_one(self) -> None:
        assert self.WANTED.takes[Measure.POOLED] == 2
        chosen = placement.choose("servers", [server("pg", budget=4, wanted=self.WANTED)], self.WANTED)
        assert isinstance(chosen, placement.Candidate)
        assert placement.takes(chosen, self.WANTED, Measure.CONNECTIONS) == 2

    def test_takes_of_the_server_where_there_is_none(self) -> None:
        chosen = placement.choose("servers", [server("pg", budget=0, wanted=self.WANTED)], self.WANTED)
        assert isinstance(chosen, placement.Candidate)
        assert placement.takes(chosen, self.WANTED, Measure.CONNECTIONS) == 20

    def test_says_that_the_pooler_is_full(self) -> None:
        full = server("pg", budget=4, taken=3, wanted=self.WANTED)
        nowhere = placement.choose("servers", [full], self.WANTED)
        assert isinstance(nowhere, placement.Nowhere)
        assert "pg: connections of the pooler (3 of 4 reserved, 2 wanted)" in nowhere.message
        elsewhere = server("other", budget=0, wanted=self.WANTED)
        assert placement.choose("servers", [full, elsewhere], self.WANTED) == elsewhere

    def test_of_what_cannot_go_through_it_asks_for_none_of_it(self) -> None:
        wanted = demand.of(DIRECT, DIRECT.spec.sizes[0])
        assert Measure.POOLED not in wanted.takes
        full = server("pg", budget=4, taken=4, wanted=wanted)
        assert placement.choose("servers", [full], wanted) == full
        assert pool_plan.pooling(DIRECT) is None


class Chosen(randomness.SeededRandomness):
    """Gives what is asked for."""

    def __init__(self, salt: bytes) -> None:
        super().__init__(0)
        self.salt = salt

    def token_bytes(self, length: int) -> bytes:
        assert length == len(self.salt)
        return self.salt


class TestVerifiers:
    def test_are_those_of_the_servers_own_library(self) -> None:
        connection = pq.PGconn.connect_start(b"host=/nowhere")
        theirs = connection.encrypt_password(b"a1b2c3", b"t_1", b"scram-sha-256").decode()
        salt = base64.b64decode(theirs.split("$")[1].partition(":")[2])
        assert scram.verifier("a1b2c3", Chosen(salt)) == theirs

    def test_have_a_salt_of_their_own(self) -> None:
        chance = randomness.SeededRandomness(1)
        assert scram.verifier("same", chance) != scram.verifier("same", chance)

    def test_hold_what_the_protocol_proves(self) -> None:
        """RFC 7677's example: the client's proof opens what is stored."""
        salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
        made = scram.verifier("pencil", Chosen(salt))
        stored, _, server_key = made.rpartition("$")[2].partition(":")
        message = (
            b"n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
            b"s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
        )
        proof = base64.b64decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
        signature = hmac.digest(base64.b64decode(stored), message, "sha256")
        client_key = bytes(one ^ other for one, other in zip(proof, signature, strict=True))
        assert hashlib.sha256(client_key).digest() == base64.b64decode(stored)
        answer = base64.b64encode(hmac.digest(base64.b64decode(server_key), message, "sha256")).decode()
        assert answer == "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
