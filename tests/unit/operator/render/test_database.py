"""A database on a Cluster of CloudNativePG: the object that asks for it, and what programs are told of it."""

from typing import Any

import pytest

from support import operator_things as things
from tenantry.application import manifest, needs
from tenantry.operator.render import clustered, database, frame, objects, stages
from tenantry.operator.render.wanted import Wanted
from tenantry.runtime import document

SECRET = {"host": "pg-rw", "port": "5432", "username": "app", "password": "p@ss/word", "dbname": "app", "uri": "unused"}


def on_cluster(application: manifest.Application, secret: dict[str, str] = SECRET, **spec: Any) -> Wanted:
    given: dict[str, Any] = {"database": None, "database_cluster": document.DatabaseCluster(name="pg"), **spec}
    return things.wanted(application, secrets={"pg-app": secret}, **given)


def rendered(wanted: Wanted) -> list[objects.Object]:
    return database.render(frame.build(wanted))


def test_it_asks_for_what_the_application_needs(synapse: manifest.Application) -> None:
    [made] = rendered(on_cluster(synapse))
    need = synapse.spec.needs.database
    assert need is not None
    assert made["spec"] == {
        "cluster": {"name": "pg"},
        "name": "acme",
        "owner": "app",
        "template": "template0",
        "encoding": need.encoding,
        "locale": need.locale,
        "connectionLimit": need.connections,
        "databaseReclaimPolicy": "delete",
    }
    assert stages.stage_of(made) is stages.Stage.FOUNDATION


def test_extensions_are_asked_for_and_data_that_are_to_stay_do(synapse: manifest.Application) -> None:
    need = needs.DatabaseNeed(extensions=["pg_trgm"])
    application = things.changed(synapse, needs=synapse.spec.needs.model_copy(update={"database": need}))
    [made] = rendered(on_cluster(application, deletion_policy=document.DeletionPolicy.RETAIN))
    assert made["spec"]["extensions"] == [{"name": "pg_trgm"}]
    assert made["spec"]["databaseReclaimPolicy"] == "retain"


def test_programs_are_told_of_it_as_of_any_other(synapse: manifest.Application) -> None:
    given = clustered.handover(on_cluster(synapse))
    assert given is not None
    assert given["url"] == "postgresql://app:p%40ss%2Fword@pg-rw:5432/acme?sslmode=require"
    assert {"host", "port", "name", "user", "password", "url", "sslMode"} == set(given)


def test_another_secret_may_be_named(synapse: manifest.Application) -> None:
    cluster = document.DatabaseCluster(name="pg", secret_name="owner")
    assert clustered.secret_name(on_cluster(synapse, database_cluster=cluster).installation.spec) == "owner"


def test_what_the_secret_lacks_is_named(synapse: manifest.Application) -> None:
    with pytest.raises(clustered.ClusterSecretInvalidError, match="“pg-app” has no “host” and no “port”"):
        rendered(on_cluster(synapse, {"username": "app", "password": "0123"}))


def test_where_a_secret_is_handed_over_none_is_asked_for(synapse: manifest.Application) -> None:
    assert rendered(things.wanted(synapse)) == []
    assert clustered.handover(things.wanted(synapse)) is None
