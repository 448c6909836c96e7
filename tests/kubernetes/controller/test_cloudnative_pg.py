"""The self-hoster's path to a database, on a real node: CloudNativePG makes it, I Hate Money keeps its budgets there.

CloudNativePG's own operator runs in the cluster, and PostgreSQL in a pod of its.
"""

import asyncio
import dataclasses
from collections.abc import AsyncGenerator
from datetime import timedelta

import aiohttp
import pytest
import pytest_asyncio

from support import charts_site as sites
from support import node_databases as nodes
from support import operator_stage as stages
from support import operator_things as things
from tenantry.kernel import clock as clocks
from tenantry.runtime import document
from testbed import authority, building, cache, cloudnative_pg, reach
from testbed import cluster as clusters

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

OWN = "kept"
CAREFUL = "careful"
"""Roles of the Cluster, each with a database of its name."""
PREPARED = document.ConditionType.PREPARED
_APPLICATION = "ihatemoney"
_WITHIN = timedelta(seconds=90)
_ENCRYPTED = (
    "SELECT count(*) > 0 AND bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
    " WHERE datname = 'budget' AND application_name <> 'psql'"
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def databases(node_cluster: clusters.Cluster) -> AsyncGenerator[nodes.Databases]:
    kept = cache.Cache(cache.default_folder())
    try:
        building.require(cloudnative_pg.PARTS, kept)
        cloudnative_pg.find_postgres()
    except building.PartsMissingError as error:
        pytest.skip(f"{error.message} {error.advice}")
    part = stages.Part()
    name = part.namespace("databases")
    with sites.scratch() as folder:
        async with node_cluster.connected() as api:
            imaging = asyncio.create_task(sites.imaged(node_cluster, _APPLICATION, folder))
            async with cloudnative_pg.running(api, node_cluster.real_node, kept, folder) as image:
                stage = stages.Stage(node_cluster, api)
                async with stage.prepared(), nodes.namespace(api, name), stage.operator(**part.settings()):
                    planned = things.application(_APPLICATION)
                    made = nodes.Databases(up=node_cluster, api=api, namespace=name, application=planned)
                    rules = ("hostssl budget app all scram-sha-256", *nodes.ISOLATED)
                    await made.make(image, [OWN, CAREFUL], rules)
                    application = await imaging
                    await stage.offer(application)
                    yield dataclasses.replace(made, application=application)


async def page(databases: nodes.Databases, installation: str) -> str:
    """Return the first page of an installation."""
    [pod] = await databases.pods(installation)
    address = f"{pod['status']['podIP']}:{pod['spec']['containers'][0]['ports'][0]['containerPort']}"
    connector = reach.connector(databases.up.real_node)
    async with aiohttp.ClientSession(connector=connector) as session, session.get(f"http://{address}/") as answer:
        assert answer.status == 200
        return await answer.text()


async def test_an_application_keeps_its_data_there_and_takes_them_along_when_it_goes(
    databases: nodes.Databases,
) -> None:
    ordered = await databases.order("budget")
    await ordered.until(document.Phase.READY, within=_WITHIN)
    assert "ihatemoney" in (await page(databases, "budget")).lower()
    assert await databases.asked("SELECT count(*) FROM project", role="app", database="budget") == "0"
    assert await databases.asked(_ENCRYPTED, role="app", database="budget") == "t"
    await ordered.delete()
    await ordered.gone(within=_WITHIN)
    assert "budget" not in await databases.databases()


async def test_an_application_takes_nobody_for_its_server_but_whom_the_authority_signed(
    databases: nodes.Databases,
) -> None:
    stranger = authority.Authority("somebody", clocks.SystemClock()).certificate.decode()
    await databases.put("stranger", {"ca.crt": stranger})
    ordered = await databases.order("careful", secretName=nodes.role_secret(CAREFUL), caSecretName="stranger")

    async def is_refused() -> bool:
        return "certificate verify failed" in await databases.log("careful")

    await stages.eventually(is_refused, within=_WITHIN, about=ordered.get)
    await ordered.delete()
    await ordered.gone(within=_WITHIN)


async def test_a_role_is_one_installations_alone_and_data_that_are_to_stay_do(databases: nodes.Databases) -> None:
    secret = nodes.role_secret(OWN)
    ordered = await databases.order(OWN, secretName=secret, retained=True)
    await ordered.until(document.Phase.READY, within=_WITHIN)
    late = await databases.order("late", secretName=secret)
    told = await late.says(PREPARED, f"“{OWN}”", f"“{secret}”")
    assert told.reason == "DatabaseRoleTaken"
    assert "late" not in await databases.databases()
    assert "pg_hba.conf rejects" in await databases.asked("SELECT 1", role="app", database=OWN)
    assert "pg_hba.conf rejects" in await databases.asked("SELECT 1", role=OWN, database="app")
    await late.delete()
    await late.gone(within=_WITHIN)
    await ordered.delete()
    await ordered.gone(within=_WITHIN)
    assert await databases.asked("SELECT count(*) FROM project", role=OWN, database=OWN) == "0"


async def test_what_cloudnative_pg_says_against_a_database_is_passed_on(databases: nodes.Databases) -> None:
    await databases.put("unknown-role", {"username": "nobody", "password": nodes.PASSWORD})
    ordered = await databases.order("refused", secretName="unknown-role")
    told = await ordered.says(PREPARED, "role", "nobody", "does not exist")
    assert told.reason == "DatabaseRefused"
    await ordered.delete()
    await ordered.gone(within=_WITHIN)
