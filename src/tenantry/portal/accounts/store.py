"""The SQL of accounts, codes and sessions."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from tenantry.kernel import ids
from tenantry.portal import database, tables
from tenantry.portal.accounts import model

_CODES = tables.SIGN_IN_CODES
_ACCOUNTS = tables.ACCOUNTS
_SESSIONS = tables.SESSIONS


async def count_codes(reader: database.Reader, *, email: str, client: str, since: datetime) -> tuple[int, int]:
    """Return how many codes were asked for since then: for the address, and by the client."""
    query = sa.select(
        sa.func.count().filter(_CODES.c.email == email), sa.func.count().filter(_CODES.c.client == client)
    ).where(_CODES.c.created_at > since, sa.or_(_CODES.c.email == email, _CODES.c.client == client))
    row = (await reader.execute(query)).one()
    return row[0], row[1]


async def count_wrong_guesses(reader: database.Reader, *, email: str, client: str, since: datetime) -> tuple[int, int]:
    """Return how many wrong codes were entered since then: for the address, and for codes that the client asked for."""
    wrong = sa.func.coalesce(sa.func.sum(_CODES.c.attempts).filter(_CODES.c.used_at.is_(None)), 0)
    about_email = sa.select(wrong).where(_CODES.c.email == email, _CODES.c.created_at > since)
    about_client = sa.select(wrong).where(_CODES.c.client == client, _CODES.c.created_at > since)
    row = (await reader.execute(sa.select(about_email.scalar_subquery(), about_client.scalar_subquery()))).one()
    return row[0], row[1]


async def add_code(writer: database.Writer, code: model.SignInCode, *, visit_hash: str) -> None:
    """Keep a code that is about to be sent."""
    values = {
        "id": code.id,
        "visit_hash": visit_hash,
        "email": code.email,
        "client": code.client,
        "code_hash": code.code_hash,
        "attempts": code.attempts,
        "expires_at": code.expires_at,
        "created_at": code.created_at,
    }
    await writer.execute(sa.insert(_CODES).values(values))


async def latest_code(reader: database.Reader, visit_hash: str, *, lock: bool = False) -> model.SignInCode | None:
    """Return the newest code that this visit asked for; locked, so that two guesses cannot count as one."""
    query = sa.select(_CODES).where(_CODES.c.visit_hash == visit_hash).order_by(_CODES.c.created_at.desc()).limit(1)
    row = (await reader.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        return None
    return model.SignInCode(
        id=row.id,
        email=row.email,
        client=row.client,
        code_hash=row.code_hash,
        attempts=row.attempts,
        created_at=row.created_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
    )


async def count_attempt(writer: database.Writer, code_id: str, *, used_at: datetime | None) -> None:
    """Count a guess; a right one uses the code up."""
    change = sa.update(_CODES).where(_CODES.c.id == code_id)
    await writer.execute(change.values(attempts=_CODES.c.attempts + 1, used_at=used_at))


async def sign_in(writer: database.Writer, *, account_id: str, email: str, now: datetime) -> model.Account:
    """Return the account of the address, made where there is none."""
    insert = postgresql.insert(_ACCOUNTS).values(id=account_id, email=email, created_at=now, signed_in_at=now)
    upsert = insert.on_conflict_do_update(index_elements=["email"], set_={"signed_in_at": now})
    row = (await writer.execute(upsert.returning(_ACCOUNTS))).one()
    return _account(row)


async def add_session(writer: database.Writer, session: model.Session, token_hash: str) -> None:
    """Keep a new session."""
    values = {
        "id": session.id,
        "account_id": session.account.id,
        "token_hash": token_hash,
        "client": session.client,
        "browser": session.browser,
        "created_at": session.created_at,
        "seen_at": session.seen_at,
        "expires_at": session.expires_at,
    }
    await writer.execute(sa.insert(_SESSIONS).values(values))


def _session_query() -> sa.Select[tuple[object, ...]]:
    return sa.select(_SESSIONS, _ACCOUNTS.c.email, _ACCOUNTS.c.created_at.label("account_created_at")).join(
        _ACCOUNTS, _SESSIONS.c.account_id == _ACCOUNTS.c.id
    )


async def session_by_token(reader: database.Reader, token_hash: str) -> model.Session | None:
    """Return the session of a token, unless it was ended."""
    query = _session_query().where(_SESSIONS.c.token_hash == token_hash, _SESSIONS.c.ended_at.is_(None))
    row = (await reader.execute(query)).one_or_none()
    return None if row is None else _session(row)


async def sessions_of(reader: database.Reader, account_id: str) -> list[model.Session]:
    """Return an account's sessions that were not ended, last seen first."""
    query = _session_query().where(_SESSIONS.c.account_id == account_id, _SESSIONS.c.ended_at.is_(None))
    rows = (await reader.execute(query.order_by(_SESSIONS.c.seen_at.desc()).limit(50))).all()
    return [_session(row) for row in rows]


async def touch_session(writer: database.Writer, session_id: str, now: datetime) -> None:
    """Remember that the session was used."""
    await writer.execute(sa.update(_SESSIONS).where(_SESSIONS.c.id == session_id).values(seen_at=now))


async def end_session(writer: database.Writer, session_id: str, now: datetime) -> None:
    """End one session."""
    await writer.execute(sa.update(_SESSIONS).where(_SESSIONS.c.id == session_id).values(ended_at=now))


async def end_all_sessions(writer: database.Writer, account_id: str, now: datetime) -> None:
    """End every session of an account."""
    change = sa.update(_SESSIONS).where(_SESSIONS.c.account_id == account_id, _SESSIONS.c.ended_at.is_(None))
    await writer.execute(change.values(ended_at=now))


def _account(row: sa.Row[tuple[object, ...]]) -> model.Account:
    return model.Account(id=ids.AccountId(row.id), email=row.email, created_at=row.created_at)


def _session(row: sa.Row[tuple[object, ...]]) -> model.Session:
    account = model.Account(id=ids.AccountId(row.account_id), email=row.email, created_at=row.account_created_at)
    return model.Session(
        id=row.id,
        account=account,
        client=row.client,
        browser=row.browser,
        created_at=row.created_at,
        seen_at=row.seen_at,
        expires_at=row.expires_at,
    )
