"""A database on a Cluster of CloudNativePG: the object that asks for it, and what programs are told of it."""

from typing import Any

import pytest

from support import operator_things as things
from tenantry.application import authorities, manifest, needs
from tenantry.operator.render import clustered, database, frame, objects, stages
from tenantry.operator.render.wanted import Wanted
from tenantry.runtime import document

SECRET = {"host": "pg-rw", "port": "5432", "username": "app", "password": "p@ss/word", "dbname": "app", "uri": "unused"}
SIGNER = {"ca.crt": "PEM"}


def on_cluster(
    application: manifest.Application, secret: dict[str, str] = SECRET, signer: dict[str, str] = SIGNER, **spec: Any
) -> Wanted:
    given: dict[str, Any] = {"database": None, "database_cluster": document.DatabaseCluster(name="pg"), **spec}
    return things.wanted(application, secrets={"pg-app": secret, "pg-ca": signer}, **given)


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
    assert given["url"] == "postgresql://app:p%40ss%2Fword@pg-rw:5432/acme?sslmode=verify-full"
    assert given["caCertificate"] == "PEM"
    assert {"host", "port", "name", "user", "password", "url", "sslMode", "caCertificate"} == set(given)


def test_they_trust_nobody_but_the_authority_of_the_cluster(synapse: manifest.Application) -> None:
    made = frame.build(on_cluster(synapse)).rendered
    file = next(each for each in made.files if each.name == authorities.FILE_NAME)
    assert file.content == "PEM"
    assert all(each.environment[authorities.VARIABLE].endswith(authorities.FILE_PATH) for each in made.workloads)


def test_other_secrets_may_be_named(synapse: manifest.Application) -> None:
    cluster = document.DatabaseCluster(name="pg", secret_name="owner", ca_secret_name="signer")
    spec = on_cluster(synapse, database_cluster=cluster).installation.spec
    assert (clustered.secret_name(spec), clustered.authority_name(spec)) == ("owner", "signer")


def test_the_secret_of_a_managed_role_says_no_host_and_needs_none(synapse: manifest.Application) -> None:
    given = clustered.handover(on_cluster(synapse, {"username": "chat", "password": "0123"}))
    assert given is not None
    assert (given["host"], given["port"], given["user"]) == ("pg-rw", "5432", "chat")


@pytest.mark.parametrize(
    ("secret", "signer", "told"),
    [
        ({"host": "pg-rw"}, SIGNER, "“pg-app” has no “username” and no “password”"),
        (SECRET, {"ca.key": "KEY"}, "“pg-ca” has no “ca.crt”"),
    ],
)
def test_what_a_secret_lacks_is_named(
    synapse: manifest.Application, secret: dict[str, str], signer: dict[str, str], told: str
) -> None:
    with pytest.raises(clustered.ClusterSecretInvalidError, match=told):
        rendered(on_cluster(synapse, secret, signer))


def test_a_role_that_reaches_everything_is_refused(synapse: manifest.Application) -> None:
    with pytest.raises(clustered.ClusterSecretInvalidError, match="role “postgres” of the Secret “pg-app” reaches"):
        rendered(on_cluster(synapse, {"username": "postgres", "password": "0123"}))


def test_where_a_secret_is_handed_over_none_is_asked_for(synapse: manifest.Application) -> None:
    assert rendered(things.wanted(synapse)) == []
    assert clustered.handover(things.wanted(synapse)) is None
