"""The mails that were taken: files in a folder, the newest first, the oldest forgotten.

Each mail is one file as it came, named by a ULID, so that names sort by time and a mail is there whole or not at all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from tenantry.kernel import ids
from tenantry.local import atomic

KEPT = 1000
"""So many mails are kept."""

_SUFFIX = ".eml"
_TAKEN_FOR = "X-Tenantry-Recipient"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail for the eye.

    Attributes:
        id: its identifier.
        at: when it was taken.
        sender: the header From.
        recipients: whom it was delivered to.
        subject, text: what it says.
    """

    id: str
    at: datetime
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str


class Letters:
    """A folder of mails."""

    def __init__(self, folder: Path, identifiers: ids.Identifiers, *, kept: int = KEPT) -> None:
        """Take the folder, which exists, what names new mails, and how many are kept."""
        self._kept = kept
        self._folder = folder
        self._identifiers = identifiers

    def add(self, content: bytes, *, recipients: Sequence[str]) -> str:
        """Keep a mail and return its identifier; the oldest one goes when there are too many."""
        identifier = self._identifiers.new("mail")
        envelope = "".join(f"{_TAKEN_FOR}: {_one_line(recipient)}\r\n" for recipient in recipients)
        atomic.write(self._folder / f"{identifier}{_SUFFIX}", envelope.encode() + content)
        for file in self._files()[self._kept :]:
            file.unlink(missing_ok=True)
        return identifier

    def newest(self, limit: int, *, recipient: str | None = None) -> list[Letter]:
        """Return the newest mails first, of one recipient where one is named."""
        found: list[Letter] = []
        for letter in self._read():
            if recipient is None or recipient.casefold() in {name.casefold() for name in letter.recipients}:
                found.append(letter)
            if len(found) == limit:
                break
        return found

    def _read(self) -> Iterator[Letter]:
        for file in self._files():
            try:
                yield _letter(file)
            except FileNotFoundError:
                continue

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob(f"*{_SUFFIX}"), reverse=True)


def _letter(file: Path) -> Letter:
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    identifier = file.name.removesuffix(_SUFFIX)
    return Letter(
        id=identifier,
        at=_moment(identifier),
        sender=str(message.get("From", "")),
        recipients=tuple(str(value) for value in message.get_all(_TAKEN_FOR, [])),
        subject=str(message.get("Subject", "")),
        text=_text(message),
    )


def _text(message: EmailMessage) -> str:
    body = message.get_body(preferencelist=("plain", "html"))
    if body is None:
        return ""
    try:
        return str(body.get_content()).strip()
    except (LookupError, ValueError):
        return "(This mail cannot be shown.)"


def _moment(identifier: str) -> datetime:
    value = 0
    for character in identifier.rsplit("-", maxsplit=1)[-1][:10]:
        value = value * 32 + ids.ALPHABET.index(character)
    return datetime.fromtimestamp(value / 1000, UTC)


def _one_line(text: str) -> str:
    return " ".join(text.split())
