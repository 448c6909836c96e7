"""The commands about a cluster's operator, and what is known of a cluster."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from support import stage as stages
from support import things

Run = Callable[..., Awaitable[Any]]

FIELD = {"path": "spec.replicas", "before": 1, "after": 2}
CHANGED: dict[str, Any] = {
    "change": "changed",
    "kind": "Deployment",
    "namespace": "home",
    "name": "x",
    "fields": [FIELD],
}
MADE: dict[str, Any] = {"change": "made", "kind": "ClusterRole", "namespace": None, "name": "y", "fields": []}


async def test_only_what_was_said_is_sent(stage: stages.Stage, run: Run, tmp_path: Path) -> None:
    facts = tmp_path / "facts.yaml"
    facts.write_text("issuer: letsencrypt\n")
    stage.answers = [stages.json(things.operator())]
    ended = await run("cluster", "manage", "eu-1", "--version", "own", "--image", "r/t", "--facts", str(facts))
    assert ended.out == "The operator of eu-1 is upgrading.\n"
    body = orjson.loads(stage.received[0].body)
    assert body == {"version": None, "image": "r/t", "facts": {"issuer": "letsencrypt"}}


@pytest.mark.parametrize("text", ["- a\n", "a: [\n"])
async def test_facts_that_are_none_are_refused(stage: stages.Stage, run: Run, tmp_path: Path, text: str) -> None:
    facts = tmp_path / "facts.yaml"
    facts.write_text(text)
    ended = await run("cluster", "manage", "eu-1", "--facts", str(facts))
    assert ended.code != 0
    assert "facts.yaml" in ended.err
    assert stage.received == []


@pytest.mark.parametrize("command", [["manage", "eu-1", "--take-over"], ["upgrade", "eu-1"]], ids=str)
async def test_a_preview_tells_every_field(stage: stages.Stage, run: Run, command: list[str]) -> None:
    stage.answers = [stages.json(things.operator_preview(CHANGED, MADE, message="It waits."))]
    ended = await run("cluster", *command, "--preview")
    lines = ended.out.splitlines()
    assert lines[0] == "eu-1: tenantry:1.1.0, 1 would be made, 1 would be changed."
    assert lines[1] == "Not now: It waits."
    assert lines[3].split() == ["changed", "Deployment", "home/x", "spec.replicas", "1", "2"]
    assert lines[4].split()[:3] == ["made", "ClusterRole", "y"]
    assert stage.received[0].path == "/v1/clusters/eu-1/operator/preview"


async def test_a_preview_of_nothing_says_so(stage: stages.Stage, run: Run) -> None:
    stage.answers = [stages.json(things.operator_preview())]
    ended = await run("cluster", "upgrade", "eu-1", "--preview")
    assert ended.out == "eu-1: tenantry:1.1.0, nothing would change.\n"


async def test_what_a_cluster_has_is_shown(stage: stages.Stage, run: Run) -> None:
    facts = {
        "kind": "kubernetes",
        "version": "v1.37.2",
        "cpuMillis": 8000,
        "memoryBytes": 1 << 34,
        "pods": 220,
        "nodes": [{"count": 2, "cpuMillis": 4000, "memoryBytes": 1 << 33, "pods": 110}],
        "zones": ["eu-1a", "eu-1b"],
        "storageClasses": [{"name": "fast", "isDefault": True}, {"name": "slow"}],
        "addOns": [
            {"name": "cert-manager", "version": "v1.18.2", "namespace": "certs", "manager": "Helm"},
            {"name": "metrics-server", "state": "missing", "advice": "Install it."},
        ],
    }
    stage.answers = [stages.json(things.cluster("eu-1", kind="kubernetes", facts=facts))]
    ended = await run("cluster", "show", "eu-1")
    told = [" ".join(line.split()) for line in ended.out.splitlines()]
    assert "version: v1.37.2" in told
    assert "room: 8 cpu, 16 GiB memory, 220 pods" in told
    assert "zones: eu-1a, eu-1b" in told
    assert "storage classes: fast (default), slow" in told
    assert "add-ons: cert-manager v1.18.2 (Helm, certs)" in told
    assert "metrics-server: missing" in told
    assert "advice: Install it." in told
