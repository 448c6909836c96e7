"""The installation's own database on a `Cluster` of CloudNativePG: a `Database`, owned by a role of its own."""

from typing import Any

from tenantry.kubernetes import kinds
from tenantry.operator.render import clustered, frame, objects
from tenantry.runtime import document


def render(framed: frame.Frame) -> list[objects.Object]:
    """Return the Database, where one is needed and a Cluster is named."""
    spec = framed.wanted.installation.spec
    need, given = framed.spec.needs.database, clustered.handover(framed.wanted)
    if spec.database_cluster is None or given is None or need is None:
        return []
    is_retained = spec.deletion_policy is document.DeletionPolicy.RETAIN
    made: dict[str, Any] = {
        "cluster": {"name": spec.database_cluster.name},
        "name": given["name"],
        "owner": given["user"],
        # Only from this template may the locale be another than the Cluster's.
        "template": "template0",
        "encoding": need.encoding,
        "locale": need.locale,
        "connectionLimit": need.connections,
        "databaseReclaimPolicy": "retain" if is_retained else "delete",
    }
    if need.extensions:
        made["extensions"] = [{"name": each} for each in need.extensions]
    return [objects.make(framed.wanted, kinds.DATABASE, framed.name(), {"spec": made})]
