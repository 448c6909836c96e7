"""Workloads go through a pooler where the application can and there is one; jobs never do."""

import dataclasses
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

import pytest

from tenantry.application import manifest, pooling, relevance, rendering, rules, values
from tenantry.application import needs as need

Read = Callable[..., manifest.Application]

DIRECT = {"host": "db", "port": "5432", "name": "n", "user": "n", "password": "p", "url": "postgresql://n:p@db:5432/n"}
POOLED = {**DIRECT, "poolerHost": "pgb", "poolerPort": "6432", "poolerUrl": "postgresql://n:p@pgb:6432/n"}
PLACEMENT = values.Placement(
    package=PurePosixPath("/p"),
    configuration=PurePosixPath("/c"),
    volumes={"data": PurePosixPath("/v/data")},
    ports={"http": 8123},
)


@pytest.fixture
def pooled(read: Read) -> manifest.Application:
    return with_pooling(read(), {"mode": "transaction"})


def with_pooling(application: manifest.Application, pooling_: dict[str, Any] | None) -> manifest.Application:
    """The wiki with jobs, further files, and a way through poolers."""
    raw = application.model_dump(by_alias=True, exclude_unset=True)
    spec = raw["spec"]
    spec["needs"]["database"] = {"connections": 6, **({"pooling": pooling_} if pooling_ else {})}
    spec["files"] += _files()
    spec["jobs"] = _jobs()
    spec["workloads"][0]["environment"].append({"name": "DATABASE", "value": "{{ database.host }}:{{ database.port }}"})
    return manifest.Application.model_validate(raw)


def _files() -> list[dict[str, str]]:
    return [
        {"name": "outer", "path": "outer.toml", "content": "include = {{ files.settings }}"},
        {"name": "plain", "path": "plain.toml", "content": "user = {{ database.user }}"},
    ]


def _jobs() -> dict[str, Any]:
    wiki = "{{ package.bin }}/wiki"
    address = "{{ database.host }}:{{ database.port }}"
    return {
        "migrate": {"command": [wiki, "migrate", "--config={{ files.settings }}", "{{ database.url }}"]},
        "scheduled": [
            {"name": "tidy", "schedule": "0 3 * * *", "command": [wiki, "tidy", address, "{{ files.outer }}"]}
        ],
    }


@dataclasses.dataclass(frozen=True)
class Wanted:
    version: str = "1.1"
    size: str = "small"
    settings: dict[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    hosts: list[str] = dataclasses.field(default_factory=lambda: ["acme.example.com"])
    url: str = "https://acme.example.com"
    display_name: str = "Acme"


def render(application: manifest.Application, database: dict[str, str] = POOLED) -> rendering.Rendered:
    given = values.Handover(database=database, generated={"session": "s3cret"})
    identity = values.Identity(id="ins-1", name="acme")
    collected = values.collect(application, Wanted(), identity=identity, handover=given, placement=PLACEMENT)
    return rendering.render(collected)


def files(found: rendering.Rendered) -> dict[str, str]:
    return {file.path: file.content for file in found.files}


def test_workloads_and_their_files_go_through_the_pooler(pooled: manifest.Application) -> None:
    found = render(pooled)
    assert found.workloads[0].environment["DATABASE"] == "pgb:6432"
    assert '"postgresql://n:p@pgb:6432/n"' in files(found)["/c/wiki.toml"]
    assert files(found)["/c/outer.toml"] == "include = /c/wiki.toml"


def test_jobs_go_past_it_and_so_do_the_files_that_they_are_given(pooled: manifest.Application) -> None:
    found = render(pooled)
    migrate = found.jobs[rendering.JobName.MIGRATE]
    assert migrate.command[2:] == ("--config=/c/tenantry/direct/wiki.toml", "postgresql://n:p@db:5432/n")
    assert found.scheduled[0].command[2:] == ("db:5432", "/c/tenantry/direct/outer.toml")
    assert '"postgresql://n:p@db:5432/n"' in files(found)["/c/tenantry/direct/wiki.toml"]
    assert files(found)["/c/tenantry/direct/outer.toml"] == "include = /c/tenantry/direct/wiki.toml"


def test_only_what_says_where_the_database_is_exists_twice(pooled: manifest.Application) -> None:
    found = render(pooled)
    assert {file.name for file in found.files if file.is_for_jobs} == {"settings.direct", "outer.direct"}
    assert pooling.twice(pooled.spec) == {"settings", "outer"}
    texts = [*found.workloads[0].command, *found.workloads[0].environment.values()]
    assert relevance.files_read(texts, found.files) == {"/c/wiki.toml"}


@pytest.mark.parametrize("database", [DIRECT, {**POOLED, "poolerUrl": ""}])
def test_without_a_pooler_nothing_is_another(pooled: manifest.Application, database: dict[str, str]) -> None:
    found = render(pooled, database)
    assert found.workloads[0].environment["DATABASE"] == "db:5432"
    assert not [file for file in found.files if file.is_for_jobs]
    assert found == render(pooled, DIRECT)


def test_an_application_that_cannot_go_through_one_knows_of_none(read: Read) -> None:
    direct = with_pooling(read(), None)
    assert render(direct, POOLED) == render(direct, DIRECT)


def test_no_template_reads_the_poolers_keys() -> None:
    assert pooling.direct(POOLED) == DIRECT
    assert set(pooling.pooled(POOLED)) == set(DIRECT)


@pytest.mark.parametrize(("connections", "is_right"), [(5, True), (6, False), (7, False)])
def test_jobs_have_a_connection_left(read: Read, connections: int, is_right: bool) -> None:
    application = with_pooling(read(), {"mode": "session", "connections": connections})
    found = [each for each in rules.find(application) if "pooling" in each.path]
    assert (not found) is is_right


def test_the_folder_of_the_files_for_jobs_is_ours(read: Read) -> None:
    application = with_pooling(read(), {"mode": "session"})
    files_ = [*application.spec.files, manifest.ConfigurationFile(name="mine", path="tenantry/direct/x", content="")]
    spec = application.spec.model_copy(update={"files": files_})
    [found] = rules.find(application.model_copy(update={"spec": spec}))
    assert found.path == ("spec", "files", 3, "path")


def test_it_is_not_pooled_unless_it_says_so() -> None:
    assert need.DatabaseNeed().pooling is None
