"""A real front door on a real node, and a visitor before it: Traefik, which finds Ingresses by itself and has TLS."""

import json
import socket
import ssl
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import abc

from demo import browser
from tenantry.kernel import clock as clocks
from testbed import authority, passage, process
from testbed import cluster as clusters
from testbed.api import Api

CLASS = "traefik"
DOMAIN = "example.com"
_PORT = 443
_CLASSES = "/apis/networking.k8s.io/v1/ingressclasses"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontDoor:
    """Where visitors come in.

    Attributes:
        certificate, key: files of the pair for all names of the domain.
        authority: who signed it.
        log: what it says.
    """

    up: clusters.Cluster
    certificate: Path
    key: Path
    authority: str
    log: Path

    def told(self) -> str:
        """Return what it said last."""
        return "\n".join(["front door:", *self.log.read_text().splitlines()[-20:]])

    @asynccontextmanager
    async def visitor(self) -> AsyncGenerator[browser.Browser]:
        """Open a browser for which all names of the domain lead here."""
        place = self.up.real_node

        def make(_: object) -> socket.socket:
            return passage.socket_in(place.pid)

        trusted = ssl.create_default_context(cadata=self.authority)
        names = _Names(place.address)
        connector = aiohttp.TCPConnector(resolver=names, use_dns_cache=False, socket_factory=make, ssl=trusted)
        async with aiohttp.ClientSession(connector=connector, timeout=browser.TIMEOUT) as session:
            yield browser.Browser(session)


@asynccontextmanager
async def opened(up: clusters.Cluster, api: Api, folder: Path) -> AsyncGenerator[FrontDoor]:
    """Have a front door until the block ends.

    Args:
        up: a cluster with a real node.
        api: a connection as its administrator.
        folder: where the certificate and the log go.
    """
    made = _certified(up, folder)
    kind = {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": CLASS}}
    await api.apply(f"{_CLASSES}/{CLASS}", {**kind, "spec": {"controller": "traefik.io/ingress-controller"}})
    running = process.Process(
        "traefik",
        _command(made, folder),
        log=made.log,
        ready=lambda: passage.listens(up.real_node.pid, up.real_node.address, _PORT),
        entrance=up.real_node.entrance,
    )
    await running.start()
    try:
        yield made
    finally:
        await running.stop()
        await api.delete(f"{_CLASSES}/{CLASS}")


def _certified(up: clusters.Cluster, folder: Path) -> FrontDoor:
    signer = authority.Authority("front door", clocks.SystemClock())
    pair = signer.server(DOMAIN, names=[f"*.{DOMAIN}"], addresses=[])
    certificate, key = folder / "door.crt", folder / "door.key"
    certificate.write_bytes(pair.certificate)
    key.write_bytes(pair.key)
    log = folder / "traefik.log"
    return FrontDoor(up=up, certificate=certificate, key=key, authority=signer.certificate.decode(), log=log)


def _command(door: FrontDoor, folder: Path) -> list[str]:
    default = {"certFile": str(door.certificate), "keyFile": str(door.key)}
    settings = folder / "traefik-tls.yaml"
    settings.write_text(json.dumps({"tls": {"stores": {"default": {"defaultCertificate": default}}}}))
    return [
        *("/usr/bin/env", f"KUBECONFIG={door.up.kubeconfig}", str(Path(sys.executable).with_name("traefik"))),
        f"--entrypoints.websecure.address={door.up.real_node.address}:{_PORT}",
        *("--entrypoints.websecure.http.tls=true", "--entrypoints.websecure.asdefault=true"),
        *("--providers.kubernetesingress=true", f"--providers.file.filename={settings}"),
        *("--global.checknewversion=false", "--global.sendanonymoususage=false"),
    ]


class _Names(abc.AbstractResolver):
    """Leads all names of the domain to one address."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[abc.ResolveResult]:
        if not host.endswith(f".{DOMAIN}"):
            raise OSError(f"{host} is not of {DOMAIN}.")
        found = abc.ResolveResult(
            hostname=host, host=self._address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST
        )
        return [found]

    async def close(self) -> None:
        """Nothing is open."""
