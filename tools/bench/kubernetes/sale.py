"""Click to ready on a real node, over `kubectl apply` of the same objects: until the workspace's address answers 200.

The whole business is installed as `sell-from-kubernetes.md` says. Pairs alternate, and so does which of the two comes
first; whatever was made is gone from the node before the next measurement.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from bench import figures, shop
from bench.kubernetes import by_kubectl
from support import charts_helm, charts_site, selling
from support import operator_stage as stages
from tenantry.kubernetes import kinds
from testbed import cache, cluster, parts
from testbed.api import is_true

Moments = dict[str, float]
"""What happened → seconds after the beginning."""

_SERVED = "first 200 at the front door"
_LOOK_SECONDS = 0.05
_PATIENCE = 240


async def run(pairs: int) -> None:
    """Measure what is on sale and print the figures."""
    async with _opened() as owner:
        for product in selling.SERVED:
            await _product(owner, product, pairs)


@asynccontextmanager
async def _opened() -> AsyncGenerator[selling.Shop]:
    """Have a node on which somebody sells."""
    kept = cache.Cache(cache.default_folder())
    programs = selling.Programs(helm=charts_helm.find(), kubectl=kept.place(parts.KUBECTL) / parts.KUBECTL.name)
    with tempfile.TemporaryDirectory(prefix="tenantry-bench-", dir="/tmp") as folder, charts_site.scratch() as images:
        home, work = Path(folder), Path(folder) / "work"
        work.mkdir()
        async with cluster.running(home / "cluster", level=cluster.Level.NODE) as up, up.connected() as asked:
            helm = charts_helm.Helm(programs.helm, home / "helm", up.kubeconfig)
            image = await charts_site.our_image(up, images)
            site = charts_site.Site(up=up, api=asked, helm=helm, image=image)
            async with selling.opened(site, programs, work) as owner:
                figures.note("somebody sells on a real node")
                yield owner


async def _product(owner: selling.Shop, product: str, pairs: int) -> None:
    first, maker = await _first(owner, product)
    await _by_hand(maker, 0)  # the first of each pays for caches; they are not counted
    ours: list[Moments] = []
    theirs: list[Moments] = []
    figures.note(f"{product}: the first was served after {first[_SERVED]:.1f} s")
    for number in range(1, pairs + 1):
        for is_ours in (number % 2 == 0, number % 2 == 1):
            if is_ours:
                ours.append(await _ordered(owner, product, f"bench-{product}-{number}"))
            else:
                theirs.append(await _by_hand(maker, number))
        note = f"{ours[-1][_SERVED]:.2f} s, by kubectl {theirs[-1][_SERVED]:.2f} s"
        figures.note(f"{product} {number}/{pairs}: {note}")
    clicked = figures.Series(f"{product}: click to ready", [each[_SERVED] for each in ours])
    applied = figures.Series(f"{product}: kubectl apply to ready", [each[_SERVED] for each in theirs])
    figures.say(f"{clicked}\n{applied}\n{figures.ratio(clicked, applied)}")
    figures.say(f"where the time goes (medians, {figures.load()}):\n{_breakdown(ours, theirs)}\n")


async def _first(owner: selling.Shop, product: str) -> tuple[Moments, by_kubectl.Maker]:
    name = f"first-{product}"
    taken = await _sold(owner, product, name)
    [home] = await owner.homes()
    maker = await by_kubectl.like(owner, home)
    await _delete(owner, name)
    return taken, maker


async def _ordered(owner: selling.Shop, product: str, name: str) -> Moments:
    taken = await _sold(owner, product, name)
    await _delete(owner, name)
    return taken


async def _sold(owner: selling.Shop, product: str, name: str) -> Moments:
    """Order a workspace, and wait until its address is served."""
    path = f"/products/{product}/new"
    page = await owner.visitor.open(f"{selling.PORTAL}{path}")
    form = page.form(action=path)
    async with _served(owner, f"{selling.url(name)}{selling.SERVED[product]}") as served:
        await owner.visitor.send(page, form, name=name)
        served.moments["the portal's page is answered"] = served.after()
    return served.moments


async def _by_hand(maker: by_kubectl.Maker, number: int) -> Moments:
    async with maker.prepared(number) as made:
        path = selling.SERVED[maker.application.metadata.name]
        async with _served(maker.shop, f"{made.url}{path}") as served:
            await maker.shop.reader.run(made.command)
            served.moments["kubectl has ended"] = served.after()
        return served.moments


class _Served:
    """A start that is waited for, and what happens meanwhile."""

    def __init__(self) -> None:
        self.moments: Moments = {}
        self.begun = time.monotonic()

    def after(self) -> float:
        return time.monotonic() - self.begun


@asynccontextmanager
async def _served(owner: selling.Shop, url: str) -> AsyncGenerator[_Served]:
    """Wait, after the block, until an address that the block brings about answers; look at the cluster meanwhile."""
    before = {each["metadata"]["uid"] for each in await _seen(owner)}
    made = _Served()
    looking = asyncio.create_task(_look(owner, before, made))
    asking = asyncio.create_task(shop.until_ok(owner.visitor, url, patience=_PATIENCE))
    try:
        yield made
        made.moments[_SERVED] = await asking - made.begun
    finally:
        for each in (looking, asking):
            each.cancel()
        await asyncio.wait({looking, asking})


async def _look(owner: selling.Shop, before: set[str], made: _Served) -> None:
    """Note when what is new in the cluster was there; right to about a tenth of a second."""
    while True:
        for each in await _seen(owner):
            if each["metadata"]["uid"] not in before:
                for name in _words(each):
                    made.moments.setdefault(name, made.after())
        await asyncio.sleep(_LOOK_SECONDS)


async def _seen(owner: selling.Shop) -> list[kinds.Object]:
    asked = owner.site.api
    handed = [{**each, "kind": kinds.INSTALLATION.kind} for each in await asked.items(kinds.INSTALLATION.path())]
    return [*handed, *await asked.items(kinds.POD.path())]


def _words(each: kinds.Object) -> Sequence[str]:
    if each.get("kind") == kinds.INSTALLATION.kind:
        return ["the cluster has the document"]
    if any(owner["kind"] == kinds.JOB.kind for owner in each["metadata"].get("ownerReferences", [])):
        return ["a job's pod is made"]
    return ["the pod is made", *(["the pod is ready"] if is_true(each, "Ready") else [])]


async def _delete(owner: selling.Shop, name: str) -> None:
    deletion = f"tenantry installation delete {name} --yes --grace 0 --wait"
    await owner.reader.run(selling.asking(deletion))
    await stages.eventually(partial(_is_empty, owner), about=owner.homes)


async def _is_empty(owner: selling.Shop) -> bool:
    return await owner.homes() == []


def _breakdown(ours: Sequence[Moments], theirs: Sequence[Moments]) -> str:
    def median(taken: Sequence[Moments], name: str) -> str:
        values = [each[name] for each in taken if name in each]
        return f"{statistics.median(values):.2f} s" if values else ""

    names = {name: seconds for each in (*theirs, *ours) for name, seconds in each.items()}
    ordered = sorted(names, key=names.__getitem__)
    return figures.table(
        [
            ("until", "click", "kubectl apply"),
            *((name, median(ours, name), median(theirs, name)) for name in ordered),
        ]
    )
