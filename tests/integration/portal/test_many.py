"""10,000 workspaces in a portal, 300 in one account: what a page asks of the database does not grow with them."""

import re
import statistics
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from time import perf_counter

import pytest

from support import portal_browser, portal_many, portal_postgres, portal_stage

MINE = 300
OTHERS = 9_700
NEWEST = f"/workspaces/wsp-mine-{MINE:06d}"
PAGES = ("/workspaces", NEWEST, f"{NEWEST}/settings", "/products", "/account")
SLOWEST = 0.5
"""Seconds for the median page; far above what is measured, far below what a query for each workspace would take."""


@pytest.fixture
async def stage(
    portal_postgres_server: portal_postgres.Server, tmp_path: Path
) -> AsyncGenerator[portal_stage.Stage, None]:
    url = portal_postgres_server.new_database()
    portal_many.fleet(url, mine=MINE, others=OTHERS)
    async with portal_stage.opened(url, tmp_path) as opened:
        yield opened


@pytest.fixture
async def owner(stage: portal_stage.Stage, visitor: portal_browser.Visitor) -> portal_browser.Visitor:
    await visitor.sign_in(stage, portal_many.EMAIL)
    return visitor


ABOUT = re.compile(r"FROM (workspaces|orders|operations|products|event_cursor|\(VALUES)")


class TestManyWorkspaces:
    async def test_a_page_asks_a_handful_of_questions(
        self, stage: portal_stage.Stage, owner: portal_browser.Visitor
    ) -> None:
        for path in PAGES:
            with portal_stage.statements(stage) as asked:
                assert (await owner.open(path)).status == 200
            questions = [statement for statement in asked if ABOUT.search(statement)]
            assert len(questions) <= 8, (path, questions)

    async def test_every_workspace_is_found_page_by_page(self, owner: portal_browser.Visitor) -> None:
        found: list[str] = []
        path = "/workspaces"
        while path:
            text = (await owner.open(path)).text
            found += re.findall(r'class="row-name" href="/workspaces/([^"]+)"', text)
            older = re.search(r'href="(/workspaces\?before=[^"]+)">Older', text)
            path = older.group(1) if older else ""
        assert len(found) == len(set(found)) == MINE
        assert found == sorted(found, reverse=True)

    async def test_one_is_found_by_a_part_of_its_name(self, owner: portal_browser.Visitor) -> None:
        text = (await owner.open("/workspaces?name=MINE-29")).text
        found = re.findall(r'class="row-name" href="[^"]+"><bdi>([^<]+)', text)
        assert found == [f"mine-{number}" for number in (*range(299, 289, -1), 29)]
        assert f"{MINE} in all" in text
        nothing = (await owner.open("/workspaces?name=%25")).text
        assert "No workspace has" in nothing
        assert (
            "other-" not in (await owner.open("/workspaces?name=other")).text.split("<tbody>")[-1].split("</tbody>")[0]
        )

    async def test_the_switcher_leads_to_others_and_to_all(self, owner: portal_browser.Visitor) -> None:
        text = (await owner.open(NEWEST)).text.split("switcher", 1)[1].split("</details>", 1)[0]
        assert len(re.findall(r'href="/workspaces/wsp-mine-', text)) == 8
        assert NEWEST not in text
        assert f"All {MINE} workspaces" in text

    async def test_pages_are_answered_at_once(
        self, owner: portal_browser.Visitor, record_property: Callable[[str, object], None]
    ) -> None:
        for path in PAGES:
            took: list[float] = []
            for _ in range(20):
                began = perf_counter()
                await owner.open(path)
                took.append(perf_counter() - began)
            name = path.replace(NEWEST, "/workspaces/…")
            record_property(f"{name}: median and 95 %, ms", [round(_ms(took, each)) for each in (50, 95)])
            assert statistics.median(took) < SLOWEST, path

    async def test_the_list_reads_its_index(self, stage: portal_stage.Stage) -> None:
        query = (
            "EXPLAIN SELECT id FROM workspaces WHERE account_id = 'acc-many' AND status NOT IN ('deleted', 'withdrawn')"
            " AND id < 'wsp-mine-000200' ORDER BY id DESC LIMIT 51"
        )
        with portal_many.connect(stage.settings.database_url) as connection:
            found = "\n".join(row[0] for row in connection.execute(query).fetchall())
        assert "Scan Backward using workspaces_listed" in found
        assert "Sort" not in found


class TestOneWorkspace:
    async def test_has_no_switcher_and_nothing_to_seek(
        self, portal_postgres_server: portal_postgres.Server, tmp_path: Path
    ) -> None:
        url = portal_postgres_server.new_database()
        portal_many.fleet(url, mine=1, others=1)
        async with (
            portal_stage.opened(url, tmp_path) as stage,
            portal_browser.Visitor.arriving(stage.url) as owner,
        ):
            await owner.sign_in(stage, portal_many.EMAIL)
            assert "switcher" not in (await owner.open("/workspaces/wsp-mine-000001")).text
            assert 'role="search"' not in (await owner.open("/workspaces")).text


def _ms(took: list[float], percent: int) -> float:
    return statistics.quantiles(took, n=100)[percent - 1] * 1000
