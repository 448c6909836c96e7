"""One application and the values of one installation become programs, files and jobs."""

import dataclasses
from datetime import timedelta
from pathlib import PurePosixPath
from typing import Any

import pytest

from tenantry.application import manifest, rendering, values
from tenantry.application import needs as need


@dataclasses.dataclass(frozen=True)
class Wanted:
    version: str = "1.1"
    size: str = "small"
    settings: dict[str, Any] = dataclasses.field(default_factory=lambda: {"public": True})
    hosts: list[str] = dataclasses.field(default_factory=lambda: ["acme.example.com"])
    url: str = "https://acme.example.com/"
    display_name: str = 'The "Acme"'


HANDOVER = values.Handover(database={"url": "postgresql://u:p@db/n"}, generated={"session": "s3cret"})
PLACEMENT = values.Placement(
    package=PurePosixPath("/p"),
    configuration=PurePosixPath("/c"),
    volumes={"data": PurePosixPath("/v/data")},
    ports={"http": 8123},
)


def collect(application: manifest.Application, **changed: Any) -> values.Values:
    given: dict[str, Any] = {"handover": HANDOVER, "placement": PLACEMENT} | changed
    wanted = given.pop("wanted", Wanted())
    return values.collect(application, wanted, identity=values.Identity(id="ins-1", name="acme"), **given)


def test_files_hold_the_values_of_the_installation(wiki: manifest.Application) -> None:
    file = rendering.render(collect(wiki)).files[0]
    assert file.path == "/c/wiki.toml"
    assert file.content == 'title = "The \\"Acme\\""\ndatabase = "postgresql://u:p@db/n"\npublic = true\n'


def test_workloads_get_command_environment_checks_and_resources(wiki: manifest.Application) -> None:
    workload = rendering.render(collect(wiki)).workloads[0]
    assert workload.command == ("/p/bin/wiki", "--config=/c/wiki.toml", "--port=8123")
    assert workload.environment == {"SESSION": "s3cret"}
    assert workload.ports == {"http": 8123}
    assert workload.volumes == {"data": "/v/data"}
    assert workload.readiness == rendering.Probe(
        port=8123,
        path="/ready",
        host_header="acme.example.com",
        period=timedelta(seconds=10),
        timeout=timedelta(milliseconds=500),
        failure_threshold=3,
    )
    assert workload.resources == rendering.Resources(
        replicas=1, cpu_millis=250, memory_bytes=256 * 2**20, open_files=4096
    )


def test_jobs_route_and_credentials(wiki: manifest.Application) -> None:
    rendered = rendering.render(collect(wiki))
    assert list(rendered.jobs) == [rendering.JobName.FIRST_ADMINISTRATOR]
    job = rendered.jobs[rendering.JobName.FIRST_ADMINISTRATOR]
    assert job.command == ("/p/bin/wiki", "admin", "127.0.0.1:8123")
    assert not job.before_route
    assert rendered.route == rendering.Route(workload="web", port=8123, web_sockets=True, max_request_bytes=5 * 2**20)
    assert rendered.credentials == rendering.Credentials(username="admin", password="s3cret", note="")


