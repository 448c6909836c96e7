"""PgBouncer's files follow from what the pooler is to know."""

from pathlib import Path, PurePosixPath
from typing import Any

import pydantic
import pytest

from tenantry.pooler import configuration
from tenantry.wire import poolers as wire

GOLDEN = Path(__file__).parent / "golden"
FOLDER = PurePosixPath("/srv/pooler")


def files(found: wire.PoolerConfiguration, system: str = "") -> dict[str, str]:
    return dict(configuration.files(found, FOLDER, system))


def test_are_as_they_were(known: wire.PoolerConfiguration) -> None:
    made = files(known)
    assert set(made) == set(configuration.NAMES)
    assert made[configuration.MAIN] == (GOLDEN / "tenantry.ini").read_text()
    assert made[configuration.USERS] == (GOLDEN / "users.txt").read_text()
    assert made[configuration.AUTHORITIES] == ""


def test_begin_no_section_that_the_administrators_file_has_begun(known: wire.PoolerConfiguration) -> None:
    """PgBouncer sets everything back to its default where its section begins again."""
    assert "[pgbouncer]" not in files(known)[configuration.MAIN]


def test_say_whom_to_trust(known: wire.PoolerConfiguration) -> None:
    named = files(known.model_copy(update={"ca_certificate": "OURS\n"}), "SYSTEM\n")
    assert named[configuration.AUTHORITIES] == "OURS\n"
    assert f"server_tls_ca_file = {FOLDER}/server-ca.pem\n" in named[configuration.MAIN]
    verified = files(known.model_copy(update={"ssl_mode": "verify-full"}), "SYSTEM\n")
    assert verified[configuration.AUTHORITIES] == "SYSTEM\n"
    assert "server_tls_sslmode = verify-full\nserver_tls_ca_file" in verified[configuration.MAIN]


def test_quote_what_somebody_chose(known: wire.PoolerConfiguration) -> None:
    odd = files(known.model_copy(update={"host": "it's here"}))
    assert "t_1 = host='it''s here' port=5433" in odd[configuration.MAIN]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": 't" "x'},
        {"name": "t = host=elsewhere"},
        {"name": "t\n[pgbouncer]"},
        {"mode": "statement"},
        {"connections": 0},
        {"verifier": 'SCRAM-SHA-256$4096:a$b:c"\n"root" ""'},
        {"verifier": "a password"},
    ],
)
def test_hold_nothing_that_means_something_else_to_pgbouncer(
    known: wire.PoolerConfiguration, wrong: dict[str, Any]
) -> None:
    with pytest.raises(pydantic.ValidationError):
        wire.PooledDatabase.model_validate({**known.databases[0].model_dump(), **wrong})
    assert known.databases[0].verifier not in repr(known)
