"""Commands make one call, render the answer, and end with the code that the reference promises."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from support import stage as stages
from support import things
from tenantry.kernel import clock
from testbed import authority as authorities

Run = Callable[..., Awaitable[Any]]


async def test_a_list_is_a_table_with_stable_columns(stage: stages.Stage, run: Run) -> None:
    stage.answers = [stages.json(things.page(things.installation(status="stable")))]
    ended = await run("installation", "list")
    titles, row = ended.out.splitlines()
    assert titles.split() == ["NAME", "APPLICATION", "VERSION", "SIZE", "STATUS", "REASON", "URL", "CREATED"]
    assert row.split()[:5] == ["acme", "notes", "1.0", "small", "stable"]


async def test_json_is_what_the_api_says(stage: stages.Stage, run: Run) -> None:
    stage.answers = [stages.json(things.installation())]
    ended = await run("installation", "show", "acme", "-o", "json")
    assert json.loads(ended.out) == things.installation()


async def test_yaml_is_the_same(stage: stages.Stage, run: Run) -> None:
    stage.answers = [stages.json(things.page(things.cluster()))]
    ended = await run("cluster", "list", "--output", "yaml")
    assert yaml.safe_load(ended.out) == [things.cluster()]


@pytest.mark.parametrize(
    ("arguments", "answer", "method", "path"),
    [
        (["installation", "restart", "acme"], things.installation(), "POST", "installations/acme/restart"),
        (["installation", "rotate", "acme"], things.installation(), "POST", "installations/acme/rotate"),
        (["installation", "hibernate", "acme"], things.installation(), "POST", "installations/acme/hibernate"),
        (["installation", "wake", "acme"], things.installation(), "POST", "installations/acme/wake"),
        (["installation", "retry", "acme"], things.installation(), "POST", "installations/acme/retry"),
        (["installation", "undelete", "acme"], things.installation(), "POST", "installations/acme/undelete"),
        (["installation", "delete", "acme", "--yes"], things.installation(), "DELETE", "installations/acme"),
        (["installation", "lock", "acme"], things.installation(), "PUT", "installations/acme/lock"),
        (["installation", "unlock", "acme"], things.installation(), "DELETE", "installations/acme/lock"),
        (["installation", "explain", "acme"], things.installation(), "GET", "installations/acme"),
        (["application", "list"], things.page(things.application()), "GET", "applications"),
        (["application", "show", "notes"], things.application(), "GET", "applications/notes"),
        (["application", "versions", "notes"], things.application(), "GET", "applications/notes"),
        (["cluster", "show", "local"], things.cluster(), "GET", "clusters/local"),
        (["cluster", "cordon", "local"], things.cluster(), "POST", "clusters/local/cordon"),
        (["cluster", "uncordon", "local"], things.cluster(), "POST", "clusters/local/uncordon"),
        (["cluster", "operator", "eu-1"], things.operator(), "GET", "clusters/eu-1/operator"),
        (["cluster", "upgrade", "eu-1"], things.operator(), "POST", "clusters/eu-1/operator/upgrade"),
        (["cluster", "manage", "eu-1", "--by", "tenantry"], things.operator(), "PATCH", "clusters/eu-1/operator"),
        (["database", "list"], things.page(), "GET", "database-servers"),
        (["object-store", "list"], things.page(), "GET", "object-stores"),
        (["event", "list"], things.page(things.event(1)), "GET", "events"),
        (["token", "list"], things.page(things.token()), "GET", "tokens"),
        (["token", "revoke", "tok-1"], {}, "DELETE", "tokens/tok-1"),
    ],
    ids=str,
)
async def test_a_command_makes_its_call(
    stage: stages.Stage, run: Run, arguments: list[str], answer: Any, method: str, path: str
) -> None:
    stage.answers = [stages.json(answer)]
    ended = await run(*arguments)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out
    assert (stage.received[0].method, stage.received[0].path) == (method, f"/v1/{path}")


async def test_creating_sends_what_was_said(stage: stages.Stage, run: Run) -> None:
    stage.answers = [stages.json(things.installation(), 201)]
    said = ["--application", "notes", "--size", "small", "--set", "open=true", "-l", "team=blue"]
    ended = await run("installation", "create", "acme", *said)
    assert ended.out == "acme is provisioning.\n"
    assert orjson.loads(stage.received[0].body) == {
        "name": "acme",
        "application": "notes",
        "version": None,
        "size": "small",
        "settings": {"open": True},
        "displayName": "",
        "labels": {"team": "blue"},
    }


async def test_waiting_shows_the_steps_and_ends_with_the_address(stage: stages.Stage, run: Run) -> None:
    placed = {"type": "Placed", "status": "True", "reason": "Placed", "message": "On cluster local."}
    stage.routes["/v1/events/stream"] = stages.problem(403, "forbidden")
    stage.answers = [
        stages.json(things.installation(), 201),
        stages.json(things.installation(conditions=[placed])),
        stages.json(things.installation(conditions=[placed], status="stable", observedGeneration=1)),
    ]
    ended = await run("installation", "create", "acme", "-a", "notes", "--wait")
    assert (ended.code, ended.out) == (0, "acme is stable at http://acme.localhost.\n")
    assert ended.err.count("Placed") == 1
    assert "On cluster local." in ended.err


async def test_a_wait_for_what_fails_says_why(stage: stages.Stage, run: Run) -> None:
    stage.routes["/v1/events/stream"] = stages.problem(403, "forbidden")
    stage.answers = [stages.json(things.installation(status="failed", message="It ran out of memory."))]
    ended = await run("installation", "restart", "acme", "--wait")
    assert ended.code == 1
    assert "error: acme is failed: It ran out of memory." in ended.err
    assert "installation explain acme" in ended.err


async def test_a_wait_comes_to_an_end(stage: stages.Stage, run: Run) -> None:
    stage.routes["/v1/events/stream"] = stages.problem(403, "forbidden")
    stage.answers = [stages.json(things.installation())]
    ended = await run("installation", "restart", "acme", "--wait", "--timeout", "1")
    assert ended.code == 7
    assert "--timeout" in ended.err


async def test_updating_keeps_settings_that_are_not_named(stage: stages.Stage, run: Run) -> None:
    stage.answers = [stages.json(things.installation(settings={"title": "Acme", "open": False}))]
    await run("installation", "update", "acme", "--set", "open=true")
    change = stage.received[1]
    assert change.headers["If-Match"] == '"1"'
    assert orjson.loads(change.body) == {"settings": {"title": "Acme", "open": True}}


async def test_an_update_of_nothing_is_misuse(run: Run) -> None:
    assert (await run("installation", "update", "acme")).code == 2


async def test_deregistering_asks_first_and_means_what_it_has_shown(stage: stages.Stage, program: Run) -> None:
    stage.answers = [stages.json(things.cluster("eu-1", etag='"as-read"'))]
    ended = await program("cluster", "deregister", "eu-1", said="n\n")
    assert (ended.code, [each.method for each in stage.received]) == (1, ["GET"])
    ended = await program("cluster", "deregister", "eu-1", said="y\n")
    assert (ended.code, ended.out) == (0, "eu-1 is deregistered; what runs there stays, an operator too.\n")
    sent = stage.received[-1]
    assert (sent.method, sent.path, sent.headers["If-Match"]) == ("DELETE", "/v1/clusters/clu-eu-1", '"as-read"')


async def test_deleting_asks_first(stage: stages.Stage, program: Run) -> None:
    ended = await program("installation", "delete", "acme", said="n\n")
    assert (ended.code, stage.received) == (1, [])
    assert "Delete acme" in ended.err


async def test_a_yes_deletes(stage: stages.Stage, program: Run) -> None:
    stage.answers = [stages.json(things.installation(status="discarding"))]
    ended = await program("installation", "delete", "acme", "--grace", "60", said="y\n")
    assert (ended.code, ended.out) == (0, "acme is discarding.\n")
    assert stage.received[0].query == {"graceSeconds": "60"}


async def test_logs_are_printed_line_by_line(stage: stages.Stage, run: Run) -> None:
    line = orjson.dumps({"at": things.NOON, "source": "web", "text": "Hello"}) + b"\n"
    stage.answers = [stages.stream(line, line, content_type="application/x-ndjson")]
    ended = await run("installation", "logs", "acme", "--tail", "2")
    assert ended.out == "2026-11-24 12:00:00  web  Hello\n" * 2


async def test_a_new_token_is_the_only_line_on_standard_output(stage: stages.Stage, run: Run) -> None:
    stage.answers = [stages.json(things.token() | {"secret": "sesame"}, 201)]
    ended = await run("token", "create", "ci", "--scope", "events:read", "--scope", "installations:read")
    assert ended.out == "sesame\n"
    assert orjson.loads(stage.received[0].body)["scopes"] == ["events:read", "installations:read"]


@pytest.mark.parametrize(("status", "code"), [(404, 3), (409, 4), (403, 5), (401, 5), (422, 2)])
async def test_a_refusal_is_a_line_a_hint_and_a_code(stage: stages.Stage, run: Run, status: int, code: int) -> None:
    stage.answers = [stages.problem(status, "refused", hint="Do something else.")]
    ended = await run("installation", "show", "acme")
    assert (ended.code, ended.out) == (code, "")
    assert ended.err == "error: It is refused.\nhint: Do something else.\n"


async def test_a_provisioner_that_is_away_has_a_code_of_its_own(
    run: Run, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    monkeypatch.setenv("TENANTRY_URL", f"http://127.0.0.1:{unused_tcp_port}")
    ended = await run("cluster", "list")
    assert ended.code == 6
    assert "cannot be reached" in ended.err


async def test_contexts_are_kept_and_chosen(stage: stages.Stage, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TENANTRY_URL")
    monkeypatch.delenv("TENANTRY_TOKEN")
    await run("context", "set", "elsewhere", "--url", "http://127.0.0.1:1", "--token", "x")
    await run("context", "set", "here", "--url", stage.url, "--token", "sesame")
    await run("context", "use", "here")
    listed = await run("context", "list")
    stage.answers = [stages.json(things.page())]
    asked = await run("cluster", "list")
    assert [line.split() for line in listed.out.splitlines()[1:]][1] == ["*", "here", stage.url]
    assert (asked.code, stage.received[0].headers["Authorization"]) == (0, "Bearer sesame")


@pytest.mark.parametrize("words", [["--context", "here", "cluster", "list"], ["cluster", "list", "--context", "here"]])
async def test_a_context_may_be_named_on_either_side_of_the_noun(
    stage: stages.Stage, run: Run, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.delenv("TENANTRY_URL")
    monkeypatch.delenv("TENANTRY_TOKEN")
    await run("context", "set", "elsewhere", "--url", "http://127.0.0.1:1", "--token", "x")
    await run("context", "set", "here", "--url", stage.url, "--token", "sesame")
    stage.answers = [stages.json(things.page())]
    assert (await run(*words)).code == 0
    assert stage.received[0].headers["Authorization"] == "Bearer sesame"


async def test_contexts_are_listed_for_programs_without_their_tokens(run: Run) -> None:
    await run("context", "set", "here", "--url", "http://127.0.0.1:1", "--token", "sesame")
    ended = await run("context", "list", "-o", "json")
    assert json.loads(ended.out) == [{"name": "here", "url": "http://127.0.0.1:1", "hasToken": True, "isCurrent": True}]


async def test_an_explanation_is_there_for_programs_too(stage: stages.Stage, run: Run) -> None:
    stage.answers = [stages.json(things.installation(status="hibernated"))]
    ended = await run("installation", "explain", "acme", "-o", "yaml")
    explained = yaml.safe_load(ended.out)
    assert (explained["name"], explained["status"]) == ("acme", "hibernated")
    assert any("wake" in line for line in explained["lines"])


async def test_no_context_says_how_to_get_one(run: Run) -> None:
    ended = await run("cluster", "list")
    assert ended.code == 2
    assert "tenantry up" in ended.err


async def test_a_manifest_that_is_wrong_is_misuse(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "application.yaml"
    file.write_text("kind: Application\nmetadata:\n  nam: notes\n")
    ended = await run("application", "validate", str(file))
    assert ended.code == 2
    assert "application.yaml" in ended.err


STORE = {
    "id": "obs-1", "name": "main", "kind": "iam", "endpoint": "https://s3.example.com", "region": "eu", "reason": "",
    "message": "", "status": "connecting", "isCordoned": False, "maxBuckets": 5, "buckets": 0,
    "createdAt": "2026-11-30T12:00:00Z",
}  # fmt: skip


class TestAnObjectStoreWithUsers:
    @pytest.fixture(autouse=True)
    def key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TENANTRY_OBJECT_STORE_ACCESS_KEY", "ADMIN")
        monkeypatch.setenv("TENANTRY_OBJECT_STORE_SECRET_KEY", "hunter2")

    async def test_is_registered_with_a_key_from_the_environment(
        self, stage: stages.Stage, run: Run, tmp_path: Path
    ) -> None:
        stage.answers = [stages.json(STORE, 201)]
        authority = authorities.Authority("stores", clock.SystemClock()).certificate.decode()
        (tmp_path / "ca.pem").write_text(authority)
        said = ["--kind", "iam", "--endpoint", "https://s3.example.com", "--region", "eu", "--max-buckets", "5"]
        more = ["--iam-endpoint", "https://iam.example.com", "--ca-file", str(tmp_path / "ca.pem")]
        ended = await run("object-store", "register", "main", *said, *more)
        assert (ended.code, ended.out) == (0, "main is connecting.\n")
        assert orjson.loads(stage.received[0].body) == {
            "name": "main",
            "kind": "iam",
            "endpoint": "https://s3.example.com",
            "region": "eu",
            "root": None,
            "iamEndpoint": "https://iam.example.com",
            "accessKey": "ADMIN",
            "secretKey": "hunter2",
            "caCertificate": authority,
            "maxBuckets": 5,
        }

    async def test_gets_another_key(self, stage: stages.Stage, run: Run) -> None:
        stage.answers = [stages.json(STORE)]
        ended = await run("object-store", "update", "main", "--new-key")
        assert (ended.code, ended.out) == (0, "main is changed.\n")
        body = orjson.loads(stage.received[0].body)
        assert (body["accessKey"], body["secretKey"], body["maxBuckets"]) == ("ADMIN", "hunter2", None)

    async def test_keeps_its_key_where_only_limits_change(self, stage: stages.Stage, run: Run) -> None:
        stage.answers = [stages.json(STORE)]
        await run("object-store", "update", "main", "--max-buckets", "9")
        assert orjson.loads(stage.received[0].body)["secretKey"] is None

    async def test_that_is_not_whole_is_refused_before_anything_is_sent(self, stage: stages.Stage, run: Run) -> None:
        ended = await run("object-store", "register", "main", "--endpoint", "https://s3.example.com")
        assert ended.code != 0
        assert "kind “rclone” has a root" in " ".join(ended.err.split())
        assert stage.received == []


class TestAClusterThatIsUpdated:
    @pytest.mark.parametrize(
        ("words", "labels", "capacity"),
        [
            ((), None, None),
            (("--label", "tier=gold", "--capacity", "cpu=2"), {"tier": "gold"}, {"cpuMillis": 2000}),
            (("--no-labels", "--no-capacity"), {}, {}),
        ],
    )
    async def test_keeps_replaces_or_loses_what_was_stated(
        self, stage: stages.Stage, run: Run, words: tuple[str, ...], labels: Any, capacity: Any
    ) -> None:
        stage.answers = [stages.json(things.cluster())]
        assert (await run("cluster", "update", "local", "--max-installations", "9", *words)).code == 0
        body = orjson.loads(stage.received[0].body)
        assert (body["labels"], body["capacity"]) == (labels, capacity)

    async def test_cannot_lose_and_be_given_the_same(self, stage: stages.Stage, run: Run) -> None:
        ended = await run("cluster", "update", "local", "--capacity", "cpu=2", "--no-capacity")
        assert ended.code == 2
        assert "--no-capacity leaves nothing" in ended.err
        assert stage.received == []
