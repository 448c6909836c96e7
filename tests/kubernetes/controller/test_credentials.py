"""The operator's credentials run out or are revoked while it runs: new ones in its kubeconfig are taken up at once."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from support import operator_stage as stages
from tenantry.kubernetes import kinds
from tenantry.runtime import document
from testbed import accounts, kubeconfig, operators

REFUSED = "401"
ACCOUNT = kinds.SERVICE_ACCOUNT.path(operators.HOME, operators.ACCOUNT)
USER = f"system:serviceaccount:{operators.HOME}:{operators.ACCOUNT}"
SHORT = timedelta(seconds=8)
"""Long enough to begin with on a busy machine; its end is waited for."""


class Credentials:
    """A kubeconfig file of the operator, and what becomes of the credentials in it."""

    def __init__(self, stage: stages.Stage, file: Path) -> None:
        """Take the cluster, and where the file is."""
        self.stage = stage
        self.file = file

    async def give(self, kind: str, lifetime: timedelta = timedelta(hours=1)) -> None:
        """Write the file with new credentials."""
        up = self.stage.up
        if kind == "certificate":
            shown: kubeconfig.Credential = up.signer.client(USER, lifetime=lifetime)
        else:
            token = await accounts.token(self.stage.api, operators.HOME, operators.ACCOUNT)
            shown = kubeconfig.Token(value=token)
        text = kubeconfig.render(up.endpoint, up.ca, shown, namespace=operators.HOME)
        await asyncio.to_thread(self.file.write_text, text)

    async def void(self, kind: str) -> None:
        """Let what was given be worth nothing; a certificate ends by itself."""
        if kind == "token":
            await self.stage.api.delete(ACCOUNT)
            await self.stage.prepare()  # makes another account of that name, which has other tokens


@pytest.mark.parametrize("kind", ["certificate", "token"])
async def test_new_ones_are_taken_up_without_a_restart(stage: stages.Stage, tmp_path: Path, kind: str) -> None:
    given, part = Credentials(stage, tmp_path / "operator.kubeconfig"), stages.Part()
    name = stages.fresh("tiny")
    await stage.offer(stages.application(name))
    await given.give(kind, SHORT)
    async with stage.operator(kubeconfig=given.file, **part.settings()) as operator:

        async def leads() -> bool:
            return operator.registry.get_sample_value("tenantry_operator_leads") == 1

        async def is_refused() -> bool:
            return operator.answers(REFUSED) > 0

        await stages.eventually(leads)
        await given.void(kind)
        await stages.eventually(is_refused, within=timedelta(seconds=60))
        ordered = await stage.order(name, namespace=part.namespace("acme"))
        await given.give(kind)
        await ordered.until(document.Phase.READY)
        assert await leads()
