import asyncio

from support import portal_browser, portal_stage

EMAIL = "ada@example.com"


async def ask(visitor: portal_browser.Visitor, email: str = EMAIL) -> portal_browser.Page:
    return await visitor.send(await visitor.open("/sign-in"), "/sign-in", email=email)


async def enter(visitor: portal_browser.Visitor, code: str) -> portal_browser.Page:
    return await visitor.send(await visitor.open("/sign-in/code"), "/sign-in/code", code=code)


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


class TestSignIn:
    async def test_a_mailed_code_opens_an_account(
        self, stage: portal_stage.Stage, visitor: portal_browser.Visitor
    ) -> None:
        page = await visitor.sign_in(stage)
        assert page.path == "/workspaces"
        assert "Your first workspace" in page.text

    async def test_pages_need_a_session(self, visitor: portal_browser.Visitor) -> None:
        assert (await visitor.open("/workspaces")).path == "/sign-in"
        assert (await visitor.open("/account")).path == "/sign-in"

    async def test_a_code_works_once(self, stage: portal_stage.Stage, visitor: portal_browser.Visitor) -> None:
        await ask(visitor)
        form = await visitor.open("/sign-in/code")
        code = await stage.code_for(EMAIL)
        sent = [visitor.send(form, "/sign-in/code", code=code) for _ in range(2)]
        statuses = sorted(page.status for page in await asyncio.gather(*sent))
        # The first right one opens a session; the second finds a used code, or a form of before the sign-in.
        assert statuses[0] == 200
        assert statuses[1] in {403, 422}

    async def test_five_wrong_guesses_end_a_code(
        self, stage: portal_stage.Stage, visitor: portal_browser.Visitor
    ) -> None:
        await ask(visitor)
        code = await stage.code_for(EMAIL)
        form = await visitor.open("/sign-in/code")
        for _ in range(5):
            assert (await visitor.send(form, "/sign-in/code", code=other_than(code))).status == 422
        page = await visitor.send(form, "/sign-in/code", code=code)
        assert "can no longer be used" in page.text

    async def test_a_code_works_only_where_it_was_asked_for(
        self, stage: portal_stage.Stage, visitor: portal_browser.Visitor
    ) -> None:
        await ask(visitor)
        code = await stage.code_for(EMAIL)
        async with portal_browser.Visitor.arriving(stage.url) as eve:
            await ask(eve, "eve@example.com")
            assert (await enter(eve, code)).status == 422

    async def test_an_address_is_not_flooded(self, stage: portal_stage.Stage, visitor: portal_browser.Visitor) -> None:
        statuses = [(await ask(visitor)).status for _ in range(6)]
        assert statuses == [200] * 5 + [429]
        assert len(stage.mailbox.codes(EMAIL)) <= 5

    async def test_a_form_from_elsewhere_is_refused(self, visitor: portal_browser.Visitor) -> None:
        await visitor.open("/sign-in")
        assert (await visitor.post("/sign-in", {"email": EMAIL})).status == 403
        assert (await visitor.post("/sign-in", {"email": EMAIL, "form_token": "0" * 64})).status == 403

    async def test_nothing_in_the_database_opens_anything(
        self, stage: portal_stage.Stage, visitor: portal_browser.Visitor
    ) -> None:
        await visitor.sign_in(stage)
        code = stage.mailbox.codes(EMAIL)[0]
        tokens = [cookie.value for cookie in visitor.session.cookie_jar if cookie.key == "__Host-session"]
        assert len(tokens) == 1
        kept = await everything(stage)
        assert tokens[0] not in kept
        await portal_stage.until(lambda: is_forgotten(stage, code))


class TestSignOut:
    async def test_everywhere_ends_every_session(
        self, stage: portal_stage.Stage, visitor: portal_browser.Visitor
    ) -> None:
        await visitor.sign_in(stage)
        async with portal_browser.Visitor.arriving(stage.url) as phone:
            await ask(phone)
            await enter(phone, await stage.code_for(EMAIL, number=2))
            assert (await phone.open("/account")).path == "/account"
            await visitor.send(await visitor.open("/account"), "/account/sign-out-everywhere")
            assert (await phone.open("/account")).path == "/sign-in"
        assert (await visitor.open("/account")).path == "/sign-in"

    async def test_ends_this_session(self, stage: portal_stage.Stage, visitor: portal_browser.Visitor) -> None:
        await visitor.sign_in(stage)
        page = await visitor.send(await visitor.open("/account"), "/sign-out")
        assert page.path == "/sign-in"
        assert (await visitor.open("/workspaces")).path == "/sign-in"


class TestProtection:
    async def test_every_page_says_what_browsers_may_do(self, visitor: portal_browser.Visitor) -> None:
        headers = (await visitor.open("/sign-in")).headers
        policy = headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"

    async def test_a_large_body_is_refused(self, visitor: portal_browser.Visitor) -> None:
        assert (await visitor.post("/sign-in", {"email": "a" * 100_000})).status == 413

    async def test_machines_are_answered(self, visitor: portal_browser.Visitor) -> None:
        assert (await visitor.open("/health")).status == 200
        assert (await visitor.open("/ready")).status == 200
        assert "tenantry_engine_claims" in (await visitor.open("/metrics")).text


async def everything(stage: portal_stage.Stage) -> str:
    """Return all rows of the tables that deal with signing in, as text."""
    rows: list[str] = []
    async with stage.rooms.database.engine.connect() as connection:
        for table in ("sessions", "sign_in_codes", "mails"):
            found = await connection.exec_driver_sql(f"TABLE {table}")
            rows += [str(tuple(row)) for row in found]
    return "\n".join(rows)


async def is_forgotten(stage: portal_stage.Stage, code: str) -> bool:
    return code not in await everything(stage)
