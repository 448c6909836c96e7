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


OPERATOR = "the operator"
OPERATORS_IN_FORCE: Mapping[str, set[str]] = {
    OPERATOR: {OPERATOR, isolation.NAMES, SERVER},
    STRANGER: {isolation.NAMES, SERVER, STRANGER, _KUBELET},
}
"""The same of the operator's chart."""


async def street(site: sites.Site, kubectl: Path, home: str, stranger: tuple[str, str]) -> isolation.Street:
    """Return the pods of portal and provisioner, and what there is to reach.

    Args:
        site: where the chart is installed.
        kubectl: the program.
        home: namespace of the release.
        stranger: namespace and name of a pod under no policy.
    """
    node = site.up.real_node.address
    servers = {
        DATABASE: (node, node_backing.DATABASE_PORT),
        _ELSES_DATABASE: (node, isolation.ELSES_DATABASE),
    }
    homes = {STRANGER: (stranger[0], ""), **{each: (home, each) for each in (PORTAL, API, SUPERVISOR)}}
    return await _street(site, kubectl, homes, servers)


async def operators_street(site: sites.Site, kubectl: Path, home: str, stranger: tuple[str, str]) -> isolation.Street:
    """Return the same of the operator's chart."""
    return await _street(site, kubectl, {STRANGER: (stranger[0], ""), OPERATOR: (home, "")}, {})


async def _street(
    site: sites.Site, kubectl: Path, homes: Mapping[str, tuple[str, str]], servers: node_python.Targets
) -> isolation.Street:
    found: dict[str, tuple[str, int]] = {
        isolation.NAMES: ("kubernetes.default.svc.cluster.local", node_python.LOOKED_UP),
        SERVER: (layouts.API_SERVICE, 443),
        _KUBELET: (site.up.real_node.address, isolation.KUBELET),
        **servers,
    }
    pods: dict[str, tuple[str, str]] = {}
    for who, (namespace, component) in homes.items():
        [pod, *_] = await site.pods(namespace, component)
        pods[who] = (namespace, pod["metadata"]["name"])
        found[who] = (pod["status"]["podIP"], pod["spec"]["containers"][0]["ports"][0]["containerPort"])
    return isolation.Street(up=site.up, kubectl=kubectl, pods=pods, targets=found)
