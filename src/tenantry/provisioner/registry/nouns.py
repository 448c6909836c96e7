"""The three kinds of registered things, and how each travels."""

import hashlib
from collections.abc import Callable, Mapping

import orjson
from sqlalchemy import RowMapping

from tenantry.engine import columns
from tenantry.provisioner import tables
from tenantry.provisioner.events import model as event_model
from tenantry.provisioner.registry import store
from tenantry.wire import infrastructure as wire

CLUSTERS = store.Noun(
    kind=event_model.SubjectKind.CLUSTER,
    queue=tables.CLUSTERS_QUEUE,
    taken_by=tables.INSTALLATIONS.c.cluster_id,
    prefix="clu",
)
DATABASE_SERVERS = store.Noun(
    kind=event_model.SubjectKind.DATABASE_SERVER,
    queue=tables.DATABASE_SERVERS_QUEUE,
    taken_by=tables.LOGICAL_DATABASES.c.server_id,
    prefix="dbs",
)
OBJECT_STORES = store.Noun(
    kind=event_model.SubjectKind.OBJECT_STORE,
    queue=tables.OBJECT_STORES_QUEUE,
    taken_by=tables.BUCKETS.c.store_id,
    prefix="obs",
)


def cluster(row: RowMapping) -> wire.Cluster:
    """Return a cluster as clients see it; its kubeconfig stays here."""
    return wire.Cluster.model_validate({**_public(row), "installations": row["taken"], "etag": etag(row)})


def database_server(row: RowMapping) -> wire.DatabaseServer:
    """Return a database server as clients see it; its password stays here."""
    return wire.DatabaseServer.model_validate({**_public(row), "databases": row["taken"], "etag": etag(row)})


def object_store(row: RowMapping) -> wire.ObjectStore:
    """Return an object store as clients see it; its administrator's key stays here."""
    return wire.ObjectStore.model_validate({**_public(row), "buckets": row["taken"], "etag": etag(row)})


Registered = wire.Cluster | wire.DatabaseServer | wire.ObjectStore


def seen(noun: store.Noun, row: RowMapping) -> Registered:
    """Return one as clients see it."""
    return _VIEWS[noun.kind](row)


_VIEWS: Mapping[event_model.SubjectKind, Callable[[RowMapping], Registered]] = {
    CLUSTERS.kind: cluster,
    DATABASE_SERVERS.kind: database_server,
    OBJECT_STORES.kind: object_store,
}

_FOUND_OUT = {
    "status",
    "reason",
    "message",
    "facts",
    "version",
    "taken",
    *(each.name for each in columns.work_columns()),
}
"""What is found out, and whose turn it is: nobody's wish."""


def etag(row: RowMapping) -> str:
    """Return the strong validator of what a client may change: a digest of all that was ever said of it."""
    said = {str(key): value for key, value in row.items() if key not in _FOUND_OUT}
    digest = hashlib.sha256(orjson.dumps(said, default=bytes.hex, option=orjson.OPT_SORT_KEYS))
    return f'"{digest.hexdigest()[:20]}"'


_HIDDEN = {"kubeconfig", "password", "user", "access_key", "secret_key"}


def _public(row: RowMapping) -> dict[str, object]:
    return {key: value for key, value in row.items() if key not in _HIDDEN}
