"""Golden files: every object of the example applications as YAML. `make golden` renews them.

Whoever changes how objects are made sees in the difference what that means in a cluster.
"""

import itertools
import json
from collections.abc import Iterable
from typing import Any

import yaml

from support import operator_things as things
from tenantry.application import rendering
from tenantry.operator.render import installation, jobs
from tenantry.operator.render.wanted import Wanted

FOLDER = things.ROOT / "tests/unit/operator/render/golden"
APPLICATIONS = ("ihatemoney", "synapse")
CLUSTERS = {"full": things.EVERYTHING, "plain": things.PLAIN}
NAMES = ["-".join(parts) for parts in itertools.product(APPLICATIONS, CLUSTERS, ("awake", "asleep"))]
"""The golden files."""


def case(name: str) -> Wanted:
    """Return what a golden file is rendered from: `APPLICATION-CLUSTER-STATE`."""
    application, cluster, state = name.split("-")
    make = things.asleep if state == "asleep" else things.wanted
    return make(things.application(application), facts=CLUSTERS[cluster])


def objects(wanted: Wanted) -> list[dict[str, Any]]:
    """Return all objects of an installation, and its jobs while it is awake."""
    found = list(installation.render(wanted))
    if wanted.is_awake:
        found += [jobs.render(wanted, name) for name, _ in rendering.declared_jobs(wanted.application.spec.jobs)]
    return found


def text(found: Iterable[dict[str, Any]]) -> str:
    """Return objects as a golden file has them."""
    copies = [json.loads(json.dumps(each)) for each in found]  # a part that is there twice is written twice
    return yaml.safe_dump_all(copies, sort_keys=False, allow_unicode=True, width=120)


def write() -> None:
    """Renew every golden file."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        (FOLDER / f"{name}.yaml").write_text(text(objects(case(name))), encoding="utf-8")


if __name__ == "__main__":
    write()