class TestAuthoritiesOfTheDatabaseServer:
    GIVEN = HANDOVER.database or {}

    def rendered(self, application: manifest.Application, **database: str) -> rendering.Rendered:
        given = dataclasses.replace(HANDOVER, database={**self.GIVEN, **database})
        return rendering.render(collect(application, handover=given))

    def test_are_a_file_that_every_program_is_told_of(self, wiki: manifest.Application) -> None:
        rendered = self.rendered(wiki, sslMode="verify-full", caCertificate="PEM")
        assert [(each.path, each.content) for each in rendered.files[1:]] == [("/c/tenantry/database-ca.pem", "PEM")]
        for each in (*rendered.workloads, *rendered.jobs.values()):
            assert each.environment["PGSSLROOTCERT"] == "/c/tenantry/database-ca.pem"

    def test_are_those_of_the_system_where_none_are_stated(self, wiki: manifest.Application) -> None:
        rendered = self.rendered(wiki, sslMode="verify-full")
        assert rendered.workloads[0].environment["PGSSLROOTCERT"] == "system"
        assert len(rendered.files) == 1

    def test_can_be_chosen_by_the_manifest(self, wiki: manifest.Application) -> None:
        own = [manifest.EnvironmentVariable(name="PGSSLROOTCERT", value="{{ database.caFile }}.bundle")]
        workload = wiki.spec.workloads[0].model_copy(update={"environment": own})
        changed = wiki.model_copy(update={"spec": wiki.spec.model_copy(update={"workloads": [workload]})})
        rendered = self.rendered(changed, caCertificate="PEM")
        assert rendered.workloads[0].environment["PGSSLROOTCERT"] == "/c/tenantry/database-ca.pem.bundle"


class TestAuthoritiesOfTheObjectStore:
    def test_are_a_file_that_every_program_is_told_of(self, wiki: manifest.Application) -> None:
        needs = wiki.spec.needs.model_copy(update={"bucket": need.BucketNeed()})
        told = [manifest.EnvironmentVariable(name="CA", value="{{ bucket.caFile }}")]
        workload = wiki.spec.workloads[0].model_copy(update={"environment": told})
        spec = wiki.spec.model_copy(update={"needs": needs, "workloads": [workload]})
        storing = wiki.model_copy(update={"spec": spec})
        given = dataclasses.replace(HANDOVER, bucket={"endpoint": "https://s3", "caCertificate": "PEM"})
        rendered = rendering.render(collect(storing, handover=given))
        assert [(each.path, each.content) for each in rendered.files[1:]] == [("/c/tenantry/bucket-ca.pem", "PEM")]
        for each in (*rendered.workloads, *rendered.jobs.values()):
            assert each.environment["AWS_CA_BUNDLE"] == "/c/tenantry/bucket-ca.pem"
        assert rendered.workloads[0].environment["CA"] == "/c/tenantry/bucket-ca.pem"

    def test_are_not_spoken_of_where_none_are_stated(self, wiki: manifest.Application) -> None:
        rendered = rendering.render(collect(wiki))
        assert len(rendered.files) == 1
        assert "AWS_CA_BUNDLE" not in rendered.workloads[0].environment


def test_the_same_values_render_the_same(wiki: manifest.Application) -> None:
    assert rendering.render(collect(wiki)) == rendering.render(collect(wiki))


def test_no_secret_is_shown_by_a_representation(wiki: manifest.Application) -> None:
    values_ = collect(wiki)
    assert "s3cret" not in repr(values_) + repr(rendering.render(values_))


@pytest.mark.parametrize(
    ("changed", "missing"),
    [
        ({"handover": values.Handover(generated={"session": "x"})}, "database"),
        ({"handover": dataclasses.replace(HANDOVER, generated={})}, "secrets.session"),
        ({"placement": dataclasses.replace(PLACEMENT, volumes={})}, "volumes.data"),
        ({"placement": dataclasses.replace(PLACEMENT, ports={})}, "ports.http"),
    ],
)
def test_what_was_not_handed_over_is_named(wiki: manifest.Application, changed: dict[str, Any], missing: str) -> None:
    with pytest.raises(values.NotHandedOverError, match=missing):
        collect(wiki, **changed)


def test_unknown_versions_and_sizes_are_refused_with_those_there_are(wiki: manifest.Application) -> None:
    with pytest.raises(values.UnknownVersionError) as caught:
        collect(wiki, wanted=Wanted(version="9"))
    assert caught.value.advice == "It has: 1.0, 1.1, 2.0."
    with pytest.raises(values.UnknownSizeError):
        collect(wiki, wanted=Wanted(size="huge"))
