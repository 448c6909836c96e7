"""The route of what an installation's workloads and jobs print."""

import contextlib
from collections.abc import AsyncGenerator, Sequence
from typing import Annotated

from fastapi import Depends, Query
from fastapi.responses import StreamingResponse

from tenantry.kernel import errors
from tenantry.provisioner.api import dependencies as given
from tenantry.provisioner.api import negotiation, reading, refusals
from tenantry.provisioner.installations import model as installations
from tenantry.runtime import contract, masking
from tenantry.wire import installations as wire

router = reading.router("/v1/installations/{identifier}/logs", "installations")

LINES = "application/x-ndjson"


class LinesResponse(StreamingResponse):
    """A JSON object a line."""

    media_type = LINES


@router.get(
    "",
    operation_id="read_installation_logs",
    response_class=LinesResponse,
    dependencies=[Depends(negotiation.Offers(LINES))],
    responses=refusals.of(
        installations.InstallationNotFoundError, errors.NotFoundError, negotiation.NotAcceptableError
    ),
)
async def logs(
    identifier: given.NameOrId,
    services: given.ServicesOf,
    by: given.ReadsInstallations,
    tail: Annotated[int, Query(ge=0, le=10_000, description="How many lines of the past.")] = 100,
    follow: Annotated[bool, Query(description="Go on with each new line.")] = False,
) -> LinesResponse:
    """Return what its workloads and jobs print, a JSON object a line; its secrets are masked."""
    del by
    async with services.base.read() as reader:
        installation = await services.installations.get(reader, identifier)
    if installation.cluster_id is None:
        raise errors.TemporaryError("It is not placed on a cluster yet, so there is no log.")
    runtime = await services.world.runtime(installation.cluster_id)
    if await runtime.get(installation.id) is None:
        raise errors.NotFoundError("Its cluster does not have it yet, or not any more, so there is no log.")
    lines = runtime.logs(installation.id, tail=tail, follow=follow)
    return LinesResponse(_as_json(lines, services.installations.hidden(installation)))


async def _as_json(lines: AsyncGenerator[contract.LogLine], hidden: Sequence[str]) -> AsyncGenerator[str]:
    async with contextlib.aclosing(lines):
        async for line in lines:
            text = masking.mask(line.text, hidden)
            yield wire.LogLine(at=line.at, source=line.source, text=text).model_dump_json() + "\n"
