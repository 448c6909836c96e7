"""The SQL of tokens and of answers to repeated requests."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from tenantry.engine import database
from tenantry.provisioner import tables
from tenantry.provisioner.access import model
from tenantry.wire import tokens

_USED_RESOLUTION = timedelta(minutes=1)
"""`last_used_at` is that coarse, so that reading does not mean writing."""


async def principal(reader: database.Reader, digest: bytes, now: datetime) -> tuple[model.Principal, bool] | None:
    """Return who bears the token with this digest and whether its use should be noted; None where it is not valid."""
    table = tables.TOKENS
    row = (
        await reader.execute(
            table.select().where(
                table.c.digest == digest,
                table.c.revoked_at.is_(None),
                sa.or_(table.c.expires_at.is_(None), table.c.expires_at > now),
            )
        )
    ).one_or_none()
    if row is None:
        return None
    is_stale = row.last_used_at is None or now - row.last_used_at > _USED_RESOLUTION
    scopes = frozenset(tokens.Scope(scope) for scope in row.scopes)
    return model.Principal(token_id=row.id, name=row.name, scopes=scopes), is_stale


async def note_use(writer: database.Writer, token_id: str, now: datetime) -> None:
    """Note that the token was used."""
    await writer.execute(tables.TOKENS.update().where(tables.TOKENS.c.id == token_id).values(last_used_at=now))


async def add(writer: database.Writer, token: tokens.Token, digest: bytes) -> None:
    """Write a token; only the digest of its secret is kept."""
    values = token.model_dump(by_alias=False, include=set(tokens.Token.model_fields))
    await writer.execute(tables.TOKENS.insert().values(digest=digest, **values))


async def put(writer: database.Writer, token: tokens.Token, digest: bytes) -> None:
    """Write a token that configuration names, or bring the one with this secret to it."""
    values = token.model_dump(by_alias=False, include=set(tokens.Token.model_fields))
    statement = postgresql.insert(tables.TOKENS).values(digest=digest, **values)
    await writer.execute(
        statement.on_conflict_do_update(
            index_elements=["digest"], set_={"name": token.name, "scopes": values["scopes"]}
        )
    )


async def everything(reader: database.Reader) -> Sequence[tokens.Token]:
    """Return all tokens, newest first."""
    rows = await reader.execute(tables.TOKENS.select().order_by(tables.TOKENS.c.created_at.desc()))
    return [tokens.Token.model_validate(dict(row)) for row in rows.mappings()]


async def revoke(writer: database.Writer, token_id: str, now: datetime) -> bool:
    """End a token; False where there is none."""
    table = tables.TOKENS
    result = await writer.execute(
        table.update().where(table.c.id == token_id).values(revoked_at=sa.func.coalesce(table.c.revoked_at, now))
    )
    return result.rowcount == 1


async def claim_key(writer: database.Writer, request: model.Once) -> bool:
    """Take an Idempotency-Key until the transaction ends; False where another transaction has it."""
    name = sa.literal(f"idempotency {request.token_id} {request.key}")
    query = sa.select(sa.func.pg_try_advisory_xact_lock(sa.func.hashtextextended(name, 0)))
    return bool(await writer.scalar(query))


async def remembered(reader: database.Reader, request: model.Once, *, since: datetime) -> model.Remembered | None:
    """Return what is kept of the request with this key; None where there was none, or too long ago."""
    table = tables.ANSWERS
    found = table.c.created_at >= since
    row = (await reader.execute(table.select().where(_is_of(request), found))).one_or_none()
    if row is None:
        return None
    answer = None
    if row.status is not None:
        answer = model.Answer(subject_id=row.subject_id, status=row.status, headers=row.headers, body=row.body)
    return model.Remembered(digest=row.request_digest, subject_id=row.subject_id, answer=answer)


async def remember(writer: database.Writer, request: model.Once, answer: model.Answer, now: datetime) -> None:
    """Keep what the request was answered, or only what it made where the answer holds a secret."""
    table = tables.ANSWERS
    kept: dict[str, Any] = {"status": answer.status, "headers": answer.headers, "body": answer.body}
    if answer.holds_secret:
        kept = {"status": None, "headers": sa.null(), "body": None}
    values = {"request_digest": request.digest, "subject_id": answer.subject_id, "created_at": now, **kept}
    statement = postgresql.insert(table).values(token_id=request.token_id, key=request.key, **values)
    await writer.execute(statement.on_conflict_do_update(index_elements=["token_id", "key"], set_=values))


async def forget_before(writer: database.Writer, moment: datetime, *, limit: int) -> None:
    """Remove answers that are older, the oldest first; those that another transaction removes are left to it."""
    table = tables.ANSWERS
    old = sa.select(table.c.token_id, table.c.key).where(table.c.created_at < moment).order_by(table.c.created_at)
    chosen = old.limit(limit).with_for_update(skip_locked=True).cte("old")
    is_old = sa.tuple_(table.c.token_id, table.c.key).in_(sa.select(chosen.c.token_id, chosen.c.key))
    await writer.execute(table.delete().where(is_old))


def _is_of(request: model.Once) -> sa.ColumnElement[bool]:
    return sa.and_(tables.ANSWERS.c.token_id == request.token_id, tables.ANSWERS.c.key == request.key)
