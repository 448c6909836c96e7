"""The REST API under hostile and unlucky clients."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

from support import provisioner_api, provisioner_stage
from tenantry.provisioner import tables
from tenantry.wire import installations, tokens

Stage = provisioner_stage.Stage
Status = installations.Status
Answer = provisioner_api.Answer
Api = provisioner_api.Api


MISLEADING = {
    "www": "name-reserved",
    "xn--bcher-kva": "name-reserved",
    "ins-01k0b7zzzzzzzzzzzzzzzzzzzz": "name-reserved",
    "ab": "name-invalid",
    "Acme": "name-invalid",
    "-acme": "name-invalid",
    "a/../b": "name-invalid",
    "a" * 41: "name-invalid",
}


class TestNames:
    async def test_of_twenty_that_want_one_name_one_gets_it(self, api: Api) -> None:
        answers = await asyncio.gather(*[api.create("acme") for _ in range(20)])
        assert Counter(each.status for each in answers) == {201: 1, 409: 19}
        assert {each.code for each in answers if each.status == 409} == {"name-taken"}

    async def test_that_would_mislead_are_refused(self, api: Api) -> None:
        for name, code in MISLEADING.items():
            answer = await api.create(name)
            assert (answer.status, answer.code) == (422, code), name

    async def test_availability_tells_what_creating_would(self, api: Api) -> None:
        await api.create("acme")
        found = {name: (await api.call("GET", f"/v1/names/{name}")).json() for name in ("acme", "www", "free-one")}
        assert [found[name]["isAvailable"] for name in found] == [False, False, True]
        assert found["free-one"]["url"] == "http://free-one.localhost:8080"


class TestPreconditions:
    async def test_a_change_of_what_has_changed_is_refused(self, live: Api) -> None:
        await live.stage.stable("acme")
        read = await live.call("GET", "/v1/installations/acme")
        etag = read.headers["ETag"]
        assert etag == read.json()["etag"]
        first = await live.call("PUT", "/v1/installations/acme/lock", If_Match=etag)
        assert first.status == 200
        for method, path, body in (
            ("PATCH", "/v1/installations/acme", {"size": "large"}),
            ("POST", "/v1/installations/acme/restart", None),
            ("DELETE", "/v1/installations/acme/lock", None),
            ("DELETE", "/v1/installations/acme", None),
        ):
            answer = await live.call(method, path, body, If_Match=etag)
            assert (answer.status, answer.code) == (412, "changed-meanwhile"), path
        newest = first.headers["ETag"]
        assert (await live.call("POST", "/v1/installations/acme/restart", If_Match=newest)).status == 200

    async def test_of_many_that_read_the_same_one_changes(self, live: Api) -> None:
        made = await live.stage.stable("acme")
        calls = [live.call("POST", "/v1/installations/acme/restart", If_Match=made.etag) for _ in range(8)]
        assert Counter(each.status for each in await asyncio.gather(*calls)) == {200: 1, 412: 7}

    async def test_a_change_during_a_change_is_refused(self, api: Api) -> None:
        await api.create("acme")
        answer = await api.call("POST", "/v1/installations/acme/restart")
        assert (answer.status, answer.code) == (409, "change-in-progress")


ROUTES = [
    ("GET", "/v1/applications", "applications:read"),
    ("GET", "/v1/applications/tiny", "applications:read"),
    ("GET", "/v1/installations", "installations:read"),
    ("GET", "/v1/installations/acme", "installations:read"),
    ("GET", "/v1/installations/acme/logs", "installations:read"),
    ("GET", "/v1/names/acme", "installations:read"),
    ("POST", "/v1/installations/acme/restart", "installations:write"),
    ("PUT", "/v1/installations/acme/lock", "installations:write"),
    ("DELETE", "/v1/installations/acme/lock", "installations:write"),
    ("DELETE", "/v1/installations/acme", "installations:write"),
    ("GET", "/v1/installations/acme/credentials", "installations:credentials"),
    ("GET", "/v1/clusters", "infrastructure:read"),
    ("GET", "/v1/database-servers/pg", "infrastructure:read"),
    ("POST", "/v1/object-stores/s3/cordon", "infrastructure:write"),
    ("POST", "/v1/clusters/here/uncordon", "infrastructure:write"),
    ("DELETE", "/v1/clusters/here", "infrastructure:write"),
    ("GET", "/v1/events", "events:read"),
    ("GET", "/v1/events/stream", "events:read"),
    ("GET", "/v1/tokens", "tokens:write"),
    ("DELETE", "/v1/tokens/tok-x", "tokens:write"),
]


class TestTokens:
    async def test_do_what_their_scopes_allow_and_no_more(self, api: Api) -> None:
        lacking: dict[str, str] = {}
        for scope in tokens.Scope:
            others = [each for each in tokens.Scope if each != scope]
            made = await api.call("POST", "/v1/tokens", {"name": "lacking", "scopes": others})
            lacking[scope] = made.json()["secret"]
        for method, path, scope in ROUTES:
            answer = await api.call(method, path, token=lacking[scope])
            assert (answer.status, answer.code) == (403, "scope-missing"), path
            assert scope in answer.json()["hint"]
            answer = await api.call(method, path, token=None)
            assert (answer.status, answer.code) == (401, "token-invalid"), path
            assert answer.headers["WWW-Authenticate"] == "Bearer"

    async def test_every_route_asks_for_one(self, api: Api) -> None:
        described = (await api.call("GET", "/openapi.json", token=None)).json()
        for path, methods in described["paths"].items():
            for method in methods:
                answer = await api.call(method.upper(), path.replace("{", "").replace("}", ""), {}, token=None)
                assert answer.status == 401, (method, path)

    async def test_that_expired_or_were_revoked_are_refused_at_once(self, api: Api) -> None:
        made = (await api.call("POST", "/v1/tokens", {"name": "ci", "scopes": ["events:read"]})).json()
        assert (await api.call("GET", "/v1/events", token=made["secret"])).status == 200
        assert (await api.call("DELETE", f"/v1/tokens/{made['id']}")).status == 204
        assert (await api.call("GET", "/v1/events", token=made["secret"])).code == "token-invalid"

        brief = (
            await api.call("POST", "/v1/tokens", {"name": "b", "scopes": ["events:read"], "expiresInDays": 1})
        ).json()
        services = api.stage.program.services
        async with services.base.write() as writer:
            past = services.around.clock.now() - timedelta(seconds=1)
            await writer.execute(
                tables.TOKENS.update().where(tables.TOKENS.c.id == brief["id"]).values(expires_at=past)
            )
        assert (await api.call("GET", "/v1/events", token=brief["secret"])).status == 401
        for wrong in ("", "x", "tnt_" + "0" * 66, "é"):
            assert (await api.call("GET", "/v1/events", token=wrong)).status == 401

    async def test_cannot_make_stronger_ones(self, api: Api) -> None:
        weak = (await api.call("POST", "/v1/tokens", {"name": "w", "scopes": ["tokens:write"]})).json()["secret"]
        answer = await api.call("POST", "/v1/tokens", {"name": "s", "scopes": ["installations:write"]}, token=weak)
        assert (answer.status, answer.code) == (403, "scope-missing")

    async def test_are_shown_without_their_secret_and_stored_without_it(self, api: Api) -> None:
        made = (await api.call("POST", "/v1/tokens", {"name": "ci", "scopes": ["events:read"]})).json()
        listed = await api.call("GET", "/v1/tokens")
        events = await api.call("GET", "/v1/events?limit=1000")
        assert made["secret"] not in listed.text + events.text
        async with api.stage.program.services.base.read() as reader:
            rows = (await reader.execute(tables.TOKENS.select())).all()
        assert made["secret"] not in repr(rows)


MISTAKES: list[tuple[str, str, Any, int]] = [
    ("GET", "/v1/nothing", None, 404),
    ("GET", "/v1/installations/nobody", None, 404),
    ("PUT", "/v1/installations", None, 405),
    ("POST", "/v1/installations", {"name": "acme"}, 422),
    ("POST", "/v1/installations", {"name": "acme", "application": "tiny", "surprise": 1}, 422),
    ("POST", "/v1/installations", {"name": "acme", "application": "nothing"}, 404),
    ("POST", "/v1/installations", {"name": "acme", "application": "tiny", "version": "9"}, 0),
    ("POST", "/v1/installations", {"name": "acme", "application": "tiny", "labels": {"a": "\u0000"}}, 422),
    ("POST", "/v1/installations", {"name": "acme", "application": "tiny", "displayName": "\u0000"}, 422),
    ("GET", "/v1/installations?name=%00", None, 422),
    ("GET", "/v1/installations/%00", None, 422),
    ("GET", "/v1/installations?cursor=nonsense", None, 400),
    ("GET", "/v1/installations?cursor=%C3%A9", None, 400),
    ("GET", "/v1/installations?label=nonsense", None, 400),
    ("GET", "/v1/installations?limit=100000", None, 422),
    ("GET", "/v1/installations?surprise=1", None, 422),
    ("DELETE", "/v1/installations/acme?graceSeconds=99999999999999999999", None, 422),
    ("GET", "/v1/events?after=99999999999999999999", None, 422),
    ("GET", "/v1/events/stream?after=-1", None, 422),
]


class TestProblems:
    async def test_are_whole_and_never_an_accident(self, api: Api) -> None:
        for method, path, body, status in MISTAKES:
            answer = await api.call(method, path, body)
            assert answer.code != "internal", path
            assert answer.status == status or (status == 0 and 400 <= answer.status < 500), path

    async def test_never_repeat_a_secret(self, api: Api) -> None:
        body = {"name": "pg", "host": "127.0.0.1", "user": "u", "password": {"hunter2": "hunter2"}}
        answer = await api.call("POST", "/v1/database-servers", body)
        assert answer.status == 422
        assert "hunter2" not in answer.text

    async def test_a_registered_password_is_never_answered(self, api: Api) -> None:
        body = {"name": "pg", "host": "127.0.0.1", "user": "u", "password": "hunter2"}
        made = await api.call("POST", "/v1/database-servers", body, Idempotency_Key="k")
        assert made.status == 201
        again = await api.call("POST", "/v1/database-servers", body)
        assert (again.status, again.code) == (409, "already-registered")
        seen = await api.call("GET", "/v1/database-servers/pg")
        events = await api.call("GET", "/v1/events")
        assert "hunter2" not in made.text + again.text + seen.text + events.text
