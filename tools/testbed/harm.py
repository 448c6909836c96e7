"""What befalls a real node: it stands still as a whole, or its way to the API server is cut. Each ends with a block."""

import contextlib
from collections.abc import AsyncGenerator, Generator

from testbed import cluster, inside, layout

_PROGRAMS = ("kubelet", "containerd", "kube-proxy", "kube-router")
_TABLE = "cut"


@contextlib.contextmanager
def frozen(up: cluster.Cluster) -> Generator[None]:
    """Let the programs of the node and all of its pods stand still, as a machine does that has no memory left."""
    groups = [group / "kubepods" / "freezer.state" for group in up.real_node.groups]
    states = [each for each in groups if each.exists()]
    for each in _PROGRAMS:
        up.programs.freeze(each)
    for each in states:
        each.write_text("FROZEN")
    try:
        yield
    finally:
        for each in states:
            each.write_text("THAWED")
        for each in _PROGRAMS:
            up.programs.thaw(each)


@contextlib.asynccontextmanager
async def cut(up: cluster.Cluster) -> AsyncGenerator[None]:
    """Let nothing from the node and its pods reach the API server, as if somebody pulled a cable; pods go on."""
    place, port = up.real_node, layout.NODE_API_PORT
    await inside.run(place, ["nft", f"add table inet {_TABLE}"])
    try:
        await inside.run(place, ["nft", f"add chain inet {_TABLE} in {{ type filter hook input priority 0; }}"])
        await inside.run(place, ["nft", f"add rule inet {_TABLE} in ip daddr {place.address} tcp dport {port} drop"])
        yield
    finally:
        await inside.run(place, ["nft", f"delete table inet {_TABLE}"])
