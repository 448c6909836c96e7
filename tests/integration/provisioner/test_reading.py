"""What is read from the REST API: lists, events, credentials, health and logs."""

import asyncio
import json
from collections import defaultdict
from contextlib import aclosing
from typing import Any

import aiohttp

from support import provisioner_api, provisioner_stage
from tenantry.client import provisioner
from tenantry.provisioner import tables
from tenantry.runtime import document
from tenantry.wire import installations

Stage = provisioner_stage.Stage
Status = installations.Status
Answer = provisioner_api.Answer
Api = provisioner_api.Api


class TestLists:
    async def test_pages_are_complete_and_stable_while_others_are_added(self, api: Api) -> None:
        for number in range(12):
            await api.create(f"old-{number:02}")
        found: list[str] = []
        path = "/v1/installations?limit=5"
        while True:
            page = (await api.call("GET", path)).json()
            found += [each["name"] for each in page["items"]]
            await api.create(f"new-{len(found)}")
            if page["nextCursor"] is None:
                break
            path = f"/v1/installations?limit=5&cursor={page['nextCursor']}"
        assert found == [f"old-{number:02}" for number in reversed(range(12))]

    async def test_labels_all_must_match(self, api: Api) -> None:
        await api.create("one", labels={"plan": "gold", "team": "a"})
        await api.create("two", labels={"plan": "gold", "team": "b"})

        async def names(query: str) -> list[str]:
            page = (await api.call("GET", f"/v1/installations?{query}")).json()
            return sorted(each["name"] for each in page["items"])

        assert await names("label=plan=gold") == ["one", "two"]
        assert await names("label=plan=gold&label=team=b") == ["two"]
        assert await names("label=plan=silver") == []
        assert await names("name=wo") == ["two"]
        assert await names("name=%25") == []
        assert await names("status=stable&status=provisioning&application=tiny") == ["one", "two"]
        assert await names("target=hibernated") == []


class TestEvents:
    async def test_none_is_missed_or_out_of_order_under_many_writers(self, live: Api) -> None:
        begun = (await live.call("GET", "/v1/events?limit=1000")).json()["items"][-1]["sequence"]
        seen: list[Any] = []

        async def follow() -> None:
            client = provisioner.Provisioner(live.stage.url, provisioner_stage.SECRET)
            async with client, aclosing(client.events(after=begun, follow=True)) as events:
                async for event in events:
                    seen.append(event)  # noqa: PERF401 - it is read while it grows

        following = asyncio.create_task(follow())
        for name in ("one", "two", "six"):
            await live.create(name)
        for name in ("one", "two", "six"):
            await live.stage.until(name, Status.STABLE)
        await asyncio.gather(
            *[live.call("PUT", f"/v1/installations/{name}/lock") for name in ("one", "two", "six") for _ in range(3)]
        )
        listed = (await live.call("GET", f"/v1/events?after={begun}&limit=1000")).json()["items"]
        await provisioner_stage.poll(lambda: len(seen) >= len(listed))
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        assert [each.sequence for each in seen][: len(listed)] == [each["sequence"] for each in listed]
        assert [each.sequence for each in seen] == sorted({each.sequence for each in seen})
        by_subject = defaultdict[str, list[int]](list)
        for each in seen:
            if (known := each.installation()) is not None:
                by_subject[each.subject_id].append(known.observed_generation)
        assert all(found == sorted(found) for found in by_subject.values())
        assert len(by_subject) == 3

    async def test_a_stream_goes_on_where_it_was_cut(self, api: Api) -> None:
        for name in ("one", "two", "six"):
            await api.create(name)
        every = (await api.call("GET", "/v1/events")).json()["items"]
        async with aiohttp.ClientSession() as session:
            headers = {
                "Authorization": f"Bearer {provisioner_stage.SECRET}",
                "Last-Event-ID": str(every[1]["sequence"]),
            }
            async with session.get(f"{api.stage.url}/v1/events/stream?after=0", headers=headers) as answer:
                assert answer.headers["Content-Type"].startswith("text/event-stream")
                got: list[int] = []
                async with asyncio.timeout(5):
                    async for line in answer.content:
                        if line.startswith(b"id: "):
                            got.append(int(line[4:]))
                        if len(got) == len(every) - 2:
                            break
        assert got == [each["sequence"] for each in every[2:]]

    async def test_pages_lead_to_the_end(self, api: Api) -> None:
        for name in ("one", "two", "six"):
            await api.create(name)
        sequences: list[int] = []
        path = "/v1/events?limit=2"
        while True:
            page = (await api.call("GET", path)).json()
            sequences += [each["sequence"] for each in page["items"]]
            if page["nextCursor"] is None:
                break
            path = f"/v1/events?limit=2&after={page['nextCursor']}"
        assert sequences == sorted(set(sequences))
        assert len(sequences) == len((await api.call("GET", "/v1/events")).json()["items"])


class TestSecretsOfAnInstallation:
    async def test_are_in_no_list_event_or_log(self, live: Api) -> None:
        made = await live.stage.stable("acme")
        bundle = live.stage.world.bundles[made.id]
        secrets = [
            value for each in bundle.secrets for key, value in each.data.items() if "assword" in key or "ecret" in key
        ]
        assert len(secrets) == 3
        texts = [
            (await live.call("GET", "/v1/events?limit=1000")).text,
            (await live.call("GET", "/v1/installations")).text,
            (await live.call("GET", "/metrics")).text,
        ]
        async with live.stage.program.services.base.read() as reader:
            for table in tables.METADATA.sorted_tables:
                texts += [repr(row) for row in await reader.execute(table.select())]
        assert not [secret for secret in secrets for text in texts if secret in text]


class TestHealth:
    async def test_needs_no_token_and_tells_the_truth(self, api: Api) -> None:
        assert (await api.call("GET", "/health", token=None)).status == 200
        assert (await api.call("GET", "/ready", token=None)).status == 200
        assert "tenantry_api_requests_total" in (await api.call("GET", "/metrics", token=None)).text

    async def test_many_requests_at_once_do_not_wait_for_each_other_for_ever(self, api: Api) -> None:
        async with asyncio.timeout(20):
            answers = await asyncio.gather(*[api.create(f"many-{number}") for number in range(60)])
        assert {each.status for each in answers} == {201}


class TestLogs:
    async def test_say_why_there_are_none(self, live: Api) -> None:
        live.stage.world.go_away()
        await live.create("acme")
        answer = await live.call("GET", "/v1/installations/acme/logs")
        assert answer.status in {404, 503}
        assert answer.code in {"not-found", "agent-away", "temporarily-unavailable"}

    async def test_come_line_by_line(self, live: Api) -> None:
        await live.stage.stable("acme")
        answer = await live.call("GET", "/v1/installations/acme/logs?tail=3")
        assert [json.loads(line)["text"] for line in answer.text.splitlines()] == ["line 0", "line 1", "line 2"]

    async def test_secrets_that_a_program_prints_are_masked(self, live: Api) -> None:
        printed: list[str] = []

        def reveal(bundle: document.InstallationBundle, _: int) -> str:
            printed[:] = [each.data["adminPassword"] for each in bundle.secrets if "adminPassword" in each.data]
            return f"starting with {printed[0]}"

        live.stage.world.prints = reveal
        await live.stage.stable("acme")
        answer = await live.call("GET", "/v1/installations/acme/logs?tail=1")
        assert json.loads(answer.text)["text"] == "starting with •••"
        assert printed[0] not in answer.text
