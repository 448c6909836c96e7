"""Why a cluster refuses credentials: a client certificate that has run out says so, and nothing else is guessed."""

from datetime import UTC, datetime, timedelta

import pytest

from tenantry.kernel import clock as clocks
from tenantry.kubernetes import failures
from tenantry.provisioner.adapters import expiry
from testbed import authority, kubeconfig

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LIFETIME = timedelta(days=7)
REFUSED = failures.CredentialsRefusedError("get /version: Unauthorized")
MADE = authority.Authority("test", clocks.ManualClock(NOON))
CERTIFICATE = MADE.client("provisioner", lifetime=LIFETIME)
TOKEN = kubeconfig.Token(value="a-token")


def shown(credential: kubeconfig.Credential) -> str:
    return kubeconfig.render("https://k8s.example.com", MADE.certificate, credential)


async def test_a_certificate_that_has_run_out_says_when() -> None:
    found = await expiry.explained(REFUSED, shown(CERTIFICATE), clocks.ManualClock(NOON + LIFETIME))
    assert isinstance(found, failures.CredentialsExpiredError)
    assert found.message == "The client certificate in its kubeconfig ran out on 2026-12-01 at 12:00:00 UTC."


@pytest.mark.parametrize("credential", [CERTIFICATE, TOKEN], ids=["certificate", "token"])
async def test_whatever_else_is_refused_is_told_in_the_words_of_the_cluster(credential: kubeconfig.Credential) -> None:
    assert await expiry.explained(REFUSED, shown(credential), clocks.ManualClock(NOON)) is REFUSED


async def test_a_program_that_is_asked_for_credentials_is_not_run_for_that() -> None:
    program = "user: {exec: {command: /nowhere/at-all, apiVersion: client.authentication.k8s.io/v1}}"
    asked = shown(TOKEN).replace("user:\n    token: a-token", program)
    assert "/nowhere/at-all" in asked
    assert await expiry.explained(REFUSED, asked, clocks.ManualClock(NOON)) is REFUSED
