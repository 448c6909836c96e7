"""The page that leads from an empty cluster to the first customer: followed, and then the customer comes.

Everything is real: our own image, Helm, a node, PostgreSQL, a mail server, a front door with TLS, and I Hate Money.
"""

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import aiohttp
import pytest
import yaml

from demo import browser, budget, customer
from support import charts_reader as readers
from support import charts_site as sites
from support import node_backing, node_front_door
from support import operator_stage as stages
from tenantry.kubernetes import documents, kinds

pytestmark = pytest.mark.timeout(900)

PAGE = readers.Page("sell-from-kubernetes.md")
PORTAL = "https://portal.example.com"
WORKSPACE = "https://trip.example.com"
EMAIL = "ada@example.com"
SMALL = (
    "portal.replicas=1,provisioner.api.replicas=1,"
    "provisioner.supervisors.installations.replicas=1,provisioner.supervisors.infrastructure.replicas=1"
)


@pytest.fixture
def reader(site: sites.Site, helm_program: Path, kubectl: Path, tmp_path: Path) -> readers.Reader:
    programs = [helm_program, kubectl, Path(sys.executable).with_name("tenantry")]
    made = readers.Reader(tmp_path, site.up.kubeconfig, programs)
    here = {"REGISTRY": sites.IMAGE.partition("/")[0], "nginx": node_front_door.CLASS}
    made.write("operator.yaml", readers.filled(PAGE.block("yaml", "facts:"), here))
    here["MAIL-HOST"] = site.up.real_node.address
    made.write("tenantry.yaml", readers.filled(PAGE.block("yaml", "addressTemplate:"), here))
    return made


@pytest.fixture
async def door(site: sites.Site, tmp_path: Path) -> AsyncGenerator[node_front_door.FrontDoor]:
    async with node_front_door.opened(site.up, site.api, tmp_path) as opened:
        yield opened


@pytest.fixture
async def mailbox(site: sites.Site, postgres: node_backing.Postgres) -> AsyncGenerator[customer.Mailbox]:
    """A database server and a mail server, which pods reach at the node's address."""
    place = site.up.real_node
    async with node_backing.mailbox() as kept:
        ports = {
            node_backing.DATABASE_PORT: postgres.port,
            node_backing.MAIL_PORT: kept.smtp,
            node_backing.MAILBOX_PORT: kept.http,
        }
        async with node_backing.reachable(place, ports):
            yield customer.Mailbox(f"http://{place.address}:{node_backing.MAILBOX_PORT}", kept.key)


async def test_the_page_leads_to_a_customer_who_uses_what_they_ordered(
    site: sites.Site,
    postgres: node_backing.Postgres,
    mailbox: customer.Mailbox,
    door: node_front_door.FrontDoor,
    reader: readers.Reader,
) -> None:
    async with cleaned_up(site, reader, door):
        await set_up(site, postgres, reader, door)
        async with door.visitor() as visitor:
            await stages.eventually(partial(is_served, visitor, PORTAL))
            somebody = customer.Customer(visitor, PORTAL, mailbox)
            await somebody.sign_up(EMAIL)
            ordered = await somebody.until_ready(await somebody.order("ihatemoney", "trip"), patience=120)
            assert ordered.url == WORKSPACE
            sign_in = await somebody.reveal(ordered)
            await stages.eventually(partial(is_served, visitor, ordered.url))
            await budget.split_a_bill(visitor, ordered.url, email=EMAIL, admin_password=sign_in.password)
        await afterwards(site, reader)


async def set_up(
    site: sites.Site, postgres: node_backing.Postgres, reader: readers.Reader, door: node_front_door.FrontDoor
) -> None:
    """Do what the page says before the customer comes."""
    address = site.up.real_node.address
    [sql] = PAGE.blocks("sql")
    postgres.run(*readers.filled(sql, {"'PASSWORD'": "'secret'"}).strip().split(";\n"))
    await reader.run(PAGE.commands("1. Install the operator", {}))
    pair = {"--cert CERTIFICATE": f"--cert {door.certificate}", "--key KEY": f"--key {door.key}"}
    here = {"PASSWORD": "secret", "DATABASE-HOST": address, "MAIL-HOST": address, **pair}
    await reader.run(PAGE.commands("3. Make Secrets", here))
    reader.write("database-ca.pem", postgres.signed_by)
    once = {"--values tenantry.yaml": f"--values tenantry.yaml --set {SMALL}"}
    await reader.run(PAGE.commands("4. Install portal and provisioner", once))
    with sites.scratch() as folder:
        sold = await sites.imaged(site.up, "ihatemoney", folder)
    reader.write("application.yaml", yaml.safe_dump(documents.written(sold)))
    said = await reader.run(
        PAGE.commands("5. Say where", {"DATABASE-HOST": address, "=PASSWORD": "=secret"})
        + PAGE.commands("6. Put something on sale", {})
    )
    assert "ihatemoney is available" in said


async def is_served(visitor: browser.Browser, url: str) -> bool:
    """Tell whether the front door has noticed the way to a page."""
    try:
        return (await visitor.open(url)).status == 200
    except (browser.PageUnexpectedError, aiohttp.ClientError):
        return False


@asynccontextmanager
async def cleaned_up(site: sites.Site, reader: readers.Reader, door: node_front_door.FrontDoor) -> AsyncGenerator[None]:
    """Say what everybody said where something goes wrong, and leave the cluster without installations and releases."""
    try:
        yield
    except (AssertionError, browser.PageUnexpectedError, aiohttp.ClientError, TimeoutError) as error:
        told = [await site.told(each) for each in ("tenantry-system", "tenantry", *await homes(site))]
        raise AssertionError("\n".join([repr(error), *told, door.told()])) from error
    finally:
        await reader.run(uninstalled("tenantry", "tenantry"))  # first, or it would hand installations over again
        for name in await homes(site):
            await reader.run(f"kubectl delete installations --all --namespace {name}\nkubectl delete namespace {name}")
        await reader.run(uninstalled("tenantry-operator", "tenantry-system"))


def uninstalled(release: str, namespace: str) -> str:
    """Return commands that take a release away, until none of its pods is left."""
    gone = f"helm uninstall {release} --namespace {namespace} --ignore-not-found"
    return f"{gone}\nkubectl delete namespace {namespace} --ignore-not-found"


async def afterwards(site: sites.Site, reader: readers.Reader) -> None:
    """Look at it as the page's vendor does."""
    listed = await reader.run(PAGE.commands("7. Be the first customer", {}))
    assert (await home(site)) in listed
    assert "Ready" in listed


async def homes(site: sites.Site) -> list[str]:
    """Return the namespaces of the provisioner's installations."""
    found = await site.api.items(f"{kinds.NAMESPACE.path()}?labelSelector=tenantry.dev/handed-over=true")
    return [each["metadata"]["name"] for each in found]


async def home(site: sites.Site) -> str:
    """Return the namespace of the one installation."""
    [name] = await homes(site)
    return name
