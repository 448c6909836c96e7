"""Requests that are sent again: once is what they do, and the first answer is what they get."""

import asyncio
from datetime import timedelta

from support import provisioner_api, provisioner_stage
from tenantry.provisioner import tables
from tenantry.provisioner.access import model as access
from tenantry.provisioner.access import store
from tenantry.wire import installations, tokens

Api = provisioner_api.Api
Status = provisioner_stage.Status


class TestIdempotency:
    async def test_a_replay_makes_nothing_new_and_gets_the_first_answer(self, api: Api) -> None:
        first = await api.create("acme", headers={"Idempotency_Key": "k"})
        await api.call("PUT", "/v1/installations/acme/lock")
        second = await api.create("acme", headers={"Idempotency_Key": "k"})
        assert (first.status, second.status) == (201, 201)
        assert first.text == second.text
        kept = ("ETag", "Location", "Content-Type")
        assert [first.headers[name] for name in kept] == [second.headers[name] for name in kept]
        assert ("Idempotent-Replayed" in first.headers, second.headers["Idempotent-Replayed"]) == (False, "true")

    async def test_of_replays_at_the_same_moment_one_acts_and_others_are_told_to_wait(self, api: Api) -> None:
        answers = await asyncio.gather(*[api.create("acme", headers={"Idempotency_Key": "k"}) for _ in range(12)])
        assert {each.status for each in answers} <= {201, 409}
        assert len({each.json()["id"] for each in answers if each.status == 201}) == 1
        waiting = [each for each in answers if each.status == 409]
        assert {(each.code, each.headers["Retry-After"]) for each in waiting} <= {("idempotency-key-in-flight", "1")}

    async def test_a_key_in_flight_is_refused_until_its_request_has_ended(self, api: Api) -> None:
        token = (await api.call("GET", "/v1/tokens")).json()["items"][-1]["id"]
        once = access.Once(token_id=token, key="k", digest=b"")
        async with api.stage.program.services.base.write() as writer:
            assert await store.claim_key(writer, once)
            refused = await api.create("acme", headers={"Idempotency_Key": "k"})
            assert (refused.status, refused.code) == (409, "idempotency-key-in-flight")
        assert (await api.create("acme", headers={"Idempotency_Key": "k"})).status == 201

    async def test_a_client_of_ours_waits_for_the_first_answer(self, api: Api) -> None:
        request = installations.CreateInstallation(name="acme", application="tiny")
        made = await asyncio.gather(*[api.stage.client.installations.create(request, key="k") for _ in range(6)])
        assert len({each.id for each in made}) == 1

    async def test_a_key_is_forgotten_after_a_day_and_its_row_is_cleared_away(self, api: Api) -> None:
        for number in range(3):
            await api.create(f"acme-{number}", headers={"Idempotency_Key": f"k{number}"})
        services, table = api.stage.program.services, tables.ANSWERS
        almost, past = timedelta(hours=23, minutes=59), timedelta(hours=24, seconds=1)
        now = services.around.clock.now()
        async with services.base.write() as writer:
            for key, age in (("k0", almost), ("k1", past), ("k2", past)):
                await writer.execute(table.update().where(table.c.key == key).values(created_at=now - age))
        assert (await api.create("acme-0", headers={"Idempotency_Key": "k0"})).headers["Idempotent-Replayed"] == "true"
        assert (await api.create("other", headers={"Idempotency_Key": "k1"})).status == 201
        async with services.base.read() as reader:
            rows = await reader.execute(table.select().order_by(table.c.key))
            assert [row.key for row in rows] == ["k0", "k1"]

    async def test_a_secret_is_answered_once_and_kept_nowhere(self, api: Api) -> None:
        body = {"name": "ci", "scopes": ["events:read"]}
        first = await api.call("POST", "/v1/tokens", body, Idempotency_Key="k")
        again = await api.call("POST", "/v1/tokens", body, Idempotency_Key="k")
        assert (first.status, again.status, again.code) == (201, 409, "answer-not-kept")
        assert first.json()["id"] in again.json()["detail"]
        assert len((await api.call("GET", "/v1/tokens")).json()["items"]) == 2
        async with api.stage.program.services.base.read() as reader:
            rows = (await reader.execute(tables.ANSWERS.select())).all()
        assert first.json()["secret"] not in again.text + repr(rows)

    async def test_an_answer_without_a_body_is_given_again_as_well(self, live: Api) -> None:
        for _ in "12":
            answer = await live.call("POST", "/v1/clusters/here/cordon", Idempotency_Key="k")
            assert (answer.status, answer.text) == (204, "")
        said = [each["summary"] for each in (await live.call("GET", "/v1/events?limit=1000")).json()["items"]]
        assert said.count("here cordoned.") == 1

    async def test_a_key_that_is_none_is_refused(self, api: Api) -> None:
        for key in ("", " ", "a b", "k" * 201, "é"):
            answer = await api.create("acme", headers={"Idempotency_Key": key})
            assert (answer.status, answer.code) == (422, "request-invalid"), key
            assert answer.json()["fields"][0] | {"message": ""} == {
                "field": "Idempotency-Key",
                "location": "header",
                "message": "",
            }

    async def test_another_body_or_route_with_the_same_key_is_refused(self, api: Api) -> None:
        await api.create("acme", headers={"Idempotency_Key": "k"})
        answer = await api.create("other", headers={"Idempotency_Key": "k"})
        assert (answer.status, answer.code) == (422, "idempotency-key-reused")
        answer = await api.call("POST", "/v1/installations/acme/restart", Idempotency_Key="k")
        assert (answer.status, answer.code) == (422, "idempotency-key-reused")

    async def test_keys_of_two_tokens_are_two_keys(self, api: Api) -> None:
        other = (await api.call("POST", "/v1/tokens", {"name": "b", "scopes": list(tokens.Scope)})).json()["secret"]
        await api.create("acme", headers={"Idempotency_Key": "k"})
        second = await api.create("other", headers={"Idempotency_Key": "k", "token": other})
        assert (second.status, second.json()["name"]) == (201, "other")

    async def test_a_refused_request_leaves_its_key_free(self, api: Api) -> None:
        await api.create("acme")
        assert (await api.create("acme", headers={"Idempotency_Key": "k"})).status == 409
        assert (await api.create("other", headers={"Idempotency_Key": "k"})).status == 201

    async def test_an_action_that_is_sent_again_is_carried_out_once(self, live: Api) -> None:
        await live.stage.stable("acme")
        first = await live.call("POST", "/v1/installations/acme/restart", Idempotency_Key="r")
        seen = await live.stage.until("acme", Status.STABLE)
        again = await live.call("POST", "/v1/installations/acme/restart", Idempotency_Key="r")
        assert (again.status, again.json()["status"]) == (200, "restarting")
        assert again.text == first.text
        assert (await live.call("GET", "/v1/installations/acme")).json()["generation"] == seen.generation
        changed = [
            await live.call("PATCH", "/v1/installations/acme", {"size": "large"}, Idempotency_Key="u") for _ in "12"
        ]
        assert {each.json()["generation"] for each in changed} == {seen.generation + 1}
