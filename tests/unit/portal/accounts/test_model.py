from datetime import UTC, datetime, timedelta

import pytest

from tenantry.kernel import ids
from tenantry.portal.accounts import browsers, model

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LIMITS = model.Limits()


def code(*, attempts: int = 0, used_at: datetime | None = None) -> model.SignInCode:
    return model.SignInCode(
        id="cod-1",
        email="ada@example.com",
        client="192.0.2.1",
        code_hash="",
        attempts=attempts,
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=10),
        used_at=used_at,
    )


def session() -> model.Session:
    account = model.Account(id=ids.AccountId("acc-1"), email="ada@example.com", created_at=NOW)
    return model.Session(
        id="ses-1",
        account=account,
        client="",
        browser="",
        created_at=NOW,
        seen_at=NOW,
        expires_at=NOW + timedelta(days=30),
    )


class TestCode:
    def test_is_open_until_it_expires(self) -> None:
        assert code().is_open(NOW + timedelta(minutes=9, seconds=59), LIMITS)
        assert not code().is_open(NOW + timedelta(minutes=10), LIMITS)

    def test_is_closed_after_five_guesses(self) -> None:
        assert code(attempts=4).is_open(NOW, LIMITS)
        assert not code(attempts=5).is_open(NOW, LIMITS)

    def test_is_closed_once_used(self) -> None:
        assert not code(used_at=NOW).is_open(NOW, LIMITS)


class TestSession:
    def test_ends_when_idle(self) -> None:
        assert session().is_open(NOW + timedelta(days=6), LIMITS)
        assert not session().is_open(NOW + timedelta(days=7), LIMITS)

    def test_ends_for_good_however_busy(self) -> None:
        busy = model.Limits(session_idle=timedelta(days=365))
        assert not session().is_open(NOW + timedelta(days=30), busy)


class TestEmail:
    @pytest.mark.parametrize("text", ["ada@example.com", " Ada@Example.COM "])
    def test_is_kept_in_one_way(self, text: str) -> None:
        assert model.normalise_email(text) == "ada@example.com"

    @pytest.mark.parametrize("text", ["", "ada", "ada@", "ada@example.com\nBcc: eve@example.com", "a b@example.com"])
    def test_that_cannot_be_mailed_is_refused(self, text: str) -> None:
        with pytest.raises(model.EmailInvalidError):
            model.normalise_email(text)


class TestBrowsers:
    def test_are_named_as_people_know_them(self) -> None:
        firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
        assert browsers.describe(firefox) == "Firefox on Linux"
        assert browsers.describe("curl/8") == "Another program"
