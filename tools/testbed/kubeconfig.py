"""Kubeconfig files: how programs are told where the API server is and who they are. Pure text, whole in one file."""

import base64
from dataclasses import dataclass, field

import yaml

from testbed import authority


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A bearer token."""

    value: str = field(repr=False)


Credential = Token | authority.Pair


def render(endpoint: str, ca: bytes, credential: Credential, *, namespace: str = "default") -> str:
    """Return a kubeconfig with one cluster and one user.

    Args:
        endpoint: URL of the API server.
        ca: certificate of its authority, as PEM.
        credential: who asks.
        namespace: where commands act that name none.
    """
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "test", "cluster": {"server": endpoint, "certificate-authority-data": _encoded(ca)}}],
            "users": [{"name": "test", "user": _user(credential)}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test", "namespace": namespace}}],
            "current-context": "test",
        },
        sort_keys=False,
    )


def _user(credential: Credential) -> dict[str, str]:
    match credential:
        case Token():
            return {"token": credential.value}
        case authority.Pair():
            return {
                "client-certificate-data": _encoded(credential.certificate),
                "client-key-data": _encoded(credential.key),
            }


def _encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()
