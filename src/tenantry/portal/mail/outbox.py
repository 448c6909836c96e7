"""Writes mails into the outbox, in the transaction of what they tell."""

from datetime import datetime

import jinja2

from tenantry.kernel import clock as clocks
from tenantry.kernel import ids
from tenantry.portal import database
from tenantry.portal.mail import store


class Outbox:
    """Composes mails in the vendor's name and keeps them until they are sent."""

    def __init__(
        self, templates: jinja2.Environment, *, clock: clocks.Clock, identifiers: ids.Identifiers, brand: str
    ) -> None:
        """Take the texts, and the name that signs them."""
        self._templates = templates
        self._clock = clock
        self._identifiers = identifiers
        self._brand = brand

    async def add_code(self, writer: database.Writer, *, recipient: str, code: str, expires_at: datetime) -> None:
        """Order a mail with a one-time code; it is worthless, and not sent, after the code has expired."""
        now = self._clock.now()
        minutes = round((expires_at - now).total_seconds() / 60)
        body = self._templates.get_template("mail/sign_in_code.txt").render(
            brand=self._brand, code=code, minutes=minutes
        )
        mail = store.NewMail(
            id=self._identifiers.new("mai"),
            recipient=recipient,
            subject=f"{code} is your code for {self._brand}",
            body=body,
            created_at=now,
            expires_at=expires_at,
        )
        await store.add(writer, mail)
