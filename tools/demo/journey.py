"""The way of the demonstration's customer, and the proofs on it: nothing is said to be done that was not seen."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from demo import browser, bucket, budget, customer, matrix
from tenantry.application import source
from tenantry.client import provisioner as clients
from tenantry.kernel import errors
from tenantry.local import credentials
from tenantry.local.stack import Stack
from tenantry.wire import applications as wire_applications
from tenantry.wire import installations as wire

EMAIL = "ada@example.com"
WORKSPACES = {"synapse": "chat", "ihatemoney": "budget"}
"""Product → name of the workspace that the demonstration orders."""
PREPARATION_SECONDS = 600

Say = Callable[[str], None]


@dataclass(frozen=True)
class Owned:
    """A workspace and how to use it."""

    product: str
    url: str
    sign_in: customer.SignIn
    took: float | None
    """Seconds from the order to the page that said ready; None: it was there from an earlier run."""


@dataclass(frozen=True)
class Result:
    """What the demonstration leaves."""

    owned: list[Owned]
    proofs: list[str]


async def travel(stack: Stack, examples: Path, say: Say) -> Result:
    """Apply the examples, sign up, order, wait, and use both workspaces.

    Raises:
        PageUnexpectedError: a proof did not hold.
    """
    token = credentials.read(stack.credentials.cli_token)
    portal = stack.state.url()
    async with (
        clients.Provisioner(stack.provisioner_url, token) as provisioner,
        browser.opened(trusted=portal) as visitor,
    ):
        await apply_examples(provisioner, examples, say)
        mailbox = customer.Mailbox(stack.state.url("mailbox"), credentials.read(stack.credentials.mailbox_key))
        somebody = customer.Customer(visitor, portal, mailbox)
        say(f"Signing up as {EMAIL} on {portal}, with the code from the mail …")
        await somebody.sign_up(EMAIL)
        owned = [await obtain(somebody, provisioner, product, say) for product in WORKSPACES]
        proofs = await _use(stack, visitor, {each.product: each for each in owned}, say)
        return Result(owned=owned, proofs=proofs)


async def apply_examples(provisioner: clients.Provisioner, examples: Path, say: Say) -> None:
    """Apply the example applications and wait until their versions are prepared."""
    for product in WORKSPACES:
        application = await asyncio.to_thread(source.read, examples / product / "application.yaml")
        await provisioner.applications.apply(application)
    await asyncio.gather(*[_prepared(provisioner, product, say) for product in WORKSPACES])


async def _prepared(provisioner: clients.Provisioner, product: str, say: Say) -> None:
    said = ""
    async with asyncio.timeout(PREPARATION_SECONDS):
        while True:
            application = await provisioner.applications.get(product)
            if application.status is wire_applications.Status.FAILED:
                message = f"{application.title} could not be prepared: {application.message}"
                raise browser.PageUnexpectedError(message)
            line = ", ".join(f"{each.version} {each.message or each.phase.lower()}" for each in application.versions)
            if line != said:
                say(f"{application.title}: {line}")
                said = line
            if application.status is wire_applications.Status.AVAILABLE:
                return
            await asyncio.sleep(0.25)


async def obtain(somebody: customer.Customer, provisioner: clients.Provisioner, product: str, say: Say) -> Owned:
    """Order a workspace in the portal, or take the one that an earlier run has left."""
    name = WORKSPACES[product]
    kept = await _kept(provisioner, name)
    if kept is not None:
        say(f"{name} is there from an earlier run: {kept.url}")
        found = await provisioner.installations.credentials(kept.id)
        return Owned(product, kept.url, customer.SignIn(found.username, found.password), None)
    say(f"Ordering {name} ({product}) and waiting for it …")
    begun = time.monotonic()
    workspace = await somebody.until_ready(await somebody.order(product, name))
    took = time.monotonic() - begun
    say(f"{name} is ready after {took:.1f} s: {workspace.url}")
    return Owned(product, workspace.url, await somebody.reveal(workspace), took)


async def _kept(provisioner: clients.Provisioner, name: str) -> wire.Installation | None:
    try:
        installation = await provisioner.installations.get(name)
    except errors.NotFoundError:
        return None
    async with asyncio.timeout(120):
        while installation.status is not wire.Status.STABLE:
            await asyncio.sleep(0.25)
            installation = await provisioner.installations.get(installation.id)
    return installation


async def _use(stack: Stack, visitor: browser.Browser, owned: dict[str, Owned], say: Say) -> list[str]:
    chat = owned["synapse"]
    posted = await matrix.chat(visitor, chat.url, chat.sign_in)
    proofs = [f"Posted a message and a picture into {posted.room} and read both back."]
    where = await asyncio.to_thread(bucket.find, stack.object_store, posted.picture)
    proofs.append(f"Found the picture in the customer's bucket: {where}.")
    sharing = owned["ihatemoney"]
    shown = await budget.split_a_bill(visitor, sharing.url, email=EMAIL, admin_password=sharing.sign_in.password)
    proofs.append(f"Added a bill and found it at {shown}.")
    for proof in proofs:
        say(proof)
    return proofs
