"""Tokens of service accounts, so that a test may run as exactly one role: what it may, and nothing else."""

from datetime import timedelta
from pathlib import Path

from testbed import api, cluster, kubeconfig
from testbed import layout as layouts

LIFETIME = timedelta(hours=1)


async def token(asked: api.Api, namespace: str, name: str, *, lifetime: timedelta = LIFETIME) -> str:
    """Return a token of a service account that exists.

    Args:
        asked: a connection as somebody who may.
        namespace: of the account.
        name: of the account.
        lifetime: of the token; ten minutes at least.

    Raises:
        ApiError: there is no such account, or we may not.
    """
    body = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": int(lifetime.total_seconds())},
    }
    made = await asked.create(f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token", body)
    return made["status"]["token"]


async def write_kubeconfig(up: cluster.Cluster, namespace: str, name: str) -> Path:
    """Write a kubeconfig of a service account that exists, beside the administrator's, and return its file.

    Raises:
        ApiError: there is no such account.
    """
    async with up.connected() as asked:
        credential = kubeconfig.Token(value=await token(asked, namespace, name))
    file = up.kubeconfig.with_name(f"{namespace}-{name}.kubeconfig")
    layouts.write_secret(file, kubeconfig.render(up.endpoint, up.ca, credential, namespace=namespace))
    return file
