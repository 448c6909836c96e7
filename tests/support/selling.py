"""A vendor who has followed `sell-from-kubernetes.md` on a real node, and a customer who has signed up there.

Everything is real: our own image, Helm, a node, PostgreSQL, an S3 server with users, a mail server, a front door with
TLS, I Hate Money and Synapse. However the block ends, the cluster is without installations and releases after it.
"""

import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import yaml

from demo import browser, customer
from support import charts_reader as readers
from support import charts_site as sites
from support import node_backing, node_front_door, s3_server
from support import operator_stage as stages
from tenantry.kubernetes import documents, kinds

PAGE = readers.Page("sell-from-kubernetes.md")
PORTAL = f"https://portal.{node_front_door.DOMAIN}"
EMAIL = "ada@example.com"
SERVED = {"synapse": "/_matrix/client/versions", "ihatemoney": "/"}
"""Product → where it is asked whether its address is served."""
_FILES = {"ihatemoney": "application.yaml", "synapse": "synapse.yaml"}
_WAITING = "until tenantry cluster list; do sleep 1; done"
_BOUNDED = f"timeout 30 bash -c '{_WAITING}'"
_SMALL = (
    "portal.replicas=1,provisioner.api.replicas=1,"
    "provisioner.supervisors.installations.replicas=1,provisioner.supervisors.infrastructure.replicas=1"
)


_STORE = f"networkPolicy.egressPorts.supervisors={{5432,443,6443,{node_backing.STORE_PORT}}}"
"""Our object store is not at the port at which the page's is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """What somebody who follows the page calls."""

    helm: Path
    kubectl: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Backing:
    """What the shop stands on beside the cluster."""

    postgres: node_backing.Postgres
    object_store: s3_server.S3Server
    mailbox: customer.Mailbox
    door: node_front_door.FrontDoor


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """What is on sale, and those who use it.

    Attributes:
        reader: the vendor at a shell.
        visitor: the customer's browser.
        somebody: the customer, signed in.
    """

    site: sites.Site
    backing: Backing
    reader: readers.Reader
    visitor: browser.Browser
    somebody: customer.Customer

    async def is_served(self, url: str) -> bool:
        """Tell whether the front door has noticed the way to a page."""
        return await is_served(self.visitor, url)

    async def homes(self) -> list[str]:
        """Return the namespaces of the provisioner's installations."""
        return await _homes(self.site)


@asynccontextmanager
async def opened(site: sites.Site, programs: Programs, folder: Path) -> AsyncGenerator[Shop]:
    """Do what the page says before the customer comes, and have the customer sign up.

    Args:
        site: a free node with our image.
        programs: what is called.
        folder: where the vendor works.
    """
    reader = _reader(site, programs, folder)
    async with _backed(site, folder) as backing, _cleaned_up(site, reader, backing.door):
        await _set_up(site, backing, reader)
        async with backing.door.visitor() as visitor:
            await stages.eventually(partial(is_served, visitor, PORTAL))
            somebody = customer.Customer(visitor, PORTAL, backing.mailbox)
            await somebody.sign_up(EMAIL)
            yield Shop(site=site, backing=backing, reader=reader, visitor=visitor, somebody=somebody)


def asking(commands: str, *, way: str = "") -> str:
    """Return commands with the way to the provisioner's API before them."""
    before, _, _ = (way or PAGE.commands("5. Say where", {})).partition("tenantry cluster register")
    return f"{before}{commands}\nkill %1"


def url(name: str) -> str:
    """Return the address of a workspace."""
    return f"https://{name}.{node_front_door.DOMAIN}"


async def is_served(visitor: browser.Browser, url: str) -> bool:
    """Tell whether the front door has noticed the way to a page."""
    try:
        return (await visitor.open(url)).status == 200
    except (browser.PageUnexpectedError, aiohttp.ClientError):
        return False


def _reader(site: sites.Site, programs: Programs, folder: Path) -> readers.Reader:
    made = readers.Reader(
        folder, site.up.kubeconfig, [programs.helm, programs.kubectl, Path(sys.executable).with_name("tenantry")]
    )
    here = {"REGISTRY": sites.IMAGE.partition("/")[0], "nginx": node_front_door.CLASS}
    made.write("operator.yaml", readers.filled(PAGE.block("yaml", "facts:"), here))
    here["MAIL-HOST"] = site.up.real_node.address
    made.write("tenantry.yaml", readers.filled(PAGE.block("yaml", "addressTemplate:"), here))
    return made


