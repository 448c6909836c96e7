"""What can be asked about access: who is this, make a token, end one, do a thing once."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from tenantry.engine import database
from tenantry.kernel import errors, ids
from tenantry.provisioner import context
from tenantry.provisioner.access import model, store
from tenantry.provisioner.events import model as event_model
from tenantry.provisioner.events import store as event_store
from tenantry.wire import tokens

_SOON = timedelta(seconds=1)
"""When to come back while a request with the same key is carried out."""
_FORGOTTEN_AT_ONCE = 20
"""Each new key clears that many old ones away, so there is never a heap of them and an idle service does nothing."""


class Access:
    """Tokens and repeated requests."""

    def __init__(self, around: context.Context) -> None:
        """Take what services share."""
        self._around = around

    async def identify(self, base: database.Database, secret: str) -> model.Principal:
        """Return who bears the secret.

        Raises:
            TokenInvalidError: it is unknown, expired or revoked.
        """
        now = self._around.clock.now()
        async with base.read() as reader:
            found = await store.principal(reader, digest(secret), now)
        if found is None:
            raise model.TokenInvalidError
        principal, is_stale = found
        if is_stale:
            async with base.write() as writer:
                await store.note_use(writer, principal.token_id, now)
        return principal

    async def create(
        self, writer: database.Writer, request: tokens.CreateToken, by: model.Principal
    ) -> tokens.CreatedToken:
        """Make a token; it can do no more than the one that makes it.

        Raises:
            ScopeMissingError: the maker's own token lacks one of the scopes.
        """
        for scope in request.scopes:
            by.require(scope)
        secret = f"tnt_{ids.ulid(self._around.clock.now(), self._around.randomness.token_bytes(10))}"
        secret += self._around.randomness.token_bytes(20).hex()
        token = self._new(request)
        await store.add(writer, token, digest(secret))
        await self._record(writer, token, f"Token “{token.name}” created.", by.name)
        return tokens.CreatedToken(**token.model_dump(by_alias=False), secret=secret)

    async def put(self, writer: database.Writer, request: tokens.CreateToken, secret: str) -> None:
        """Let a token of the configuration be valid."""
        await store.put(writer, self._new(request), digest(secret))

    async def everything(self, reader: database.Reader) -> Sequence[tokens.Token]:
        """Return all tokens, newest first."""
        return await store.everything(reader)

    async def revoke(self, writer: database.Writer, token_id: str, by: model.Principal) -> None:
        """End a token at once.

        Raises:
            NotFoundError: there is none.
        """
        if not await store.revoke(writer, token_id, self._around.clock.now()):
            raise errors.NotFoundError(f"There is no token “{token_id}”.")
        event = self._event(token_id, "token.revoked", "Token revoked.", by.name)
        await event_store.record(writer, event)

    async def once(
        self, writer: database.Writer, request: model.Once | None, make: Callable[[], Awaitable[model.Answer]]
    ) -> model.Answer:
        """Carry a request out, or answer as the same request was answered before.

        The answer is kept in the transaction of the change, so a request that was refused leaves its key free.

        Raises:
            KeyInFlightError: the first one with this key has not ended.
            KeyReusedError: the key was used for another request.
            AnswerNotKeptError: the first answer held a secret.
        """
        if request is None:
            return await make()
        now = self._around.clock.now()
        since = now - model.KEY_LIFETIME
        if (remembered := await store.remembered(writer, request, since=since)) is not None:
            return _again(remembered, request)
        if not await store.claim_key(writer, request):
            raise model.KeyInFlightError(delay=_SOON)
        if (remembered := await store.remembered(writer, request, since=since)) is not None:
            return _again(remembered, request)  # another request with this key ended just before this one took it
        answer = await make()
        await store.remember(writer, request, answer, now)
        await store.forget_before(writer, since, limit=_FORGOTTEN_AT_ONCE)
        return answer

    def _new(self, request: tokens.CreateToken) -> tokens.Token:
        now = self._around.clock.now()
        days = request.expires_in_days
        return tokens.Token(
            id=self._around.identifiers.new("tok"),
            name=request.name,
            scopes=sorted(set(request.scopes)),
            created_at=now,
            expires_at=None if days is None else now + timedelta(days=days),
            revoked_at=None,
            last_used_at=None,
        )

    async def _record(self, writer: database.Writer, token: tokens.Token, summary: str, actor: str) -> None:
        await event_store.record(writer, self._event(token.id, "token.created", summary, actor))

    def _event(self, token_id: str, kind: str, summary: str, actor: str) -> event_model.NewEvent:
        return event_model.NewEvent(
            type=kind,
            subject_kind=event_model.SubjectKind.TOKEN,
            subject_id=token_id,
            at=self._around.clock.now(),
            actor=actor,
            summary=summary,
        )


def _again(remembered: model.Remembered, request: model.Once) -> model.Answer:
    """Return what is answered to a request whose key is known."""
    if remembered.digest != request.digest:
        raise model.KeyReusedError
    if remembered.answer is None:
        made = f"The request with this Idempotency-Key made “{remembered.subject_id}”; its answer is not kept."
        raise model.AnswerNotKeptError(made)
    return replace(remembered.answer, is_replay=True)


def digest(secret: str) -> bytes:
    """Return what is stored of a token; its 160 random bits need no slow hash.

    A token is found by its digest, never compared with another's secret: how long that takes tells nothing about one.
    """
    return hashlib.sha256(secret.encode()).digest()
