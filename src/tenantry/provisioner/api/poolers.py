"""The route by which whoever stands beside a pooler learns what that is to know."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Header, Response

from tenantry.kernel import errors
from tenantry.provisioner.api import answers, reading, refusals
from tenantry.provisioner.api import dependencies as given
from tenantry.provisioner.registry import nouns, poolers
from tenantry.wire import poolers as wire

router = reading.router("/v1/database-servers/{name}/pooler", "database servers")

_CONDITION = "Answer with 304 and nothing else if this is the present ETag."


@router.get(
    "",
    operation_id="get_pooler_configuration",
    response_model=wire.PoolerConfiguration,
    responses=refusals.of(errors.NotFoundError) | {304: {"description": "Not modified."}},
)
async def get(
    name: given.NameOrId,
    services: given.ServicesOf,
    reader: given.ReaderOf,
    _: given.ReadsPoolers,
    if_none_match: Annotated[str | None, Header(alias="If-None-Match", max_length=1000, description=_CONDITION)] = None,
) -> Response:
    """Return what the pooler before a database server is to know: logical databases, and by what their roles are known.

    No password is in it. What is in it lets nobody in at the server, but whoever has it can pretend to be the server.
    """
    row = await services.registry.get(reader, nouns.DATABASE_SERVERS, name)
    found = await poolers.configuration(reader, services.around, row)
    etag = poolers.etag(found)
    if if_none_match == etag:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": etag})
    return answers.response(answers.of(found, name, holds_secret=True, ETag=etag))
