"""What a cluster is given: secrets beside the document, never in it."""

from urllib.parse import unquote, urlsplit

import pytest

from support import provisioner_things as things
from tenantry.provisioner.installations import handover, view
from tenantry.runtime import document
from tenantry.wire.installations import Target

SECRETS = ("database-secret/+", "bucket-secret", "admin-secret", "mail-secret")
MAIL = {"host": "mail.local", "port": "25", "user": "u", "password": "mail-secret", "sender": "a@example.org"}


def bundle(**changes: object) -> document.InstallationBundle:
    return handover.bundle(things.installation(**changes), things.surroundings(mail=MAIL))


def data(given: document.InstallationBundle) -> dict[str, dict[str, str]]:
    return {each.name.removeprefix("ins-1-"): each.data for each in given.secrets}


def test_no_secret_is_in_the_document_or_in_any_repr() -> None:
    given = bundle()
    row = things.installation()
    shown = [
        given.installation.model_dump_json(),
        repr(given),
        repr(row),
        view.view(row).model_dump_json(),
    ]
    assert set(data(given)) == {"database", "bucket", "mail", "generated"}
    for secret in SECRETS:
        assert any(secret in values.values() for values in data(given).values())
        assert not [text for text in shown if secret in text]


def test_the_document_refers_to_what_travels_beside_it() -> None:
    given = bundle()
    spec = given.installation.spec
    references = [spec.database, spec.bucket, spec.mail, spec.generated]
    assert [each.secret_name for each in references if each] == [each.name for each in given.secrets]


def test_the_url_of_the_database_bears_any_password() -> None:
    url = urlsplit(data(bundle())["database"]["url"])
    assert unquote(url.password or "") == "database-secret/+"
    assert (url.username, url.hostname, url.path, url.query) == ("t_1", "db.local", "/t_1", "sslmode=require")


@pytest.mark.parametrize("target", list(Target))
def test_processes_are_wanted_only_where_it_is_to_run(target: Target) -> None:
    wanted = document.RunPolicy.RUNNING if target is Target.RUNNING else document.RunPolicy.ASLEEP
    assert bundle(target=target).installation.spec.run_policy is wanted


def test_what_was_not_made_is_not_referred_to() -> None:
    given = handover.bundle(things.installation(database=None, bucket=None), things.surroundings())
    assert set(data(given)) == {"generated"}
    assert (given.installation.spec.database, given.installation.spec.mail) == (None, None)


def test_name_generation_and_address_are_those_of_the_row() -> None:
    given = bundle().installation
    assert (given.metadata.name, given.metadata.generation) == ("ins-1", 3)
    assert (given.spec.hosts, given.spec.url) == (["acme.localhost"], "http://acme.localhost:8080")


class TestGeneratedSecrets:
    def test_that_are_complete_stay(self) -> None:
        assert handover.completed_secrets(things.installation(), things.surroundings()) is None

    def test_that_were_declared_later_are_made_and_old_ones_kept(self) -> None:
        application = things.application(secrets=[{"name": "later", "length": 24}])
        found = handover.completed_secrets(things.installation(application=application), things.surroundings())
        assert found is not None
        assert (found["adminPassword"], len(found["later"])) == ("admin-secret", 24)
