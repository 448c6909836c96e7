"""An installation of every kind of object that the operator makes, and a cluster that has the kinds of others."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from support import operator_stage as stages
from tenantry.application import manifest
from testbed import cache, definitions, parts, tiny
from testbed import cluster as clusters

GATEWAY: dict[str, Any] = {
    "front_door": {"name": "front-door", "namespace": "front-door", "section": "https", "accepts_listeners": True},
    "domains": ["example.com"],
    "issuer": "letsencrypt",
}
"""Facts of a cluster whose front door is a Gateway."""

INGRESS: dict[str, Any] = {
    "front_door": {"class_name": "nginx", "controller": "k8s.io/ingress-nginx"},
    "domains": ["example.com"],
    "issuer": "letsencrypt",
}
"""Facts of a cluster whose front door is an Ingress controller."""

TIDY = ["tidy", "{{ secrets.adminPassword }}", "{{ volumes.data }}"]

SPEC: dict[str, Any] = {"hosts": ["acme.example.com", "team.acme.org"]}
"""What an installation asks for that needs a certificate of its own."""


def application(name: str) -> manifest.Application:
    """Return the tiny application with all that makes an object of its own: a volume, scale, metrics, a schedule."""
    web, clock = tiny.MANIFEST["spec"]["workloads"]
    little = {"cpu": "10m", "memory": "16Mi"}
    scaled = {**little, "replicas": 2, "scale": {"upTo": 4}}
    return stages.application(
        name,
        workloads=[
            {**web, "metrics": {"port": "http"}},
            {**clock, "command": ["tick", "{{ volumes.data }}"], "volumes": [{"name": "data"}]},
        ],
        needs={"volumes": [{"name": "data", "size": "1Gi"}]},
        jobs={"scheduled": [{"name": "tidy", "schedule": "*/5 * * * *", "timeZone": "Europe/Berlin", "command": TIDY}]},
        sizes=[{"name": "small", "workloads": {"web": scaled, "clock": little}}],
    )


def facts_file(folder: Path, facts: dict[str, Any]) -> Path:
    """Write facts where an operator reads them."""
    file = folder / "facts.yaml"
    file.write_text(yaml.safe_dump(facts), encoding="utf-8")
    return file


@asynccontextmanager
async def furnished(folder: Path, kept: cache.Cache) -> AsyncGenerator[stages.Stage]:
    """Bring a cluster up that has the kinds of others, made ready for the operator."""
    async with clusters.running(folder, nodes=2) as up, up.connected() as api:
        for part in parts.DEFINITIONS:
            await definitions.apply(api, definitions.read(kept.place(part)))
        stage = stages.Stage(up, api)
        await stage.prepare()
        yield stage
