"""What somebody without an account, or with another's address, could try at the door."""

import re
from pathlib import Path

import pytest

from support import portal_browser, portal_postgres, portal_stage
from tenantry.portal.accounts import model, tokens

EMAIL = "ada@example.com"


async def ask(visitor: portal_browser.Visitor, email: str = EMAIL) -> portal_browser.Page:
    return await visitor.send(await visitor.open("/sign-in"), "/sign-in", email=email)


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**tokens.CODE_DIGITS:06d}"


class TestSession:
    async def test_is_never_one_that_was_there_before(
        self, stage: portal_stage.Stage, visitor: portal_browser.Visitor
    ) -> None:
        planted = tokens.new_token(stage.rooms.portal.randomness)
        await visitor.open("/sign-in", cookie=f"__Host-session={planted}")
        visit = visitor.cookie("__Host-visit")
        await visitor.sign_in(stage)
        token = visitor.cookie("__Host-session")
        assert token not in {"", planted, visit}
        assert visitor.cookie("__Host-visit") == ""
        async with portal_browser.Visitor.arriving(stage.url) as mallory:
            for stolen in (planted, visit):
                answer = await mallory.open("/workspaces", follow=False, cookie=f"__Host-session={stolen}")
                assert answer.headers["location"] == "/sign-in"

    async def test_ends_with_signing_out_wherever_its_token_went(
        self, stage: portal_stage.Stage, visitor: portal_browser.Visitor
    ) -> None:
        await visitor.sign_in(stage)
        cookie = f"__Host-session={visitor.cookie('__Host-session')}"
        async with portal_browser.Visitor.arriving(stage.url) as thief:
            assert (await thief.open("/workspaces", follow=False, cookie=cookie)).status == 200
            await visitor.send(await visitor.open("/account"), "/sign-out")
            assert (await thief.open("/workspaces", follow=False, cookie=cookie)).status == 303

    async def test_cookies_are_for_this_host_over_a_safe_way_and_for_no_script(
        self, stage: portal_stage.Stage, visitor: portal_browser.Visitor
    ) -> None:
        door = await visitor.open("/sign-in")
        await ask(visitor)
        fields = (await visitor.open("/sign-in/code")).fields("/sign-in/code")
        code = await stage.code_for(EMAIL)
        signed_in = await visitor.post("/sign-in/code", fields | {"code": code}, follow=False)
        for given in (door.headers["set-cookie"], signed_in.headers["set-cookie"]):
            assert given.startswith("__Host-")
            assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax"} <= set(given.split("; "))
            assert "Domain" not in given


class TestWhoHasAnAccount:
    async def test_is_told_by_no_answer(self, stage: portal_stage.Stage, visitor: portal_browser.Visitor) -> None:
        async with portal_browser.Visitor.arriving(stage.url) as ada:
            await ada.sign_in(stage)
        answers: list[tuple[int, str, str]] = []
        for email in (EMAIL, "bob@example.com"):
            page = await ask(visitor, email)
            text = re.sub(r'value="[0-9a-f]{64}"', "", page.text).replace(email, "…")
            answers.append((page.status, page.path, text))
        assert answers[0] == answers[1]

    async def test_costs_the_same_questions(self, stage: portal_stage.Stage) -> None:
        asked: list[list[str]] = []
        async with portal_browser.Visitor.arriving(stage.url) as ada:
            await ada.sign_in(stage)
        for email in (EMAIL, "bob@example.com"):
            async with portal_browser.Visitor.arriving(stage.url) as visitor:
                with portal_stage.statements(stage) as found:
                    await ask(visitor, email)
                asked.append([text for text in found if "sign_in_codes" in text or "accounts" in text])
        assert asked[0] == asked[1]
        assert not any("accounts" in text for text in asked[0])


class TestGuessing:
    async def test_is_bounded_for_an_address_however_many_codes_are_asked_for(
        self, portal_postgres_server: portal_postgres.Server, tmp_path: Path
    ) -> None:
        limits = model.Limits()
        codes = limits.guesses_per_address // limits.code_attempts
        url = portal_postgres_server.new_database()
        async with portal_stage.opened(url, tmp_path, codes_per_address=100) as stage:
            for number in range(1, codes + 1):
                await self._waste(stage, limits, number, address=f"198.51.100.{number}")
            async with portal_browser.Visitor.arriving(stage.url) as owner:
                page = await ask(owner)
            assert page.status == 429
            assert "Too many wrong codes" in page.text
            assert len(stage.mailbox.codes(EMAIL)) == codes

    async def _waste(self, stage: portal_stage.Stage, limits: model.Limits, number: int, *, address: str) -> None:
        async with portal_browser.Visitor.arriving(stage.url) as attacker:
            attacker.session.headers["X-Forwarded-For"] = address
            await ask(attacker)
            code = await stage.code_for(EMAIL, number=number)
            form = await attacker.open("/sign-in/code")
            for _ in range(limits.code_attempts):
                assert (await attacker.send(form, "/sign-in/code", code=other_than(code))).status == 422

    async def test_is_bounded_for_a_client_however_many_addresses_it_tries(
        self, portal_postgres_server: portal_postgres.Server, tmp_path: Path
    ) -> None:
        limits = model.Limits()
        url = portal_postgres_server.new_database()
        async with portal_stage.opened(url, tmp_path) as stage:
            statuses: list[int] = []
            for number in range(limits.guesses_per_client // limits.code_attempts + 1):
                async with portal_browser.Visitor.arriving(stage.url) as attacker:
                    statuses.append((await ask(attacker, f"victim-{number}@example.com")).status)
                    if statuses[-1] == 200:
                        code = await stage.code_for(f"victim-{number}@example.com")
                        form = await attacker.open("/sign-in/code")
                        for _ in range(limits.code_attempts):
                            await attacker.send(form, "/sign-in/code", code=other_than(code))
        assert statuses == [200] * (len(statuses) - 1) + [429]

    async def test_a_right_code_is_no_guess(self, stage: portal_stage.Stage) -> None:
        for number in range(1, 5):
            async with portal_browser.Visitor.arriving(stage.url) as ada:
                await ask(ada)
                code = await stage.code_for(EMAIL, number=number)
                page = await ada.send(await ada.open("/sign-in/code"), "/sign-in/code", code=code)
                assert page.path == "/workspaces"


class TestMail:
    @pytest.mark.parametrize(
        "email",
        ["ada@example.com\r\nBcc: eve@example.com", "ada@example.com\nSubject: x", "ada@example.com, eve@example.com",
         "Ada <ada@example.com>", "ada@example.com\0", "ada@[127.0.0.1]", "a" * 300 + "@example.com", "ada"],
    )  # fmt: skip
    async def test_goes_to_one_address_and_takes_no_headers_from_it(
        self, stage: portal_stage.Stage, visitor: portal_browser.Visitor, email: str
    ) -> None:
        page = await ask(visitor, email)
        if page.status == 200:  # what was typed around the address is cut off
            assert await stage.code_for(EMAIL)
        for mail in stage.mailbox.mails:
            head = mail.replace("\r\n", "\n").split("\n\n", 1)[0]
            assert "eve" not in head
            assert len(re.findall(r"^(?:To|Bcc|Cc|Subject):", head, re.MULTILINE)) == 2
