"""The self-hoster's page, from nothing to a running Synapse: its commands and its YAML, as they stand there.

Left out are those that need a container engine, a registry or PostgreSQL's own programs; placeholders get values.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from support import charts_reader as readers
from support import charts_site as sites
from support import node_backing
from tenantry.kubernetes import documents, kinds

pytestmark = pytest.mark.timeout(900)

PAGE = readers.Page("self-host.md")
HOME = "tenantry-system"
_INLINE = re.compile(r"`(kubectl [^`]+)`")


def files() -> Mapping[str, str]:
    """Return the files that the page shows: the chart's values, and the installation."""
    return {"operator.yaml": PAGE.block("yaml", "facts:"), "chat.yaml": PAGE.block("yaml", "kind: Installation")}


def secrets(site: sites.Site) -> Mapping[str, str]:
    """Return values for the placeholders of the Secrets, and a mail server that is not asked for anything."""
    bucket, host = node_backing.bucket(site.up.real_node), site.up.real_node.address
    return {
        "region=us-east-1 --from-literal=name=chat": f"region={bucket['region']} --from-literal=name={bucket['name']}",
        "https://S3-HOST": bucket["endpoint"],
        "ACCESS-KEY": bucket["accessKey"],
        "SECRET-KEY": bucket["secretKey"],
        "DATABASE-HOST": host,
        "MAIL-HOST": host,
        "PASSWORD": "secret",
    }


async def test_the_page_leads_to_a_running_synapse(
    site: sites.Site, postgres: node_backing.Postgres, helm_program: Path, kubectl: Path, tmp_path: Path
) -> None:
    reader = readers.Reader(tmp_path, site.up.kubeconfig, [helm_program, kubectl])
    for name, text in files().items():
        reader.write(name, text.replace("REGISTRY", sites.IMAGE.partition("/")[0]))
    await reader.run(PAGE.commands("1. Install the operator", {}))
    with sites.scratch() as folder:
        synapse = await sites.imaged(site.up, "synapse", folder)
    assert synapse.spec.needs.database is not None
    postgres.create("chat", synapse.spec.needs.database)
    reader.write("database-ca.pem", postgres.signed_by)
    reader.write("application.yaml", yaml.safe_dump(documents.written(synapse)))
    await reader.run(PAGE.commands("2. Give it an application", {}))
    async with node_backing.object_store() as store:
        ports = {node_backing.DATABASE_PORT: postgres.port, node_backing.STORE_PORT: store}
        async with node_backing.reachable(site.up.real_node, ports):
            await reader.run(PAGE.commands("3. Make what the installation refers to", secrets(site)))
            await serves(site, reader)
            await afterwards(site, reader)


async def serves(site: sites.Site, reader: readers.Reader) -> None:
    try:
        said = await reader.run(PAGE.commands("4. Order the installation", {}))
    except AssertionError as error:
        raise AssertionError(f"{error}\n{await site.told('chat')}") from None
    assert "condition met" in said
    password = said.rstrip().splitlines()[-1]
    assert re.search(r"[0-9a-f]{20}$", password)
    status, text = await site.fetched(f"http://{await site.address('chat')}/_matrix/client/versions")
    assert (status, "v1.11" in text) == (200, True)


async def afterwards(site: sites.Site, reader: readers.Reader) -> None:
    """Do what the last table says: look, sleep, and remove, which keeps the volume."""
    look, sleep, remove = _INLINE.findall(PAGE.text.partition("## Afterwards")[2])
    assert "Ready" in await reader.run(look)
    await reader.run(sleep)
    await reader.run(
        "kubectl --namespace chat wait installation/chat --for=jsonpath={.status.phase}=Asleep --timeout=2m"
    )
    await reader.run(remove)
    assert await site.api.items(kinds.VOLUME_CLAIM.path("chat")) != []
    await reader.run(f"helm uninstall tenantry-operator --namespace {HOME} --wait")
