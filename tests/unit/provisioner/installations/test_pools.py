"""When an installation goes through a pooler, and what it is handed over then."""

from dataclasses import replace
from typing import Any

import pytest

from support import provisioner_things as things
from tenantry.provisioner.adapters.postgres import pooler
from tenantry.provisioner.installations import handover, model, plan, ports
from tenantry.wire.installations import Status, Target

POOLED = things.application(needs={"database": {"connections": 6, "pooling": {"mode": "transaction"}}})
SESSION = things.application(needs={"database": {"connections": 6, "pooling": {"mode": "session", "connections": 2}}})
DIRECT = things.application(needs={"database": {"connections": 6}})
ADDRESS = "pgb.local:6432"
CHANGED: dict[str, Any] = {"generation": 4, "status": Status.UPDATING}


def installation(*, used: str | None, is_open: bool = True, **changes: Any) -> model.Installation:
    part = model.Pool(
        host="pgb.local",
        port=6432,
        is_open=is_open,
        mode="transaction",
        size=2,
        verifier=things.VAULT.seal("SCRAM-SHA-256$verifier"),
        used=used,
    )
    database = replace(things.database(), pool=part)
    return things.installation(**{"application": POOLED, "database": database, "bucket": None, **changes})


def given(row: model.Installation) -> dict[str, str]:
    return handover.database_values(row, things.surroundings())


class TestWhatIsHandedOver:
    def test_names_the_pooler_beside_the_server(self) -> None:
        found = given(installation(used=ADDRESS))
        assert (found["host"], found["port"]) == ("db.local", "5432")
        assert (found["poolerHost"], found["poolerPort"]) == ("pgb.local", "6432")
        assert found["poolerUrl"] == found["url"].replace("db.local:5432", "pgb.local:6432")

    @pytest.mark.parametrize(
        "row",
        [
            installation(used=None),
            installation(used="old.local:6432"),
            installation(used=ADDRESS, is_open=False),
            installation(used=ADDRESS, application=DIRECT),
            installation(used=ADDRESS, application=SESSION),
            things.installation(application=POOLED),
        ],
    )
    def test_names_none_that_does_not_let_it_in(self, row: model.Installation) -> None:
        assert not [key for key in given(row) if key.startswith("pooler")]

    def test_shows_no_verifier(self) -> None:
        row = installation(used=ADDRESS)
        assert "verifier" not in str(given(row))
        assert "gAAAA" not in repr(row)


class TestSteps:
    def test_its_role_is_let_in_before_it_is_told(self) -> None:
        row = installation(used=None, **CHANGED)
        assert plan.plan(row, things.NOON) == plan.Make(database=True, bucket=False)
        let_in = installation(used=ADDRESS, **CHANGED)
        assert plan.plan(let_in, things.NOON) == plan.HandOver(generation=4)

    def test_another_address_is_another_pooler(self) -> None:
        row = installation(used="old.local:6432", **CHANGED)
        assert plan.plan(row, things.NOON) == plan.Make(database=True, bucket=False)

    @pytest.mark.parametrize("used", [None, ADDRESS, "old.local:6432"])
    def test_nothing_is_done_to_one_that_rests(self, used: str | None) -> None:
        assert plan.plan(installation(used=used), things.NOON) == plan.Rest()

    @pytest.mark.parametrize("changes", [{"application": DIRECT}, {"application": SESSION}, {"is_open": False}])
    def test_one_that_leaves_is_told_at_once(self, changes: dict[str, Any]) -> None:
        row = installation(used=ADDRESS, **CHANGED, **changes)
        assert plan.plan(row, things.NOON) == plan.HandOver(generation=4)

    @pytest.mark.parametrize(
        ("target", "status"),
        [(Target.HIBERNATED, Status.HIBERNATING), (Target.DISCARDED, Status.DISCARDING)],
    )
    def test_one_that_goes_to_sleep_waits_for_no_pooler(self, target: Target, status: Status) -> None:
        row = installation(used=None, generation=4, target=target, status=status)
        assert plan.plan(row, things.NOON) == plan.HandOver(generation=4)


class TestLeaving:
    @pytest.mark.parametrize("changes", [{"application": DIRECT}, {"application": SESSION}, {"is_open": False}])
    def test_has_an_end_once_nothing_of_it_is_used(self, changes: dict[str, Any]) -> None:
        assert installation(used=None, **changes).has_left_pooler
        assert not installation(used=ADDRESS, **changes).has_left_pooler
        assert not installation(used=None).has_left_pooler  # it is about to come


@pytest.mark.parametrize(
    ("told", "kind", "message"),
    [
        ("FATAL:  no such database: t_1", pooler.PoolerBehindError, "does not know the database yet."),
        ("FATAL:  SASL authentication failed", pooler.PoolerBehindError, "does not know the database yet."),
        (
            "FATAL:  server login failed: wrong thing.",
            pooler.PoolerRefusedError,
            "cannot reach the server: wrong thing.",
        ),
        ("connection failed: Connection refused", pooler.PoolerAwayError, "does not answer."),
        ("SSL error: certificate verify failed", pooler.PoolerAwayError, "is not trusted"),
        ("", pooler.PoolerAwayError, "does not answer."),
    ],
)
def test_what_a_pooler_told_is_explained(told: str, kind: type[Exception], message: str) -> None:
    found = pooler.explained(ports.Door(host="pgb.local", port=6432), told)
    assert isinstance(found, kind)
    assert found.message.startswith("The pooler at pgb.local:6432 ")
    assert message in found.message
