"""The page that leads from an empty cluster to the first customer: followed, and then the customer comes.

Everything is real: our own image, Helm, a node, PostgreSQL, an S3 server with users, a mail server, a front door with
TLS, I Hate Money and Synapse.
"""

import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest
import yaml

from demo import browser, budget, customer, matrix
from support import charts_reader as readers
from support import charts_site as sites
from support import node_backing, node_front_door, s3_server
from support import operator_stage as stages
from tenantry.kubernetes import documents, kinds
from tenantry.provisioner.adapters.s3 import connection

pytestmark = pytest.mark.timeout(900)

PAGE = readers.Page("sell-from-kubernetes.md")
PORTAL = "https://portal.example.com"
WORKSPACES = {"ihatemoney": "https://trip.example.com", "synapse": "https://chat.example.com"}
EMAIL = "ada@example.com"
SERVED = {"synapse": "/_matrix/client/versions"}
"""Where an application is asked whether its address is served, if not at its first page."""
WAITING = "until tenantry cluster list; do sleep 1; done"
BOUNDED = f"timeout 30 bash -c '{WAITING}'"
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
def object_store() -> Iterator[s3_server.S3Server]:
    with s3_server.running() as running:
        yield running


@pytest.fixture
async def mailbox(
    site: sites.Site, postgres: node_backing.Postgres, object_store: s3_server.S3Server
) -> AsyncGenerator[customer.Mailbox]:
    """A database server, an object store and a mail server, which pods reach at the node's address."""
    place = site.up.real_node
    async with node_backing.mailbox() as kept:
        ports = {
            node_backing.DATABASE_PORT: postgres.port,
            node_backing.STORE_PORT: urlsplit(object_store.endpoint).port or 0,
            node_backing.MAIL_PORT: kept.smtp,
            node_backing.MAILBOX_PORT: kept.http,
        }
        async with node_backing.reachable(place, ports):
            yield customer.Mailbox(f"http://{place.address}:{node_backing.MAILBOX_PORT}", kept.key)


async def test_the_page_leads_to_a_customer_who_uses_what_they_ordered(
    site: sites.Site,
    postgres: node_backing.Postgres,
    object_store: s3_server.S3Server,
    mailbox: customer.Mailbox,
    door: node_front_door.FrontDoor,
    reader: readers.Reader,
) -> None:
    async with cleaned_up(site, reader, door):
        await set_up(site, postgres, object_store, reader, door)
        async with door.visitor() as visitor:
            await stages.eventually(partial(is_served, visitor, PORTAL))
            somebody = customer.Customer(visitor, PORTAL, mailbox)
            await somebody.sign_up(EMAIL)
            shared = await obtained(visitor, somebody, "ihatemoney")
            password = (await somebody.reveal(shared)).password
            await budget.split_a_bill(visitor, shared.url, email=EMAIL, admin_password=password)
            talked = await obtained(visitor, somebody, "synapse")
            posted = await matrix.chat(visitor, talked.url, await somebody.reveal(talked))
        assert posted.picture in await stored(object_store)
        await afterwards(site, reader)


async def obtained(visitor: browser.Browser, somebody: customer.Customer, product: str) -> customer.Workspace:
    """Order a product, follow its page until it is ready, and wait until its address is served."""
    name = (urlsplit(WORKSPACES[product]).hostname or "").partition(".")[0]
    ready = await somebody.until_ready(await somebody.order(product, name), patience=240)
    assert ready.url == WORKSPACES[product]
    await stages.eventually(partial(is_served, visitor, f"{ready.url}{SERVED.get(product, '')}"))
    return ready


async def stored(object_store: s3_server.S3Server) -> list[bytes]:
    """Return what is in the customers' buckets."""
    found: list[bytes] = []
    within = timedelta(seconds=60)
    async with connection.Connections().opened(object_store.store(), within=within) as clients:
        for bucket in (await clients.s3.list_buckets())["Buckets"]:
            listed = await clients.s3.list_objects_v2(Bucket=bucket["Name"])
            for each in listed.get("Contents", []):
                answer = await clients.s3.get_object(Bucket=bucket["Name"], Key=each["Key"])
                found.append(await answer["Body"].read())
    return found


async def set_up(
    site: sites.Site,
    postgres: node_backing.Postgres,
    object_store: s3_server.S3Server,
    reader: readers.Reader,
    door: node_front_door.FrontDoor,
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
        for name, file in {"ihatemoney": "application.yaml", "synapse": "synapse.yaml"}.items():
            sold = await sites.imaged(site.up, name, folder)
            reader.write(file, yaml.safe_dump(documents.written(sold)))
    store = {"https://S3-HOST": f"http://{address}:{node_backing.STORE_PORT}"}
    key = {"=ACCESS-KEY": f"={object_store.access_key}", "=SECRET-KEY": f"={object_store.secret_key}"}
    # One small node is offered in whole installations; there is room for one of each beside our own programs.
    room = {"--max-installations 100": "--max-installations 100 --capacity cpu=4"}
    said = await reader.run(
        PAGE.commands("5. Say where", {"DATABASE-HOST": address, "=PASSWORD": "=secret", **store, **key, **room})
        + "tenantry application apply synapse.yaml --wait\n"
        + PAGE.commands("6. Put something on sale", {})
    )
    assert "synapse is available" in said
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
        told = [await site.told(each) for each in (*await homes(site), "tenantry", "tenantry-system")]
        told.append(await known(reader))
        raise AssertionError("\n".join([repr(error), *told, door.told()])) from error
    finally:
        await reader.run(uninstalled("tenantry", "tenantry"))  # first, or it would hand installations over again
        for name in await homes(site):
            await reader.run(f"kubectl delete installations --all --namespace {name}\nkubectl delete namespace {name}")
        await reader.run(uninstalled("tenantry-operator", "tenantry-system"))


async def known(reader: readers.Reader) -> str:
    """Return what the provisioner knows, where it can be asked."""
    asked = "tenantry object-store list\ntenantry database list\ntenantry installation list -o yaml\nkill %1"
    way, _, _ = PAGE.commands("5. Say where", {}).partition("tenantry cluster register")
    try:
        return await reader.run(f"{way.replace(WAITING, BOUNDED)}{asked}")
    except AssertionError as error:
        return str(error)


def uninstalled(release: str, namespace: str) -> str:
    """Return commands that take a release away, until none of its pods is left."""
    gone = f"helm uninstall {release} --namespace {namespace} --ignore-not-found"
    return f"{gone}\nkubectl delete namespace {namespace} --ignore-not-found"


async def afterwards(site: sites.Site, reader: readers.Reader) -> None:
    """Look at it as the page's vendor does."""
    listed = await reader.run(PAGE.commands("7. Be the first customer", {}))
    ready = {line.split()[0] for line in listed.splitlines() if " Ready " in line}
    assert len(ready) == len(WORKSPACES)
    assert ready == set(await homes(site))


async def homes(site: sites.Site) -> list[str]:
    """Return the namespaces of the provisioner's installations."""
    found = await site.api.items(f"{kinds.NAMESPACE.path()}?labelSelector=tenantry.dev/handed-over=true")
    return [each["metadata"]["name"] for each in found]
