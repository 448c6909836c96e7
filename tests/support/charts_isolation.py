"""The pods of an installed chart and a stranger's, and what each of them could try to reach."""

from collections.abc import Mapping
from pathlib import Path

from support import charts_site as sites
from support import isolation, node_backing, node_python
from testbed import layout as layouts

PORTAL, API, SUPERVISOR, STRANGER = "portal", "api", "supervisor-installations", "stranger"
SERVER, DATABASE = "the API server", "the database"
_ELSES_DATABASE, _KUBELET = "somebody else's database", "the kubelet"
EVERYTHING = {isolation.NAMES, SERVER, DATABASE, _ELSES_DATABASE, _KUBELET, PORTAL, API, SUPERVISOR, STRANGER}
IN_FORCE: Mapping[str, set[str]] = {
    PORTAL: {PORTAL, isolation.NAMES, DATABASE, API},
    API: {API, isolation.NAMES, DATABASE, SERVER},
    SUPERVISOR: {SUPERVISOR, isolation.NAMES, DATABASE, SERVER},
    STRANGER: EVERYTHING - {API, SUPERVISOR},
}
"""What each reaches where no front door is named. Whoever is asked for its own address asks itself."""


async def street(site: sites.Site, kubectl: Path, home: str, stranger: tuple[str, str]) -> isolation.Street:
    """Return the pods, and what there is to reach.

    Args:
        site: where the chart is installed.
        kubectl: the program.
        home: namespace of the release.
        stranger: namespace and name of a pod under no policy.
    """
    node = site.up.real_node.address
    found: dict[str, tuple[str, int]] = {
        isolation.NAMES: ("kubernetes.default.svc.cluster.local", node_python.LOOKED_UP),
        SERVER: (layouts.API_SERVICE, 443),
        DATABASE: (node, node_backing.DATABASE_PORT),
        _ELSES_DATABASE: (node, isolation.ELSES_DATABASE),
        _KUBELET: (node, isolation.KUBELET),
    }
    pods = {STRANGER: stranger}
    for who in (PORTAL, API, SUPERVISOR):
        [pod] = await site.pods(home, who)
        pods[who] = (home, pod["metadata"]["name"])
    for who, (namespace, _) in pods.items():
        host, port = (await site.address(namespace, "" if who == STRANGER else who)).split(":")
        found[who] = (host, int(port))
    return isolation.Street(up=site.up, kubectl=kubectl, pods=pods, targets=found)
