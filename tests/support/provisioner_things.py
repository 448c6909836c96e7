"""Installations as values, for tests of pure decisions."""

from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import fernet

from support import tiny
from tenantry.application import manifest
from tenantry.kernel import clock, ids, randomness
from tenantry.provisioner import context, vault
from tenantry.provisioner.installations import model
from tenantry.runtime import document
from tenantry.wire.installations import Status, Target

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
VAULT = vault.Vault([fernet.Fernet.generate_key()])
LOCK = {"pip": {"lock": "tiny==1.0 --hash=sha256:00"}}


def application(**changes: Any) -> manifest.Application:
    spec: dict[str, Any] = {
        "needs": {"database": {}, "bucket": {}, "mail": {}, "volumes": [{"name": "data"}]},
        **changes,
    }
    return tiny.application(**spec)


def surroundings(**changes: Any) -> context.Context:
    time, chance = clock.ManualClock(NOON), randomness.SeededRandomness(1)
    given: dict[str, Any] = {
        "clock": time,
        "identifiers": ids.UlidIdentifiers(time, chance),
        "randomness": chance,
        "vault": VAULT,
        "address_template": "http://{name}.localhost:8080",
        **changes,
    }
    return context.Context(**given)


def database(*, is_ready: bool = True) -> model.LogicalDatabase:
    return model.LogicalDatabase(
        id=ids.LogicalDatabaseId("ldb-1"),
        server_id=ids.DatabaseServerId("dbs-1"),
        name="t_1",
        password=VAULT.seal("database-secret/+"),
        host="db.local",
        port=5432,
        ssl_mode="require",
        is_ready=is_ready,
    )


def bucket(*, is_ready: bool = True) -> model.Bucket:
    return model.Bucket(
        id=ids.BucketId("bkt-1"),
        store_id=ids.ObjectStoreId("obs-1"),
        name="t-1",
        access_key="T1",
        secret_key=VAULT.seal("bucket-secret"),
        endpoint="http://s3.local",
        region="us-east-1",
        is_ready=is_ready,
    )


def installation(**changes: Any) -> model.Installation:
    """A stable one, with parts replaced."""
    given: dict[str, Any] = {
        "id": ids.InstallationId("ins-1"),
        "name": "acme",
        "display_name": "Acme",
        "application": application(),
        "application_id": ids.ApplicationId("app-1"),
        "version": "1.0",
        "size": "small",
        "settings": {"mode": "well"},
        "labels": {"plan": "gold"},
        "url": "http://acme.localhost:8080",
        "target": Target.RUNNING,
        "status": Status.STABLE,
        "reason": "",
        "message": "",
        "generation": 3,
        "handed_generation": 3,
        "revision": 5,
        "restarted_at": None,
        "is_locked": False,
        "delete_after": None,
        "cluster_id": ids.ClusterId("clu-1"),
        "cluster": "here",
        "placed_at": NOON - timedelta(hours=1),
        "generated_secrets": VAULT.seal_all({"adminPassword": "admin-secret"}),
        "database": database(),
        "bucket": bucket(),
        "runtime": report(document.Phase.READY),
        "is_gone": False,
        "created_at": NOON - timedelta(hours=1),
        "updated_at": NOON,
        **changes,
    }
    return model.Installation(**given)


def report(phase: document.Phase, *, generation: int = 3, **more: Any) -> document.InstallationStatus:
    return document.InstallationStatus(observed_generation=generation, phase=phase, **more)
