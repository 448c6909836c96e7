"""Routes of tokens."""

from http import HTTPStatus

from fastapi import Response, status

from tenantry.kernel import errors
from tenantry.provisioner.access import model as access
from tenantry.provisioner.api import answers, reading, refusals
from tenantry.provisioner.api import dependencies as given
from tenantry.wire import model
from tenantry.wire import tokens as wire

router = reading.router("/v1/tokens", "tokens")


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    operation_id="create_token",
    response_model=wire.CreatedToken,
    responses=refusals.of(access.AnswerNotKeptError),
)
async def create(
    request: wire.CreateToken,
    services: given.ServicesOf,
    writer: given.WriterOf,
    by: given.WritesTokens,
    once: given.OnceOf,
) -> Response:
    """Make a token; it can do no more than the one that makes it.

    The secret is answered once and never kept. A request that is repeated with its Idempotency-Key makes no second
    token and is answered with the problem `answer-not-kept`, which names the token that was made.
    """

    async def make() -> access.Answer:
        made = await services.access.create(writer, request, by)
        where = f"/v1/tokens/{made.id}"
        return answers.of(made, made.id, status=HTTPStatus.CREATED, holds_secret=True, Location=where)

    return await answers.once(services, writer, once, make)


@router.get("", operation_id="list_tokens")
async def everything(
    services: given.ServicesOf, reader: given.ReaderOf, _: given.WritesTokens
) -> model.Page[wire.Token]:
    """List tokens, newest first, without their secrets."""
    return model.Page(items=list(await services.access.everything(reader)))


@router.delete(
    "/{token_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    operation_id="revoke_token",
    responses=refusals.of(errors.NotFoundError),
)
async def revoke(
    token_id: given.Id, services: given.ServicesOf, writer: given.WriterOf, by: given.WritesTokens
) -> Response:
    """End a token at once. One that has ended already stays so."""
    await services.access.revoke(writer, token_id, by)
    return Response(status_code=status.HTTP_204_NO_CONTENT)
