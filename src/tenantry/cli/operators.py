"""`tenantry cluster operator`, `manage` and `upgrade`: who keeps a cluster's operator, and at which version."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from tenantry.cli import options, rendering, session
from tenantry.kernel import errors
from tenantry.wire import operators as wire

OWN = "own"
"""Stands for the provisioner's own choice."""

Preview = Annotated[bool, typer.Option("--preview", help="Only tell what would change in the cluster.")]

_COLUMNS = rendering.Columns[wire.Operator](
    [
        rendering.Column(title="cluster", value=lambda each: each.cluster),
        rendering.Column(title="kept by", value=lambda each: each.kept_by),
        rendering.Column(title="wanted", value=lambda each: f"{each.image}{' (follows)' if each.follows else ''}"),
        rendering.Column(title="serving", value=lambda each: each.serving_version or ""),
        rendering.Column(title="status", value=lambda each: each.status),
        rendering.Column(title="since", value=lambda each: rendering.moment(each.since)),
        rendering.Column(title="reason", value=lambda each: each.reason),
        rendering.Column(title="message", value=lambda each: each.message),
    ]
)


def add(app: typer.Typer) -> None:
    """Add the commands to those of clusters."""
    for name, command in (("operator", _show), ("manage", _manage), ("upgrade", _upgrade)):
        app.command(name)(command)


def _show(ctx: typer.Context, name: options.Name, output: options.Output = rendering.Format.TABLE) -> None:
    """Show the operator of a cluster: who keeps it, in which version, and how far a change of it is."""
    rendering.one(session.ask(ctx, lambda client: client.operators.get(name)), _COLUMNS, output)


def _manage(
    ctx: typer.Context,
    name: options.Name,
    by: Annotated[wire.Keeper | None, typer.Option("--by", help="Who keeps it; the provisioner is `tenantry`.")] = None,
    version: Annotated[str | None, typer.Option(help="Its version; `own` follows the provisioner's.")] = None,
    image: Annotated[str | None, typer.Option(help="Its image without the tag; `own` is the provisioner's.")] = None,
    facts: Annotated[
        Path | None, typer.Option(help="A YAML file: what the cluster offers to installations.", exists=True)
    ] = None,
    take_over: Annotated[
        bool | None, typer.Option("--take-over/--leave", help="Take over one of the same name that others keep.")
    ] = None,
    preview: Preview = False,
    output: options.Output = rendering.Format.TABLE,
) -> None:
    """Say who keeps a cluster's operator and how it should be; what is not given stays."""
    request = _request(by=by, version=version, image=image, facts=facts, take_over=take_over)
    if preview:
        show(session.ask(ctx, lambda client: client.operators.preview(name, request)), output)
        return
    made = session.ask(ctx, lambda client: client.operators.update(name, request))
    rendering.changed(made, f"The operator of {made.cluster} is {made.status}.", output)


def _upgrade(
    ctx: typer.Context,
    name: options.Name,
    preview: Preview = False,
    output: options.Output = rendering.Format.TABLE,
) -> None:
    """Try again to bring a cluster's operator to what is wanted, where that was given up."""
    if preview:
        show(session.ask(ctx, lambda client: client.operators.preview(name, wire.UpdateOperator())), output)
        return
    made = session.ask(ctx, lambda client: client.operators.upgrade(name))
    rendering.changed(made, f"The operator of {made.cluster} is {made.status}.", output)


def show(plan: wire.OperatorPreview, output: rendering.Format) -> None:
    """Write a preview: a line for each object and each field of it, or the whole of it for programs."""
    if output is not rendering.Format.TABLE:
        rendering.changed(plan, "", output)
        return
    rendering.line(f"{plan.cluster}: {plan.image}, {_summary(plan.changes)}.")
    if plan.message:
        rendering.line(f"Not now: {plan.message}")
    if plan.changes:
        rendering.table(("change", "object", "field", "before", "after"), _rows(plan.changes))


def _request(
    *, by: wire.Keeper | None, version: str | None, image: str | None, facts: Path | None, take_over: bool | None
) -> wire.UpdateOperator:
    given: dict[str, Any] = {"kept_by": by, "takes_over": take_over, "facts": None if facts is None else _read(facts)}
    given = {key: value for key, value in given.items() if value is not None}
    for key, value in (("version", version), ("image", image)):
        given |= {} if value is None else {key: None if value == OWN else value}
    return wire.UpdateOperator(**given)


def _read(file: Path) -> dict[str, Any]:
    try:
        read = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise errors.CustomerMustActError(f"{file} is no YAML.") from error
    if not isinstance(read, dict):
        raise errors.CustomerMustActError(f"{file} holds no mapping of facts.")
    return dict(read)  # pyright: ignore[reportUnknownArgumentType] - the request checks it


def _summary(changes: Sequence[wire.ObjectChange]) -> str:
    if not changes:
        return "nothing would change"
    counts = {kind: sum(1 for each in changes if each.change is kind) for kind in wire.ChangeKind}
    return ", ".join(f"{count} would be {kind}" for kind, count in counts.items() if count)


def _rows(changes: Iterable[wire.ObjectChange]) -> Iterator[Sequence[str]]:
    for each in changes:
        place = f"{each.kind} {each.namespace}/{each.name}" if each.namespace else f"{each.kind} {each.name}"
        if not each.fields:
            yield each.change, place, "", "", ""
        for field in each.fields:
            yield each.change, place, field.path, _told(field.before), _told(field.after)


def _told(value: object) -> str:
    return "" if value is None else str(value)
