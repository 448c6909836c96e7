"""`tenantry cluster`: where installations run."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from tenantry.cli import discovered, operators, options, placing, registered, rendering, session
from tenantry.wire import infrastructure as wire
from tenantry.wire import placement

NOUN = registered.Noun(
    one="a cluster",
    many="clusters",
    calls=lambda client: client.clusters,
    address=rendering.Columns[wire.Cluster](
        [
            rendering.Column(title="kind", value=lambda each: each.kind),
            rendering.Column(title="endpoint", value=lambda each: each.endpoint),
        ]
    ),
    load=rendering.Column(
        title="installations", value=lambda each: f"{each.installations} of {each.max_installations}"
    ),
    remains="what runs there stays, an operator too",
    known=discovered.COLUMNS,
)
app = NOUN.commands()
operators.add(app)


@app.command("register")
def register(
    ctx: typer.Context,
    name: options.Name,
    endpoint: Annotated[str | None, typer.Option(help="Of an agent: `unix:///…/agent.sock`.")] = None,
    kubeconfig: Annotated[
        Path | None, typer.Option(help="Of a Kubernetes cluster: a file with everything in it.", exists=True)
    ] = None,
    in_cluster: Annotated[
        bool, typer.Option("--in-cluster", help="It is the Kubernetes cluster in which the provisioner itself runs.")
    ] = False,
    max_installations: Annotated[int, typer.Option(min=0, help="How many it may hold.")] = 200,
    labels: placing.Labels = None,
    capacity: placing.Capacity = None,
    output: options.Output = rendering.Format.TABLE,
) -> None:
    """Make a cluster known: an agent's by its endpoint, one of Kubernetes by a kubeconfig, or the provisioner's own."""
    request = wire.RegisterCluster(
        name=name,
        kind="kubernetes" if in_cluster or kubeconfig is not None else "local",
        endpoint=endpoint,
        kubeconfig=None if kubeconfig is None else SecretStr(kubeconfig.read_text(encoding="utf-8")),
        in_cluster=in_cluster,
        max_installations=max_installations,
        labels=placing.pairs(labels),
        capacity=placing.capacity(capacity),
    )
    NOUN.change(ctx, lambda calls: calls.register(request), output)


@app.command("renew")
def renew(
    ctx: typer.Context,
    name: options.Name,
    kubeconfig: Annotated[Path, typer.Option(help="A file with everything in it.", exists=True)],
    output: options.Output = rendering.Format.TABLE,
) -> None:
    """Replace the kubeconfig by which a Kubernetes cluster is reached."""
    request = wire.RenewKubeconfig(kubeconfig=SecretStr(kubeconfig.read_text(encoding="utf-8")))
    NOUN.change(ctx, lambda calls: calls.renew_kubeconfig(name, request), output, what="reached anew")


@app.command("update")
def update(
    ctx: typer.Context,
    name: options.Name,
    max_installations: Annotated[int | None, typer.Option(min=0, help="How many it may hold.")] = None,
    labels: placing.Labels = None,
    no_labels: Annotated[bool, typer.Option("--no-labels", help="Take all its labels away.")] = False,
    capacity: placing.Capacity = None,
    no_capacity: Annotated[
        bool, typer.Option("--no-capacity", help="State nothing: what its nodes tell counts again.")
    ] = False,
    output: options.Output = rendering.Format.TABLE,
) -> None:
    """Change what may be placed on a cluster; labels and capacity that are given replace all that there were."""
    request = wire.UpdateCluster(
        max_installations=max_installations,
        labels=placing.replacement(placing.pairs, labels, emptied_by="--no-labels" if no_labels else None),
        capacity=placing.replacement(placing.capacity, capacity, emptied_by="--no-capacity" if no_capacity else None),
    )
    NOUN.change(ctx, lambda calls: calls.update(name, request), output, what="changed")


@app.command("plan")
def plan(
    ctx: typer.Context,
    application: Annotated[str, typer.Option("--application", "-a", help="The application that they run.")],
    installations: Annotated[int, typer.Option(min=1, max=50_000, help="How many more.")],
    size: Annotated[str | None, typer.Option(help="The application's first size where it is not given.")] = None,
    on: placing.Where = None,
    output: options.Output = rendering.Format.TABLE,
) -> None:
    """Tell where so many more installations would go, and what runs out first; nothing is made."""
    request = placement.PlanInstallations(
        installations=installations,
        application=application,
        size=size,
        placement=placement.Placement(match_labels=placing.pairs(on)),
    )
    placing.show(session.ask(ctx, lambda client: client.clusters.plan(request)), output)
