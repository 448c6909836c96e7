"""Answers that can be given again: a repeated request with an Idempotency-Key is answered byte for byte as at first."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from fastapi import Response

from tenantry.engine import database
from tenantry.provisioner.access import model as access
from tenantry.provisioner.api import dependencies as given
from tenantry.provisioner.registry import nouns, store
from tenantry.wire import installations
from tenantry.wire import model as wire

REPLAYED = "Idempotent-Replayed"
"""Says of an answer that it was given before."""

_JSON = "application/json"


def of(
    resource: wire.Resource,
    subject_id: str,
    *,
    status: int = HTTPStatus.OK,
    holds_secret: bool = False,
    **headers: str,
) -> access.Answer:
    """Return a resource as an answer.

    Args:
        resource: what is answered.
        subject_id: what the request made or changed.
        status: the HTTP status.
        holds_secret: it must not be kept.
        headers: more headers.
    """
    body = resource.model_dump_json(by_alias=True).encode()
    named = {"Content-Type": _JSON, **headers}
    return access.Answer(subject_id=subject_id, status=status, headers=named, body=body, holds_secret=holds_secret)


def of_installation(installation: installations.Installation, *, is_new: bool = False) -> access.Answer:
    """Return an installation as an answer, with its ETag."""
    if not is_new:
        return of(installation, installation.id, ETag=installation.etag)
    where = f"/v1/installations/{installation.id}"
    return of(installation, installation.id, status=HTTPStatus.CREATED, ETag=installation.etag, Location=where)


def of_registered(seen: nouns.Registered, *, new_below: str = "") -> access.Answer:
    """Return a cluster, a database server or an object store as an answer, with its ETag.

    Args:
        seen: what is answered.
        new_below: the path of its kind, where it was made just now.
    """
    if not new_below:
        return of(seen, seen.id, ETag=seen.etag)
    return of(seen, seen.id, status=HTTPStatus.CREATED, ETag=seen.etag, Location=f"{new_below}/{seen.id}")


def empty(subject_id: str) -> access.Answer:
    """Return an answer that says nothing but that it was done."""
    return access.Answer(subject_id=subject_id, status=HTTPStatus.NO_CONTENT, body=b"")


async def once(
    services: given.Services,
    writer: database.Writer,
    request: access.Once | None,
    make: Callable[[], Awaitable[access.Answer]],
) -> Response:
    """Carry a request out, or give the answer that the same request got."""
    return response(await services.access.once(writer, request, make))


async def changed(
    changing: given.Changing, noun: store.Noun, change: Callable[[], Awaitable[str]], *, new_below: str = ""
) -> Response:
    """Carry a change of something registered out once, and answer how it is then.

    Args:
        changing: who changes it.
        noun: what it is.
        change: changes it, and returns its id.
        new_below: the path of its kind, where the change makes it.
    """

    async def take() -> access.Answer:
        row = await changing.services.registry.get(changing.writer, noun, await change())
        return of_registered(nouns.seen(noun, row), new_below=new_below)

    return await once(changing.services, changing.writer, changing.once, take)


def response(answer: access.Answer) -> Response:
    """Return an answer as it is sent."""
    headers = answer.headers | ({REPLAYED: "true"} if answer.is_replay else {})
    return Response(answer.body, status_code=answer.status, headers=headers)
