import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tenantry.kernel import clock as clocks
from tenantry.kubernetes import credentials

START = datetime(2026, 1, 1, tzinfo=UTC)
LASTS = timedelta(minutes=15)


class Plugin:
    """A credential program that prints what lies in a file, and counts how often it was asked."""

    def __init__(self, folder: Path, *, ends_with: int = 0) -> None:
        self.answer = folder / "answer"
        self._asked = folder / "asked"
        self._asked.write_text("")
        script = f'echo x >> "$ASKED"; test -n "$KUBERNETES_EXEC_INFO" && cat {self.answer}; exit {ends_with}'
        self.clock = clocks.ManualClock(START)
        self.credentials = credentials.Program(
            ["sh", "-c", script], {"ASKED": str(self._asked)}, "client.authentication.k8s.io/v1", self.clock
        )

    def tells(self, **status: str) -> None:
        self.answer.write_text(json.dumps({"kind": "ExecCredential", "status": status}))

    @property
    def asked(self) -> int:
        return self._asked.read_text().count("x")


async def test_is_asked_once_as_long_as_its_answer_lasts(tmp_path: Path) -> None:
    plugin = Plugin(tmp_path)
    plugin.tells(token="t1", expirationTimestamp=(START + LASTS).isoformat())
    assert [(await plugin.credentials.current()).token for _ in range(3)] == ["t1"] * 3
    assert plugin.asked == 1


async def test_is_asked_again_shortly_before_its_answer_runs_out(tmp_path: Path) -> None:
    plugin = Plugin(tmp_path)
    plugin.tells(token="t1", expirationTimestamp="2026-01-01T00:15:00Z")
    await plugin.credentials.current()
    plugin.clock.advance(LASTS - timedelta(seconds=10))
    plugin.tells(token="t2")
    assert (await plugin.credentials.current()).token == "t2"


async def test_is_asked_again_when_its_answer_was_refused(tmp_path: Path) -> None:
    plugin = Plugin(tmp_path)
    plugin.tells(token="t1")
    await plugin.credentials.current()
    plugin.credentials.refused()
    plugin.tells(clientCertificateData="C", clientKeyData="K")
    shown = await plugin.credentials.current()
    assert shown == credentials.Credential(certificate=credentials.Certificate(certificate="C", key="K"))


async def test_a_failure_is_told_with_what_it_complained_about(tmp_path: Path) -> None:
    plugin = Plugin(tmp_path, ends_with=3)
    with pytest.raises(credentials.CredentialsMissingError, match="sh failed: cat"):
        await plugin.credentials.current()


async def test_an_answer_without_credentials_is_an_error(tmp_path: Path) -> None:
    plugin = Plugin(tmp_path)
    plugin.tells()
    with pytest.raises(credentials.CredentialsMissingError, match="neither"):
        await plugin.credentials.current()


async def test_a_program_that_is_not_there_is_named() -> None:
    missing = credentials.Program(["/no/such/program"], {}, "v1", clocks.ManualClock(START))
    with pytest.raises(credentials.CredentialsMissingError, match="/no/such/program cannot be started"):
        await missing.current()
