"""Charts whose programs really run: our own image, made on the spot, as pods on the real node.

The application of the operator's test is one whose only program is the Python of that image.
"""

import json
import tarfile
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

import charts
from support import charts_isolation, isolation, node_backing
from support import charts_site as sites
from support import operator_stage as stages
from tenantry.application import manifest, needs
from tenantry.kernel import randomness
from tenantry.kubernetes import documents, kinds
from tenantry.runtime import document
from testbed import archive
from testbed.api import is_true

pytestmark = pytest.mark.timeout(600)

OPERATOR, TENANTRY = charts.OPERATOR, charts.TENANTRY
KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
SCOPES = ("applications:read", "installations:read", "installations:write", "installations:credentials", "events:read")
ONE_OF_EACH = [
    f"{each}.replicas=1"
    for each in (
        *("portal", "provisioner.api"),
        *(f"provisioner.supervisors.{group}" for group in ("installations", "infrastructure")),
    )
]


def hello(site: sites.Site) -> manifest.Application:
    """Return an application that serves a folder of our image."""
    command = ["python3", "-m", "http.server", "--directory", "/etc", "--bind", "{{ listen.host }}", "{{ ports.http }}"]
    web = {"name": "web", "command": command, "ports": [{"name": "http"}], "readiness": {"http": {"port": "http"}}}
    versions = [{"version": "1.0", "image": site.image.reference}]
    return stages.application("hello", versions=versions, files=[], settings={}, workloads=[web])


def members(file: Path) -> Iterator[tarfile.TarInfo]:
    """Yield everything that an image's layers hold."""
    with tarfile.open(file) as whole:
        index = json.loads(content(whole, "index.json"))
        manifest = json.loads(content(whole, blob(index["manifests"][0]["digest"])))
        for layer in manifest["layers"]:
            with tarfile.open(fileobj=whole.extractfile(blob(layer["digest"]))) as inside:
                yield from inside


def blob(digest: str) -> str:
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"


def content(whole: tarfile.TarFile, name: str) -> bytes:
    found = whole.extractfile(name)
    assert found is not None
    return found.read()


def test_the_image_has_no_program_but_python(our_image: archive.Written) -> None:
    found = list(members(our_image.file))
    programs = {each.name for each in found if each.name.startswith(("usr/bin/", "usr/sbin/", "usr/local/bin/"))}
    assert {name.rpartition("/")[2].rstrip("0123456789.") for name in programs} == {"python"}
    assert [each.name for each in found if each.mode & 0o6000] == []
    assert [each.name for each in found if each.mode & 0o002 and not each.issym()] == ["tmp"]
    assert {(each.uid, each.gid) for each in found} == {(0, 0)}


async def test_the_operator_runs_and_makes_an_installation(site: sites.Site, python_image: str, kubectl: Path) -> None:
    home = await site.namespace()
    await site.install(OPERATOR, home)
    async with standing_by(site, python_image) as stranger:
        street = await charts_isolation.operators_street(site, kubectl, home, stranger)
        await street.comes_to(charts_isolation.OPERATORS_IN_FORCE)
    await site.api.apply(kinds.APPLICATION.path(None, "hello"), documents.written(hello(site)))
    ordered = await stages.Stage(site.up, site.api).order("hello", namespace=stages.fresh("acme"))
    await ordered.until(document.Phase.READY)
    status, page = await site.fetched(f"http://{await site.address(ordered.namespace)}/")
    assert (status, "passwd" in page) == (200, True)
    await goes_on_without_an_operator(site, home, ordered)


async def goes_on_without_an_operator(site: sites.Site, home: str, ordered: stages.Ordered) -> None:
    """An installation runs while there is no operator, and is taken away by the next one."""
    await site.uninstall(home)
    [pod] = await site.pods(ordered.namespace)
    assert is_true(pod, "Ready")
    await ordered.delete()
    await site.install(OPERATOR, home, "replicas=1")
    await ordered.gone()
    await site.uninstall(home)


async def test_portal_and_provisioner_run_and_reach_what_they_need_alone(
    site: sites.Site, postgres: node_backing.Postgres, python_image: str, kubectl: Path
) -> None:
    """An upgrade takes the policies away, and the same connections come about."""
    home, place = await site.namespace(), site.up.real_node
    await make_secrets(site, home, postgres)
    ports = {node_backing.DATABASE_PORT: postgres.port, isolation.ELSES_DATABASE: postgres.port}
    async with node_backing.reachable(place, ports), standing_by(site, python_image) as stranger:
        await site.install(TENANTRY, home, *ONE_OF_EACH)
        await serves(site, home)
        street = await charts_isolation.street(site, kubectl, home, stranger)
        await street.comes_to(charts_isolation.IN_FORCE)
        await site.install(TENANTRY, home, *ONE_OF_EACH, "networkPolicy.enabled=false", verb="upgrade")
        await serves(site, home)
        await street.comes_to(dict.fromkeys(charts_isolation.IN_FORCE, charts_isolation.EVERYTHING))
        await site.uninstall(home)


def standing_by(site: sites.Site, image: str) -> AbstractAsyncContextManager[tuple[str, str]]:
    """Have a stranger's pod there for the block."""
    return isolation.standing(stages.Stage(site.up, site.api), image, charts_isolation.STRANGER)


async def serves(site: sites.Site, home: str) -> None:
    portal = f"http://{await site.address(home, 'portal')}"
    assert (await site.fetched(f"{portal}/"))[0] == 200

    async def reached() -> bool:
        return json.loads((await site.fetched(f"{portal}/ready"))[1])["provisioner"] == "reached"

    await stages.eventually(reached, about=lambda: site.told(home))
    for group in ("installations", "infrastructure"):
        supervisor = await site.address(home, f"supervisor-{group}")
        assert (await site.fetched(f"http://{supervisor}/ready"))[0] == 200


async def make_secrets(site: sites.Site, home: str, postgres: node_backing.Postgres) -> None:
    """Make the databases, and the Secrets that the chart's README asks for."""
    secret, token = (randomness.SystemRandomness().token_bytes(32).hex() for _ in range(2))
    tokens = json.dumps([{"name": "portal", "secret": token, "scopes": SCOPES}])
    given = {
        "portal": {"secret": secret, "provisioner-token": token},
        "provisioner": {"keys": KEY, "bootstrap-tokens.json": tokens},
    }
    for name, content in given.items():
        postgres.create(name, needs.DatabaseNeed())
        url = node_backing.database(site.up.real_node, name)["url"].replace("postgresql://", "postgresql+psycopg://")
        await site.put_secret(home, f"tenantry-{name}", {**content, "database-url": url})
