"""What the outbox needs from the outside: somebody who carries a mail away."""

from dataclasses import dataclass
from typing import Protocol

from tenantry.kernel import errors


class MailRefusedError(errors.PermanentError):
    """The mail server does not accept this mail."""

    code = "mail-refused"


class MailUnavailableError(errors.TemporaryError):
    """The mail server cannot be reached."""

    code = "mail-unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail that is to be sent."""

    id: str
    recipient: str
    subject: str
    body: str


class Mailer(Protocol):
    """Hands mails to a mail server."""

    async def send(self, mail: Mail) -> None:
        """Send it; may be called twice for the same mail, which then carries the same Message-ID.

        Raises:
            MailRefusedError: it will never be accepted.
            MailUnavailableError: it may be accepted later.
        """
        ...
