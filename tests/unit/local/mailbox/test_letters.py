"""Mails as files."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tenantry.kernel import clock, ids, randomness
from tenantry.local.mailbox import letters

START = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def time() -> clock.ManualClock:
    return clock.ManualClock(START)


@pytest.fixture
def kept(tmp_path: Path, time: clock.ManualClock) -> letters.Letters:
    return letters.Letters(tmp_path, ids.UlidIdentifiers(time, randomness.SeededRandomness(1)))


def test_the_newest_comes_first_with_what_it_says(kept: letters.Letters, time: clock.ManualClock) -> None:
    kept.add(b"Subject: One\r\nFrom: a@example.com\r\n\r\nFirst\r\n", recipients=["b@example.com"])
    time.advance(timedelta(seconds=1))
    kept.add(b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nSecond\r\n", recipients=["c@example.com"])
    second, first = kept.newest(10)
    assert (second.subject, second.text, second.at) == ("Grüße", "Second", START + timedelta(seconds=1))
    assert (first.sender, first.recipients) == ("a@example.com", ("b@example.com",))


def test_mails_of_one_recipient_are_found_whatever_the_header_says(kept: letters.Letters) -> None:
    kept.add(b"To: somebody@else\r\n\r\nx", recipients=["B@example.com"])
    kept.add(b"To: b@example.com\r\n\r\ny", recipients=["c@example.com"])
    assert [letter.text for letter in kept.newest(10, recipient="b@example.com")] == ["x"]


def test_a_recipient_cannot_add_headers(kept: letters.Letters) -> None:
    kept.add(b"Subject: Real\r\n\r\nx", recipients=["a@b\r\nSubject: Forged"])
    assert kept.newest(1)[0].subject == "Real"


def test_the_oldest_are_forgotten(tmp_path: Path, time: clock.ManualClock) -> None:
    identifiers = ids.UlidIdentifiers(time, randomness.SeededRandomness(1))
    kept = letters.Letters(tmp_path, identifiers, kept=2)
    for number in range(4):
        kept.add(f"Subject: {number}\r\n\r\n".encode(), recipients=["a@example.com"])
        time.advance(timedelta(seconds=1))
    assert [letter.subject for letter in kept.newest(10)] == ["3", "2"]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"Content-Type: text/plain; charset=nonsense\r\n\r\nx"])
def test_what_is_no_mail_is_kept_all_the_same(kept: letters.Letters, content: bytes) -> None:
    kept.add(content, recipients=["a@example.com"])
    assert kept.newest(1)[0].recipients == ("a@example.com",)
