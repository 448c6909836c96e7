"""What a pooler is to know, made up."""

import pytest

from tenantry.wire import poolers as wire


def verifier(letter: str) -> str:
    return f"SCRAM-SHA-256$4096:{letter * 22}==${letter * 43}=:{letter * 43}="


@pytest.fixture
def known() -> wire.PoolerConfiguration:
    return wire.PoolerConfiguration(
        server="main",
        host="db.internal",
        port=5433,
        ssl_mode="require",
        budget=20,
        databases=[
            wire.PooledDatabase(name="t_1", mode="transaction", connections=2, verifier=verifier("a")),
            wire.PooledDatabase(name="t_2", mode="session", connections=7, verifier=verifier("b")),
        ],
    )
