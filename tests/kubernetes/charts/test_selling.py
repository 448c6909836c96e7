"""The page that leads from an empty cluster to the first customer: followed, and then the customer comes."""

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from demo import budget, customer, matrix
from support import charts_site as sites
from support import operator_stage as stages
from support import s3_server, selling
from tenantry.provisioner.adapters.s3 import connection

pytestmark = pytest.mark.timeout(900)

NAMES = {"ihatemoney": "trip", "synapse": "chat"}


async def test_the_page_leads_to_a_customer_who_uses_what_they_ordered(
    site: sites.Site, helm_program: Path, kubectl: Path, tmp_path: Path
) -> None:
    programs = selling.Programs(helm=helm_program, kubectl=kubectl)
    async with selling.opened(site, programs, tmp_path) as shop:
        shared = await obtained(shop, "ihatemoney")
        password = (await shop.somebody.reveal(shared)).password
        await budget.split_a_bill(shop.visitor, shared.url, email=selling.EMAIL, admin_password=password)
        talked = await obtained(shop, "synapse")
        posted = await matrix.chat(shop.visitor, talked.url, await shop.somebody.reveal(talked))
        assert posted.picture in await stored(shop.backing.object_store)
        await afterwards(shop)


async def obtained(shop: selling.Shop, product: str) -> customer.Workspace:
    """Order a product, follow its page until it is ready, and wait until its address is served."""
    name = NAMES[product]
    ready = await shop.somebody.until_ready(await shop.somebody.order(product, name), patience=240)
    assert ready.url == selling.url(name)
    await stages.eventually(partial(shop.is_served, f"{ready.url}{selling.SERVED[product]}"))
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


async def afterwards(shop: selling.Shop) -> None:
    """Look at it as the page's vendor does."""
    listed = await shop.reader.run(selling.PAGE.commands("7. Be the first customer", {}))
    ready = {line.split()[0] for line in listed.splitlines() if " Ready " in line}
    assert len(ready) == len(NAMES)
    assert ready == set(await shop.homes())
