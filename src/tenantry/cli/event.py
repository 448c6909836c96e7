"""`tenantry event`: what happened."""

from contextlib import aclosing
from typing import Annotated

import typer

from tenantry.cli import options, rendering, session
from tenantry.client import provisioner
from tenantry.wire import events as wire

app = typer.Typer(no_args_is_help=True)

LIST = rendering.Columns[wire.Event](
    [
        rendering.Column(title="sequence", value=lambda each: str(each.sequence)),
        rendering.Column(title="at", value=lambda each: rendering.moment(each.at)),
        rendering.Column(title="type", value=lambda each: each.type),
        rendering.Column(title="subject", value=lambda each: each.subject_id),
        rendering.Column(title="actor", value=lambda each: each.actor),
        rendering.Column(title="summary", value=lambda each: each.summary),
    ]
)


@app.command("list")
def list_(
    ctx: typer.Context,
    after: Annotated[int, typer.Option(min=0, help="Only those after this sequence.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 100,
    subject: Annotated[str | None, typer.Option(help="Only those about the thing with this identifier.")] = None,
    output: options.Output = rendering.Format.TABLE,
) -> None:
    """List events in the order in which they happened."""
    page = session.ask(ctx, lambda client: client.event_log.list(after=after, limit=limit, subject_id=subject))
    rendering.many(page.items, LIST, output)


@app.command("stream")
def stream(
    ctx: typer.Context,
    after: Annotated[int | None, typer.Option(min=0, help="Begin after this sequence; from now on without it.")] = None,
    output: options.Output = rendering.Format.TABLE,
) -> None:
    """Show events as they happen, until Ctrl-C; goes on where it was when a connection breaks."""

    async def question(client: provisioner.Provisioner) -> None:
        async with aclosing(client.event_log.stream(after=after)) as events:
            async for event in events:
                rendering.streamed(event, "  ".join(each.value(event) for each in LIST), output)

    session.ask(ctx, question)
