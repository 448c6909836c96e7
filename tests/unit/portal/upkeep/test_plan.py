from datetime import UTC, datetime

import pytest

from tenantry.portal.accounts import model as accounts
from tenantry.portal.upkeep import plan

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


class TestPurge:
    @pytest.mark.parametrize("chore", plan.Chore)
    def test_forgets_nothing_before_its_time(self, chore: plan.Chore) -> None:
        assert plan.purge(chore, NOW).before == NOW - plan.KEPT[chore]

    def test_keeps_codes_as_long_as_a_limit_counts_them(self) -> None:
        limits = accounts.Limits()
        assert plan.KEPT[plan.Chore.OLD_CODES] >= max(limits.window, limits.guess_window, limits.code_lifetime)


class TestFollowing:
    def test_a_full_batch_is_followed_at_once(self) -> None:
        assert plan.following(plan.BATCH, NOW) == NOW

    @pytest.mark.parametrize("deleted", [0, plan.BATCH - 1])
    def test_otherwise_there_is_a_pause(self, deleted: int) -> None:
        assert plan.following(deleted, NOW) == NOW + plan.PAUSE
