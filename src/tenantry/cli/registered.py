"""What installations are made of: clusters, database servers and object stores have most of their commands in common.

They are listed, shown, cordoned and deregistered alike. A noun says what differs: how it is called, where its calls
are, and its columns. What registering one asks for is its own affair.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

import typer

from tenantry.cli import asking, options, rendering, session
from tenantry.client import infrastructure, provisioner
from tenantry.wire import infrastructure as wire

Thing = TypeVar("Thing", wire.Cluster, wire.DatabaseServer, wire.ObjectStore)
Change = Callable[[infrastructure.Infrastructure[Any, Thing]], Awaitable[Thing]]

TABLE = rendering.Format.TABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Noun(Generic[Thing]):
    """One of these nouns.

    Attributes:
        one: it, with its article: “a cluster”.
        many: all of them: “clusters”.
        calls: where its calls are.
        address: the columns that say what and where it is.
        load: the column that says how full it is.
        known: what else is known of it, shown of one alone.
        remains: what deregistering leaves as it is.
    """

    one: str
    many: str
    calls: Callable[[provisioner.Provisioner], infrastructure.Infrastructure[Any, Thing]]
    address: rendering.Columns[Thing]
    load: rendering.Column[Thing]
    remains: str
    known: rendering.Columns[Thing] | None = None

    def commands(self) -> typer.Typer:
        """Return the group of the commands that all of them have."""
        app = typer.Typer(no_args_is_help=True)
        app.command("list", help=f"List {self.many}.")(self._list)
        app.command("show", help=f"Show {self.one}.")(self._show)
        app.command("cordon", help=f"Place nothing new on {self.one}.")(self._cordon)
        app.command("uncordon", help=f"Place on {self.one} again.")(self._uncordon)
        app.command("deregister", help=f"Forget {self.one} and its credentials; {self.remains}.")(self._deregister)
        return app

    def change(self, ctx: typer.Context, change: Change[Thing], output: rendering.Format, *, what: str = "") -> None:
        """Make one call that changes a thing, and say what it came to."""
        made = session.ask(ctx, lambda client: change(self.calls(client)))
        rendering.changed(made, f"{made.name} is {what or made.status}.", output)

    def _list(self, ctx: typer.Context, output: options.Output = TABLE) -> None:
        found = session.ask(ctx, lambda client: self.calls(client).list())
        rendering.many(found, rendering.Columns[Thing](self._listed()), output)

    def _show(self, ctx: typer.Context, name: options.Name, output: options.Output = TABLE) -> None:
        found = session.ask(ctx, lambda client: self.calls(client).get(name))
        rendering.one(found, rendering.Columns[Thing]([*self._listed(), *(self.known or ()), *self._detail()]), output)

    def _cordon(self, ctx: typer.Context, name: options.Name, output: options.Output = TABLE) -> None:
        self.change(ctx, lambda calls: calls.cordon(name), output, what="cordoned")

    def _uncordon(self, ctx: typer.Context, name: options.Name, output: options.Output = TABLE) -> None:
        self.change(ctx, lambda calls: calls.uncordon(name), output, what="not cordoned any more")

    def _deregister(
        self,
        ctx: typer.Context,
        name: options.Name,
        confirmed: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
        output: options.Output = TABLE,
    ) -> None:
        known = session.ask(ctx, lambda client: self.calls(client).get(name))
        if not confirmed:
            asking.confirm(f"Forget {known.name} and its credentials?")
        session.ask(ctx, lambda client: self.calls(client).deregister(known.id, if_match=known.etag or None))
        rendering.changed(known, f"{known.name} is deregistered; {self.remains}.", output)

    def _listed(self) -> list[rendering.Column[Thing]]:
        return [
            rendering.Column(title="name", value=lambda each: each.name),
            *self.address,
            rendering.Column(title="status", value=lambda each: each.status),
            rendering.Column(title="cordoned", value=lambda each: rendering.yes(is_so=each.is_cordoned)),
            self.load,
        ]

    def _detail(self) -> list[rendering.Column[Thing]]:
        return [
            rendering.Column(title="reason", value=lambda each: each.reason),
            rendering.Column(title="message", value=lambda each: each.message),
            rendering.Column(title="created", value=lambda each: rendering.moment(each.created_at)),
            rendering.Column(title="identifier", value=lambda each: each.id),
        ]
