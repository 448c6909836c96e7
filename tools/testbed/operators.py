"""Our operator on a test cluster: our kinds, the operator's account with exactly its role, and the program itself."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from tenantry.operator.controller import roles
from tenantry.operator.resources import definitions as own
from testbed import accounts, api, cluster, definitions

HOME = "tenantry-operator"
"""The namespace of its account and its Lease."""
ACCOUNT = "operator"
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_AT_HOME = f"{_RBAC}/namespaces/{HOME}"
_ROLES = tuple(
    f"{place}/{kind}/{roles.NAME}"
    for place, listed in ((_RBAC, ("clusterroles", "clusterrolebindings")), (_AT_HOME, ("roles", "rolebindings")))
    for kind in listed
)


async def clear(asked: api.Api) -> None:
    """Take the roles away again, for whoever installs them otherwise.

    Raises:
        ApiError: we may not.
    """
    for each in _ROLES:
        if await asked.has(each):
            await asked.delete(each)


async def prepare(asked: api.Api) -> None:
    """Install our definitions, the role and the account.

    Raises:
        ApiError: we may not.
    """
    await definitions.apply(asked, [own.application(), own.installation()])
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": HOME}}
    await asked.apply(f"/api/v1/namespaces/{HOME}", space)
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT, "namespace": HOME}}
    await asked.apply(f"/api/v1/namespaces/{HOME}/serviceaccounts/{ACCOUNT}", account)
    for where, role in ((_RBAC, roles.cluster_role()), (_AT_HOME, roles.home_role())):
        kind, name = role["kind"], role["metadata"]["name"]
        await asked.apply(f"{where}/{kind.lower()}s/{name}", role)
        subject = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": HOME}
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name}
        binding = {"apiVersion": role["apiVersion"], "kind": f"{kind}Binding", "metadata": {"name": name}}
        binding |= {"roleRef": reference, "subjects": [subject]}
        await asked.apply(f"{where}/{kind.lower()}bindings/{name}", binding)


@asynccontextmanager
async def running(
    up: cluster.Cluster, listen: str, settings: Mapping[str, str] = {}
) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Run an operator as a program of its own under exactly its role, and kill it in the end.

    Args:
        up: a prepared cluster.
        listen: address and port of health and metrics.
        settings: further variables of its environment.
    """
    kubeconfig = await accounts.write_kubeconfig(up, HOME, ACCOUNT)
    given = {"KUBECONFIG": str(kubeconfig), "TENANTRY_OPERATOR_LISTEN": listen, **settings}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tenantry.operator.server", env={**os.environ, **given}, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