@asynccontextmanager
async def _backed(site: sites.Site, folder: Path) -> AsyncGenerator[Backing]:
    """Have a database server, an object store, a mail server and a front door, all of which pods reach."""
    place = site.up.real_node
    with node_backing.postgres() as postgres, s3_server.running() as object_store:
        async with (
            node_front_door.opened(site.up, site.api, folder) as door,
            node_backing.mailbox() as kept,
            node_backing.reachable(place, _ports(postgres, object_store, kept)),
        ):
            mailbox = customer.Mailbox(f"http://{place.address}:{node_backing.MAILBOX_PORT}", kept.key)
            yield Backing(postgres=postgres, object_store=object_store, mailbox=mailbox, door=door)


def _ports(
    postgres: node_backing.Postgres, object_store: s3_server.S3Server, mailbox: node_backing.Mailbox
) -> Mapping[int, int]:
    return {
        node_backing.DATABASE_PORT: postgres.port,
        node_backing.STORE_PORT: urlsplit(object_store.endpoint).port or 0,
        node_backing.MAIL_PORT: mailbox.smtp,
        node_backing.MAILBOX_PORT: mailbox.http,
    }


async def _set_up(site: sites.Site, backing: Backing, reader: readers.Reader) -> None:
    address, door = site.up.real_node.address, backing.door
    [sql] = PAGE.blocks("sql")
    backing.postgres.run(*readers.filled(sql, {"'PASSWORD'": "'secret'"}).strip().split(";\n"))
    await reader.run(PAGE.commands("1. Install the operator", {}))
    pair = {"--cert CERTIFICATE": f"--cert {door.certificate}", "--key KEY": f"--key {door.key}"}
    here = {"PASSWORD": "secret", "DATABASE-HOST": address, "MAIL-HOST": address, **pair}
    reader.write("database-ca.pem", backing.postgres.signed_by)
    await reader.run(PAGE.commands("3. Make Secrets", here))
    once = {"--values tenantry.yaml": f"--values tenantry.yaml --set {_SMALL} --set '{_STORE}'"}
    await reader.run(PAGE.commands("4. Install portal and provisioner", once))
    with sites.scratch() as folder:
        for name, file in _FILES.items():
            sold = await sites.imaged(site.up, name, folder)
            reader.write(file, yaml.safe_dump(documents.written(sold)))
    said = await reader.run(
        PAGE.commands("5. Say where", _where(address, backing.object_store))
        + "tenantry application apply synapse.yaml --wait\n"
        + PAGE.commands("6. Put something on sale", {})
    )
    for name in _FILES:
        assert f"{name} is available" in said


def _where(address: str, object_store: s3_server.S3Server) -> Mapping[str, str]:
    """Return what the page leaves open where it says where installations run."""
    store = {"https://S3-HOST": f"http://{address}:{node_backing.STORE_PORT}"}
    key = {"=ACCESS-KEY": f"={object_store.access_key}", "=SECRET-KEY": f"={object_store.secret_key}"}
    # One small node is offered in whole installations; there is room for one of each beside our own programs.
    room = {"--max-installations 100": "--max-installations 100 --capacity cpu=4"}
    return {"DATABASE-HOST": address, "=PASSWORD": "=secret", **store, **key, **room}


@asynccontextmanager
async def _cleaned_up(
    site: sites.Site, reader: readers.Reader, door: node_front_door.FrontDoor
) -> AsyncGenerator[None]:
    """Say what everybody said where something goes wrong, and leave the cluster without installations and releases."""
    try:
        yield
    except (AssertionError, browser.PageUnexpectedError, aiohttp.ClientError, TimeoutError) as error:
        told = [await site.told(each) for each in (*await _homes(site), "tenantry", "tenantry-system")]
        told.append(await _known(reader))
        raise AssertionError("\n".join([repr(error), *told, door.told()])) from error
    finally:
        await reader.run(_uninstalled("tenantry", "tenantry"))  # first, or it would hand installations over again
        for name in await _homes(site):
            await reader.run(f"kubectl delete installations --all --namespace {name}\nkubectl delete namespace {name}")
        await reader.run(_uninstalled("tenantry-operator", "tenantry-system"))


async def _known(reader: readers.Reader) -> str:
    """Return what the provisioner knows, where it can be asked."""
    way = PAGE.commands("5. Say where", {}).replace(_WAITING, _BOUNDED)
    asked = "tenantry object-store list\ntenantry database list\ntenantry installation list -o yaml"
    try:
        return await reader.run(asking(asked, way=way))
    except AssertionError as error:
        return str(error)


def _uninstalled(release: str, namespace: str) -> str:
    """Return commands that take a release away, until none of its pods is left."""
    gone = f"helm uninstall {release} --namespace {namespace} --ignore-not-found"
    return f"{gone}\nkubectl delete namespace {namespace} --ignore-not-found"


async def _homes(site: sites.Site) -> list[str]:
    found = await site.api.items(f"{kinds.NAMESPACE.path()}?labelSelector=tenantry.dev/handed-over=true")
    return [each["metadata"]["name"] for each in found]
