"""What a hostile reader of HTTP's rules would send."""

import asyncio
import io
import json
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import aiohttp
import multidict
import pytest
import yarl

from support import provisioner_api, provisioner_stage
from tenantry.provisioner.api import noting
from tenantry.wire import tokens

Api = provisioner_api.Api
Answer = provisioner_api.Answer

JSON = {"Content-Type": "application/json"}
ORDER = b'{"name": "acme", "application": "tiny"}'


async def send(api: Api, method: str, path: str, data: Any = None, *, token: bool = True, **more: Any) -> Answer:
    """Send bytes as they are."""
    headers = {"Authorization": f"Bearer {provisioner_stage.SECRET}"} if token else {}
    headers |= more.get("headers", {})
    url = yarl.URL(f"{api.stage.url}{path}", encoded=True)
    async with (
        aiohttp.ClientSession(skip_auto_headers=["Content-Type"]) as session,
        session.request(method, url, data=data, headers=headers, allow_redirects=False) as answer,
    ):
        return Answer(status=answer.status, headers=multidict.CIMultiDict(answer.headers), text=await answer.text())


def operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path.replace("{", "").replace("}", ""), operation


class TestBodies:
    async def test_that_are_too_long_are_refused_whether_told_or_not(self, api: Api) -> None:
        long = b" " * (noting.BODY_LIMIT + 1)

        async def chunks() -> AsyncGenerator[bytes]:
            for start in range(0, len(long), 65536):
                yield long[start : start + 65536]

        for data in (io.BytesIO(long), chunks()):
            answer = await send(api, "POST", "/v1/installations", data, headers=JSON)
            assert (answer.status, answer.code) == (413, "body-too-long")

    @pytest.mark.parametrize(
        ("raw", "status", "pointer"),
        [
            (b'{"name": "acme", "application": "tiny", "name": "b"}', 422, "#"),
            (b'{"name": "acme", "application": "tiny", "labels": {"a": "b", "a": "c"}}', 422, "#/labels"),
            (b'{"name": "acme", "application": "tiny", "labels": {"a/b": "\\u0000"}}', 422, "#/labels/a~1b"),
            (b'{"name": "acme", "application": "tiny", "displayName": "\\ud800"}', 422, "#/displayName"),
            (b'{"name": "acme", "application": "tiny", "settings": {"a": 1e999}}', 422, "#/settings/a"),
            (b'{"name": "acme", "application": "tiny", "displayName": 7}', 422, "#/displayName"),
            (b'{"name": "acme", "application": "tiny", "settings": {"no": 1, "mode": 7}}', 422, "#/settings/no"),
            (b'{"name": "acme", "application": "tiny", "labels": ' + b'{"a":' * 90 + b"1" + b"}" * 91, 422, None),
            (b'{"name": "acme"', 400, None),
            (b"\xff", 400, None),
            (b"[" * 100_000, 400, None),
            (b"7", 422, "#"),
        ],
    )
    async def test_of_two_meanings_are_refused_with_the_place(
        self, api: Api, raw: bytes, status: int, pointer: str | None
    ) -> None:
        answer = await send(api, "POST", "/v1/installations", raw, headers=JSON)
        assert answer.status == status
        assert answer.code in {"request-invalid", "settings-invalid", "body-unreadable"}
        places = [each.get("pointer") for each in answer.json().get("fields", [])]
        assert pointer is None or pointer in places
        assert (await api.call("GET", "/v1/installations")).json()["items"] == []

    async def test_are_json_and_say_so(self, api: Api) -> None:
        for headers in ({}, {"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"}):
            answer = await send(api, "POST", "/v1/installations", ORDER, headers=headers)
            assert (answer.status, answer.code) == (415, "media-type-unsupported")
        answer = await send(
            api, "POST", "/v1/installations", ORDER, headers={"Content-Type": "Application/JSON; charset=utf-8"}
        )
        assert answer.status == 201

    async def test_of_strangers_are_not_looked_at(self, api: Api) -> None:
        for raw in (b"{", b'{"a": 1, "a": 1}', b"", b"x"):
            answer = await send(api, "POST", "/v1/installations?x=%00", raw, token=False, headers=JSON)
            assert (answer.status, answer.code) == (401, "token-invalid")

    async def test_longer_than_an_index_can_hold_are_refused_and_not_tried_again(self, api: Api) -> None:
        body = {"name": "a" * 9000, "endpoint": "unix:///x"}
        assert (await api.call("POST", "/v1/clusters", body)).status == 422
        labels = {"name": "acme", "application": "tiny", "labels": {"a" * 9000: "b"}}
        assert (await api.call("POST", "/v1/installations", labels)).status == 422
        many = {"name": "here", "endpoint": "unix:///x", "maxInstallations": 2**40}
        assert (await api.call("POST", "/v1/clusters", many)).json()["fields"][0]["pointer"] == "#/maxInstallations"


