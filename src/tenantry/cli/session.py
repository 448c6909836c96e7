"""One command's conversation with the provisioner: choose which, open a client, ask, close."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import typer

from tenantry.cli import contexts
from tenantry.client import provisioner, retrying, transport

Answer = TypeVar("Answer")
Question = Callable[[provisioner.Provisioner], Awaitable[Answer]]

PATIENT = transport.Options()
BRIEF = transport.Options(connect=timedelta(milliseconds=500), total=timedelta(seconds=1), retries=retrying.NEVER)
"""For completion: better no suggestion than a shell that hangs."""


def ask(ctx: typer.Context, question: Question[Answer], *, options: transport.Options = PATIENT) -> Answer:
    """Return the answer of the provisioner that this command is about."""
    chosen = chosen_context(ctx)

    async def conversation() -> Answer:
        async with provisioner.Provisioner(chosen.url, chosen.token, options=options) as client:
            return await question(client)

    return asyncio.run(conversation())


def chosen_context(ctx: typer.Context) -> contexts.Context:
    """Return the context that this command is about."""
    return contexts.choose(ctx.find_root().params.get("context"), os.environ)
