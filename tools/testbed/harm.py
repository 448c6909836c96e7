"""What befalls a real node: it stands still as a whole, until a block ends."""

import contextlib
from collections.abc import Generator

from testbed import cluster

_PROGRAMS = ("kubelet", "containerd", "kube-proxy", "coredns")


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
