"""Every call goes over a real connection to the route that the design names, and survives what connections do."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import orjson
import pydantic
import pytest

from support import stage as stages
from support import things
from tenantry.application import manifest
from tenantry.client import failures, provisioner, retrying, transport
from tenantry.kernel import errors
from tenantry.wire import infrastructure, installations, tokens

Client = provisioner.Provisioner
Ask = Callable[[Client], Awaitable[Any]]

SERVER = things.cluster() | {
    "host": "db",
    "port": 5432,
    "version": "15",
    "maxDatabases": 5,
    "maxConnections": 400,
    "databases": 1,
}
STORE = things.cluster() | {"region": "us-east-1", "maxBuckets": 5, "buckets": 1}
CREDENTIALS = {"url": "http://acme.localhost", "username": "admin", "password": "x"}

ROUTES: list[tuple[str, str, Ask, Any]] = [
    ("GET", "installations/acme", lambda c: c.installations.get("acme"), things.installation()),
    ("GET", "installations", lambda c: c.installations.list(limit=1), things.page(things.installation())),
    ("DELETE", "installations/acme", lambda c: c.installations.delete("acme"), things.installation()),
    ("POST", "installations/acme/undelete", lambda c: c.installations.undelete("acme"), things.installation()),
    ("POST", "installations/acme/restart", lambda c: c.installations.restart("acme"), things.installation()),
    ("POST", "installations/acme/hibernate", lambda c: c.installations.hibernate("acme"), things.installation()),
    ("POST", "installations/acme/wake", lambda c: c.installations.wake("acme"), things.installation()),
    ("POST", "installations/acme/retry", lambda c: c.installations.retry("acme"), things.installation()),
    ("PUT", "installations/acme/lock", lambda c: c.installations.lock("acme"), things.installation()),
    ("DELETE", "installations/acme/lock", lambda c: c.installations.unlock("acme"), things.installation()),
    ("GET", "installations/acme/credentials", lambda c: c.installations.credentials("acme"), CREDENTIALS),
    ("GET", "names/acme", lambda c: c.installations.availability("acme"), {"name": "acme", "isAvailable": True}),
    ("GET", "applications/notes", lambda c: c.applications.get("notes"), things.application()),
    ("GET", "applications", lambda c: c.applications.list(), things.page(things.application())),
    ("GET", "clusters/local", lambda c: c.clusters.get("local"), things.cluster()),
    ("GET", "clusters", lambda c: c.clusters.list(), things.page(things.cluster())),
    ("POST", "clusters/local/cordon", lambda c: c.clusters.cordon("local"), things.cluster()),
    ("POST", "clusters/local/uncordon", lambda c: c.clusters.uncordon("local"), things.cluster()),
    ("DELETE", "clusters/local", lambda c: c.clusters.deregister("local"), {}),
    ("GET", "database-servers/local", lambda c: c.database_servers.get("local"), SERVER),
    ("GET", "object-stores/local", lambda c: c.object_stores.get("local"), STORE),
    ("GET", "events", lambda c: c.event_log.list(after=3), things.page(things.event(4))),
    ("GET", "tokens", lambda c: c.tokens.list(), things.page(things.token())),
    ("DELETE", "tokens/tok-1", lambda c: c.tokens.revoke("tok-1"), {}),
]


@pytest.mark.parametrize(("method", "route", "ask", "answer"), ROUTES, ids=[f"{each[0]} {each[1]}" for each in ROUTES])
async def test_a_call_takes_its_route(
    stage: stages.Stage, client: Client, method: str, route: str, ask: Ask, answer: Any
) -> None:
    stage.answers = [stages.json(answer)]
    await ask(client)
    received = stage.received[0]
    assert (received.method, received.path) == (method, f"/v1/{route}")
    assert received.headers["Authorization"] == "Bearer secret-token"


async def test_an_installation_is_asked_for_with_the_key_of_its_order(stage: stages.Stage, client: Client) -> None:
    stage.answers = [stages.json(things.installation(), 201)]
    request = installations.CreateInstallation(name="acme", application="notes", settings={"title": "Acme"})
    made = await client.installations.create(request, key="order-1")
    [received] = stage.received
    assert made.id == "ins-acme"
    assert received.headers["Idempotency-Key"] == "order-1"
    assert orjson.loads(received.body) == {"name": "acme", "application": "notes", "settings": {"title": "Acme"}}


async def test_a_change_carries_the_etag_and_only_what_changes(stage: stages.Stage, client: Client) -> None:
    stage.answers = [stages.json(things.installation())]
    await client.installations.update("acme", installations.UpdateInstallation(version="1.1"), if_match='"1"')
    [received] = stage.received
    assert (received.method, received.headers["If-Match"], received.body) == ("PATCH", '"1"', b'{"version":"1.1"}')


async def test_deregistering_carries_the_etag_and_a_key(stage: stages.Stage, client: Client) -> None:
    stage.answers = [stages.json({})]
    await client.database_servers.deregister("pg", if_match='"a"')
    [received] = stage.received
    assert (received.method, received.path) == ("DELETE", "/v1/database-servers/pg")
    assert received.headers["If-Match"] == '"a"'
    assert received.headers["Idempotency-Key"]


async def test_grace_is_sent_as_a_parameter(stage: stages.Stage, client: Client) -> None:
    stage.answers = [stages.json(things.installation(status="discarding"))]
    await client.installations.delete("acme", grace_seconds=0)
    assert stage.received[0].query == {"graceSeconds": "0"}


async def test_all_pages_are_read(stage: stages.Stage, client: Client) -> None:
    stage.answers = [
        stages.json(things.page(things.installation("one"), next_cursor="c2")),
        stages.json(things.page(things.installation("two"))),
    ]
    assert [each.name async for each in client.installations.all()] == ["one", "two"]
    assert [received.query.get("cursor") for received in stage.received] == [None, "c2"]


async def test_an_application_is_sent_whole(stage: stages.Stage, client: Client) -> None:
    stage.answers = [stages.json(things.application())]
    await client.applications.apply(_manifest())
    [received] = stage.received
    assert (received.method, received.path) == ("PUT", "/v1/applications/notes")
    assert manifest.Application.model_validate_json(received.body) == _manifest()


async def test_a_registration_sends_the_password(stage: stages.Stage, client: Client) -> None:
    stage.answers = [stages.json(SERVER, 201)]
    request = infrastructure.RegisterDatabaseServer(
        name="local", host="db", user="postgres", password=pydantic.SecretStr("open sesame")
    )
    await client.database_servers.register(request)
    assert orjson.loads(stage.received[0].body)["password"] == "open sesame"


async def test_a_token_is_not_asked_for_twice(stage: stages.Stage, client: Client) -> None:
    stage.answers = [stages.problem(503, "busy")]
    with pytest.raises(errors.TemporaryError):
        await client.tokens.create(tokens.CreateToken(name="ci", scopes=[tokens.Scope.EVENTS_READ]))
    assert len(stage.received) == 1


async def test_a_problem_is_raised_as_what_it_is(stage: stages.Stage, client: Client) -> None:
    stage.answers = [stages.problem(404, "installation-not-found", hint="Look at the list.", reference="req-9")]
    with pytest.raises(errors.NotFoundError, match="installation-not-found") as caught:
        await client.installations.get("acme")
    assert isinstance(caught.value, failures.ProblemError)
    assert (caught.value.code, caught.value.advice, caught.value.reference) == (
        "installation-not-found",
        "Look at the list.",
        "req-9",
    )


@pytest.mark.parametrize("trouble", [stages.hang_up, stages.problem(503, "busy"), stages.problem(429, "slow-down")])
async def test_a_repeatable_call_is_tried_again(stage: stages.Stage, client: Client, trouble: stages.Handler) -> None:
    stage.answers = [trouble, trouble, stages.json(things.installation())]
    assert (await client.installations.get("acme")).name == "acme"
    assert len(stage.received) == 3


async def test_a_creation_is_tried_again_with_the_same_key(stage: stages.Stage, client: Client) -> None:
    stage.answers = [stages.hang_up, stages.json(things.installation())]
    await client.installations.create(installations.CreateInstallation(name="acme", application="notes"))
    first, second = stage.received
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]


async def test_tries_are_bounded(stage: stages.Stage, client: Client) -> None:
    stage.answers = [stages.problem(503, "busy")]
    with pytest.raises(errors.TemporaryError, match="busy"):
        await client.installations.get("acme")
    assert len(stage.received) == 4


async def test_what_was_refused_is_not_tried_again(stage: stages.Stage, client: Client) -> None:
    stage.answers = [stages.problem(409, "name-taken")]
    with pytest.raises(errors.ConflictError):
        await client.installations.create(installations.CreateInstallation(name="acme", application="notes"))
    assert len(stage.received) == 1


async def test_nobody_listening_is_the_provisioner_away(options: transport.Options) -> None:
    async with stages.opened() as gone:
        url = gone.url
    async with provisioner.Provisioner(url, "t", options=options) as client:
        with pytest.raises(failures.ProvisionerAwayError, match="cannot be reached"):
            await client.installations.get("acme")


async def test_no_answer_in_time_is_the_provisioner_away(stage: stages.Stage) -> None:
    stage.answers = [stages.stream(b": nothing more comes", pause=timedelta(seconds=5))]
    impatient = transport.Options(total=timedelta(milliseconds=100), retries=retrying.NEVER)
    async with provisioner.Provisioner(stage.url, "t", options=impatient) as client:
        with pytest.raises(failures.ProvisionerAwayError, match="did not answer in time"):
            await client.installations.get("acme")


async def test_a_redirection_is_not_followed_with_the_token(stage: stages.Stage, client: Client) -> None:
    stage.answers = [stages.json({}, 302)]
    with pytest.raises(failures.ProblemError, match="302"):
        await client.installations.get("acme")


async def test_names_below_localhost_are_this_machine(stage: stages.Stage, options: transport.Options) -> None:
    stage.answers = [stages.json(things.installation())]
    url = stage.url.replace("127.0.0.1", "api.localhost")
    async with provisioner.Provisioner(url, "t", options=options) as client:
        assert (await client.installations.get("acme")).name == "acme"
    assert stage.received[0].headers["Host"].startswith("api.localhost:")


async def test_a_client_that_is_not_open_says_so() -> None:
    with pytest.raises(errors.PermanentError, match="not open"):
        await provisioner.Provisioner("http://127.0.0.1:1", "t").installations.get("acme")


async def test_an_address_that_is_none_is_named() -> None:
    async with provisioner.Provisioner("not an address", "t") as client:
        with pytest.raises(errors.CustomerMustActError, match="not an address"):
            await client.installations.get("acme")


def _manifest() -> manifest.Application:
    return manifest.Application.model_validate(
        {
            "apiVersion": "tenantry.dev/v1alpha1",
            "kind": "Application",
            "metadata": {"name": "notes"},
            "spec": {
                "title": "Notes",
                "summary": "Notes for teams.",
                "versions": [{"version": "1.0", "package": {"pip": {"lock": "notes==1.0 --hash=sha256:00"}}}],
                "workloads": [{"name": "web", "command": ["notes"], "ports": [{"name": "http"}]}],
                "sizes": [{"name": "small", "title": "Small"}],
                "route": {"workload": "web", "port": "http"},
            },
        }
    )
