"""Whose a role of a database cluster is: two installations that had one role could read each other's data.

Pure. The `Database` objects of a namespace say which roles are in use. Whoever had one first keeps it, so that nobody
who serves is disturbed by somebody who comes later.
"""

from collections.abc import Iterable, Iterator

from tenantry.operator.controller import keys, seen


def holder(cluster: str, role: str, wanting: keys.Key, databases: Iterable[seen.Seen]) -> str | None:
    """Return the installation that has a role already; None where nobody else does, or did first.

    Args:
        cluster: the Cluster.
        role: a role of it.
        wanting: the installation that wants a database of this role.
        databases: what is known of Databases; those of other namespaces are of other Clusters.
    """
    found = sorted(_claimed(cluster, role, wanting.namespace, databases))
    first = next((owner for _, owner in found), wanting.name)
    return None if first == wanting.name else first


def _claimed(cluster: str, role: str, namespace: str, databases: Iterable[seen.Seen]) -> Iterator[tuple[str, str]]:
    """Yield since when which installation has the role."""
    for each in databases:
        claim = each.about.claim if isinstance(each.about, seen.Supply) else None
        if claim is None or each.owner is None or each.key.namespace != namespace:
            continue
        if (claim.cluster, claim.role) == (cluster, role):
            yield claim.since, each.owner.name
