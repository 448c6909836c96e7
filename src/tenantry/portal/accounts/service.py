"""Getting in and out: codes by mail, sessions, and their limits.

What is answered never depends on whether an account exists: the first right code makes it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from tenantry.kernel import clock as clocks
from tenantry.kernel import ids
from tenantry.kernel import randomness as randoms
from tenantry.portal import database
from tenantry.portal.accounts import model, store, tokens
from tenantry.portal.mail import outbox

_log = structlog.get_logger(__name__)

_TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A new session with its token, which exists only here and in the browser."""

    session: model.Session
    token: str


class Accounts:
    """All that can be asked about accounts."""

    def __init__(
        self,
        db: database.Database,
        *,
        clock: clocks.Clock,
        randomness: randoms.Randomness,
        keys: tokens.Keys,
        limits: model.Limits,
        mails: outbox.Outbox,
    ) -> None:
        """Take what it needs from the composition root."""
        self._db = db
        self._clock = clock
        self._randomness = randomness
        self._identifiers = ids.UlidIdentifiers(clock, randomness)
        self._keys = keys
        self._limits = limits
        self._mails = mails

    async def request_code(self, email: str, *, visit: str, client: model.Client) -> str:
        """Send a one-time code that works in this visit; returns the address as it is kept.

        Raises:
            EmailInvalidError: no mail could be sent to it.
            TooManyCodesError: the address or the client has asked too often.
            TooManyGuessesError: too many wrong codes were entered for it, or by the client.
        """
        address = model.normalise_email(email)
        now = self._clock.now()
        code = tokens.new_code(self._randomness)
        pending = model.SignInCode(
            id=self._identifiers.new("cod"),
            email=address,
            client=client.address,
            code_hash=self._keys.code_hash(visit, code),
            attempts=0,
            created_at=now,
            expires_at=now + self._limits.code_lifetime,
            used_at=None,
        )
        async with self._db.write() as writer:
            await self._check_rate(writer, address, client, now)
            await self._check_guesses(writer, pending, now)
            await store.add_code(writer, pending, visit_hash=self._visit_hash(visit))
            await self._mails.add_code(writer, recipient=address, code=code, expires_at=pending.expires_at)
        _log.info("sign-in code ordered", code_id=pending.id)
        return address

    async def pending(self, visit: str) -> model.SignInCode | None:
        """Return the code that this visit waits for, if it can still be entered."""
        async with self._db.read() as reader:
            code = await store.latest_code(reader, self._visit_hash(visit))
        return code if code is not None and code.is_open(self._clock.now(), self._limits) else None

    async def enter_code(self, typed: str, *, visit: str, client: model.Client) -> SignedIn:
        """Open a session for whoever read the mail.

        Raises:
            CodeWrongError: it is another code; the guess is counted.
            CodeEndedError: it is too old, used, or was guessed at too often.
            TooManyGuessesError: too many wrong codes were entered for the address, or by the client.
        """
        async with self._db.write() as writer:
            signed_in = await self._try_code(writer, tokens.clean_code(typed), visit=visit, client=client)
        if signed_in is None:
            raise model.CodeWrongError(field="code")
        _log.info("signed in", account_id=signed_in.session.account.id)
        return signed_in

    async def session(self, token: str) -> model.Session | None:
        """Return the open session of a token and remember that it was used."""
        async with self._db.read() as reader:
            session = await store.session_by_token(reader, self._keys.token_hash(token))
        now = self._clock.now()
        if session is None or not session.is_open(now, self._limits):
            return None
        if now - session.seen_at > _TOUCH_EVERY:
            async with self._db.write() as writer:
                await store.touch_session(writer, session.id, now)
        return session

    async def sessions(self, account_id: ids.AccountId) -> list[model.Session]:
        """Return the account's open sessions, last seen first."""
        async with self._db.read() as reader:
            found = await store.sessions_of(reader, account_id)
        now = self._clock.now()
        return [session for session in found if session.is_open(now, self._limits)]

    async def sign_out(self, session: model.Session) -> None:
        """End this session."""
        async with self._db.write() as writer:
            await store.end_session(writer, session.id, self._clock.now())

    async def sign_out_everywhere(self, session: model.Session) -> None:
        """End every session of the account, this one too."""
        async with self._db.write() as writer:
            await store.end_all_sessions(writer, session.account.id, self._clock.now())

    async def _check_rate(self, writer: database.Writer, email: str, client: model.Client, now: datetime) -> None:
        # Both locks in one order, so that requests at the same moment are counted one after the other.
        for subject in sorted((f"code/address/{email}", f"code/client/{client.address}")):
            await database.serialise(writer, subject)
        since = now - self._limits.window
        by_email, by_client = await store.count_codes(writer, email=email, client=client.address, since=since)
        if by_email >= self._limits.codes_per_address or by_client >= self._limits.codes_per_client:
            raise model.TooManyCodesError(field="email")

    async def _check_guesses(self, writer: database.Writer, code: model.SignInCode, now: datetime) -> None:
        limits, since = self._limits, now - self._limits.guess_window
        by_email, by_client = await store.count_wrong_guesses(writer, email=code.email, client=code.client, since=since)
        if by_email >= limits.guesses_per_address or by_client >= limits.guesses_per_client:
            _log.warning("too many wrong codes", client=code.client, by_address=by_email, by_client=by_client)
            raise model.TooManyGuessesError(field="email")

    async def _try_code(
        self, writer: database.Writer, typed: str, *, visit: str, client: model.Client
    ) -> SignedIn | None:
        now = self._clock.now()
        code = await store.latest_code(writer, self._visit_hash(visit), lock=True)
        if code is None or not code.is_open(now, self._limits):
            raise model.CodeEndedError(field="code")
        await self._check_guesses(writer, code, now)
        is_right = tokens.is_same(self._keys.code_hash(visit, typed), code.code_hash)
        await store.count_attempt(writer, code.id, used_at=now if is_right else None)
        return await self._open_session(writer, code.email, client) if is_right else None

    async def _open_session(self, writer: database.Writer, email: str, client: model.Client) -> SignedIn:
        now = self._clock.now()
        account = await store.sign_in(writer, account_id=self._identifiers.new("acc"), email=email, now=now)
        session = model.Session(
            id=self._identifiers.new("ses"),
            account=account,
            client=client.address,
            browser=client.browser,
            created_at=now,
            seen_at=now,
            expires_at=now + self._limits.session_absolute,
        )
        token = tokens.new_token(self._randomness)
        await store.add_session(writer, session, self._keys.token_hash(token))
        return SignedIn(session=session, token=token)

    def _visit_hash(self, visit: str) -> str:
        return self._keys.keyed_hash("visit", visit)
