"""The machines of a workspace do not answer: its page says so at once, and says so no longer when they are back."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager

import aiohttp

from support import portal_browser, portal_stage
from tenantry.wire import infrastructure

UNSEEN = "We cannot see your workspace right now"
Status = infrastructure.Status


@asynccontextmanager
async def live(
    stage: portal_stage.Stage, ada: portal_browser.Visitor, path: str
) -> AsyncGenerator[AsyncGenerator[str, None], None]:
    """Give the live parts of a workspace's page as they are sent."""

    async def parts(content: aiohttp.StreamReader) -> AsyncGenerator[str, None]:
        part = ""
        async for line in content:
            if line.strip():
                part += line.decode()
            elif "event: workspace" in part:
                yield part
                part = ""
            else:
                part = ""

    async with ada.session.get(f"{stage.url}{path}/live") as answer, aclosing(parts(answer.content)) as told:
        yield told


async def until(told: AsyncGenerator[str, None], *, unseen: bool) -> None:
    async with asyncio.timeout(10):
        async for part in told:
            if (UNSEEN in part) is unseen:
                return
    raise AssertionError("The live part has ended.")


async def test_a_page_says_that_nobody_sees_the_workspace_and_that_somebody_does_again(
    stage: portal_stage.Stage, visitor: portal_browser.Visitor
) -> None:
    await visitor.sign_in(stage)
    path = await visitor.order("acme-team")
    await portal_stage.until(lambda: len(stage.provisioner.all()) == 1)
    while await stage.provisioner.step(stage.provisioner.all()[0].id):
        pass
    async with live(stage, visitor, path) as told:
        await until(told, unseen=False)
        await stage.provisioner.tell_of_cluster(Status.UNREACHABLE)
        await until(told, unseen=True)
        await stage.provisioner.tell_of_cluster(Status.AVAILABLE)
        await until(told, unseen=False)
        await stage.provisioner.tell_of_cluster(Status.UNREACHABLE)
        await until(told, unseen=True)
        await stage.provisioner.tell_of_deregistration()
        await until(told, unseen=False)