class TestParameters:
    async def test_that_are_unknown_are_refused_everywhere(self, api: Api) -> None:
        described = (await api.call("GET", "/openapi.json", token=None)).json()
        for method, path, _ in operations(described):
            answer = await api.call(method, f"{path}?surprise=1", {})
            assert (answer.status, answer.code) == (422, "request-invalid"), (method, path)
            field = answer.json()["fields"][0]
            assert (field["field"], field["location"]) == ("surprise", "query"), (method, path)

    async def test_that_are_given_twice_are_refused_unless_they_are_lists(self, api: Api) -> None:
        answer = await api.call("GET", "/v1/installations?limit=1&limit=2")
        assert (answer.status, answer.json()["fields"][0]["field"]) == (422, "limit")
        assert (await api.call("GET", "/v1/installations?status=stable&status=failed")).status == 200

    async def test_that_hide_a_slash_lead_nowhere_else(self, api: Api) -> None:
        await api.create("acme")
        await api.call("PUT", "/v1/installations/acme/lock")
        for path in ("/v1/installations/acme%2Flock", "/v1/installations/acme%2flock"):
            assert (await send(api, "DELETE", path)).status == 422
        assert (await api.call("GET", "/v1/installations/acme")).json()["isLocked"] is True

    @pytest.mark.parametrize("cursor", ["MjAyNg", "AAAA", "%00", "", "a" * 300, "MDAwMS0wMS0wMVQwMDowMDowMCAx"])
    async def test_a_cursor_of_others_is_refused(self, api: Api, cursor: str) -> None:
        answer = await api.call("GET", f"/v1/installations?cursor={cursor}")
        assert (answer.status, answer.code) in {(400, "cursor-invalid"), (422, "request-invalid")}


class TestConditions:
    async def test_follow_the_rules_of_if_match(self, api: Api) -> None:
        await api.create("acme")
        etag = (await api.call("GET", "/v1/installations/acme")).headers["ETag"]
        for given, status in (
            ("nonsense", 400),
            (etag.strip('"'), 400),
            ('"7", "8"', 412),
            (f"W/{etag}", 412),
            (f'"7", {etag}', 200),
            ("*", 200),
        ):
            answer = await api.call("DELETE", "/v1/installations/acme/lock", If_Match=given)
            assert answer.status == status, given
        assert (await api.call("PUT", "/v1/installations/nobody/lock", If_Match="*")).status == 404


class TestMethods:
    async def test_head_is_get_without_a_body(self, api: Api) -> None:
        for path in ("/v1/installations", "/v1/installations/nobody", "/health"):
            got, head = await api.call("GET", path), await api.call("HEAD", path)
            assert (head.status, head.text) == (got.status, "")
            assert head.headers["Content-Type"] == got.headers["Content-Type"]
            assert head.headers.get("Content-Length") == got.headers.get("Content-Length")
        async with asyncio.timeout(5):
            stream = await api.call("HEAD", "/v1/events/stream")
        assert (stream.status, stream.text) == (200, "")

    async def test_an_address_says_what_can_be_asked_of_it(self, api: Api) -> None:
        refused = await api.call("PUT", "/v1/installations")
        asked = await api.call("OPTIONS", "/v1/installations", token=None)
        assert (refused.status, refused.code, asked.status) == (405, "method-not-allowed", 204)
        assert refused.headers["Allow"] == asked.headers["Allow"] == "GET, HEAD, POST, OPTIONS"
        one = await api.call("OPTIONS", "/v1/installations/acme", token=None)
        assert one.headers["Allow"] == "GET, HEAD, PATCH, DELETE, OPTIONS"

    async def test_nobody_is_sent_elsewhere(self, api: Api) -> None:
        for path in ("/v1/installations/", "/v1//installations", "/docs", "/redoc", "/v1/installations/acme/fly"):
            answer = await send(api, "POST" if path.endswith("fly") else "GET", path)
            assert (answer.status, answer.code) == (404, "route-not-found"), path

    async def test_odd_ones_make_no_series_of_their_own(self, api: Api) -> None:
        assert (await send(api, "BREW", "/v1/installations")).status == 405
        metrics = (await api.call("GET", "/metrics", token=None)).text
        assert 'tenantry_api_requests_total{method="other",status="405"} 1.0' in metrics
        assert "BREW" not in metrics


class TestForms:
    async def test_a_stream_goes_only_to_those_who_take_it(self, api: Api) -> None:
        answer = await api.call("GET", "/v1/events/stream", Accept="application/json")
        assert (answer.status, answer.code) == (406, "not-acceptable")
        taken = await api.call("HEAD", "/v1/events/stream", Accept="text/*")
        assert (taken.status, taken.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")

    async def test_no_answer_is_kept_by_a_cache_or_guessed_at(self, api: Api) -> None:
        for path in ("/v1/installations", "/v1/tokens", "/v1/nothing", "/health"):
            answer = await api.call("GET", path)
            assert (answer.headers["Cache-Control"], answer.headers["X-Content-Type-Options"]) == (
                "no-store",
                "nosniff",
            )


class TestScopes:
    async def test_each_operation_takes_the_one_that_it_names_and_no_other(self, api: Api) -> None:
        described = (await api.call("GET", "/openapi.json", token=None)).json()
        secrets: dict[tuple[str, ...], tuple[str, str]] = {}
        for method, path, operation in operations(described):
            named = tuple(operation["security"][0]["token"])
            if named not in secrets:
                others = [each for each in tokens.Scope if each != named[0]]
                made = [await api.call("POST", "/v1/tokens", {"name": "t", "scopes": each}) for each in (named, others)]
                secrets[named] = (made[0].json()["secret"], made[1].json()["secret"])
            only, lacking = secrets[named]
            method = "HEAD" if path.endswith("/stream") else method  # noqa: PLW2901 - it would never end
            assert (await api.call(method, path, {}, token=only)).status not in {401, 403}, (method, path)
            refused = await api.call(method, path, {}, token=lacking)
            assert refused.status == 403, (method, path)
            challenge = refused.headers["WWW-Authenticate"]
            assert challenge.startswith('Bearer error="insufficient_scope", scope="'), (method, path)

    async def test_a_challenge_says_whether_a_token_was_sent(self, api: Api) -> None:
        wrong = await api.call("GET", "/v1/tokens", token="wrong")
        basic = await send(api, "GET", "/v1/tokens", token=False, headers={"Authorization": "Basic eDp5"})
        assert wrong.headers["WWW-Authenticate"] == basic.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
        assert json.loads(wrong.text)["hint"]
