"""What can be asked of clusters, database servers and object stores: register, look, cordon, deregister."""

from collections.abc import Sequence
from typing import Any

from pydantic import SecretStr
from sqlalchemy import RowMapping

from tenantry.engine import database
from tenantry.engine import store as engine_store
from tenantry.kernel import errors
from tenantry.provisioner import context
from tenantry.provisioner.access import model as access
from tenantry.provisioner.applications import store as application_store
from tenantry.provisioner.clusters import store as cluster_store
from tenantry.provisioner.events import model as event_model
from tenantry.provisioner.events import store as event_store
from tenantry.provisioner.installations import places_store
from tenantry.provisioner.installations import store as installation_store
from tenantry.provisioner.operators import store as operator_store
from tenantry.provisioner.registry import deregistration, deregistration_store, nouns, poolers, ports, store
from tenantry.wire import infrastructure as wire
from tenantry.wire import model


class NoKubeconfigError(errors.CustomerMustActError):
    """Only a Kubernetes cluster is reached by a kubeconfig."""

    code = "no-kubeconfig"
    status = 409


class NoKeyError(errors.CustomerMustActError):
    """Only an object store with users is reached by a key."""

    code = "no-key"
    status = 409


class Registry:
    """Registered things of all kinds."""

    def __init__(
        self, around: context.Context, find_server: ports.FindServer, find_own_server: ports.FindOwnServer
    ) -> None:
        """Take what services share, what understands a kubeconfig, and what knows the provisioner's own cluster."""
        self._around = around
        self._find_server = find_server
        self._find_own_server = find_own_server

    async def register_cluster(
        self, writer: database.Writer, request: wire.RegisterCluster, by: access.Principal
    ) -> str:
        """Make a cluster known; it is probed at once, and prepares all that is sold.

        Raises:
            CustomerMustActError: its kubeconfig cannot be used here, or it should be the provisioner's own cluster and
                there is none; the message says why.
        """
        values = request.model_dump(by_alias=False, exclude={"kubeconfig", "in_cluster"})
        if request.kubeconfig is not None:
            values |= self._sealed(request.kubeconfig)
        elif request.in_cluster:
            values["endpoint"] = self._find_own_server()
        row_id = await self._add(writer, nouns.CLUSTERS, values)
        now = self._around.clock.now()
        await cluster_store.add(writer, row_id, now)
        if request.kind == "kubernetes":
            await operator_store.add(writer, row_id, now)
        for application in await application_store.find(writer):
            preparation = self._around.identifiers.new("prp")
            await application_store.prepare_everywhere(writer, preparation, application.id, now)
        await self._record(writer, nouns.CLUSTERS, row_id, f"{request.name} registered.", by)
        return row_id

    async def renew_kubeconfig(
        self, writer: database.Writer, name: str, request: wire.RenewKubeconfig, by: access.Principal
    ) -> str:
        """Replace how a Kubernetes cluster is reached; it is probed at once.

        Raises:
            NotFoundError: there is no such cluster.
            CustomerMustActError: the kubeconfig cannot be used here, or the cluster is none of Kubernetes.
        """
        row = await self.get(writer, nouns.CLUSTERS, name)
        if row["kind"] != "kubernetes":
            raise NoKubeconfigError(f"{row['name']} is a cluster of kind “{row['kind']}”.")
        await store.change(writer, nouns.CLUSTERS, row["id"], self._sealed(request.kubeconfig))
        await engine_store.poke(writer, nouns.CLUSTERS.queue, row["id"], self._around.clock.now())
        await self._record(writer, nouns.CLUSTERS, row["id"], f"{row['name']} has another kubeconfig.", by)
        return str(row["id"])

    def _sealed(self, kubeconfig: SecretStr) -> dict[str, Any]:
        text = kubeconfig.get_secret_value()
        return {"endpoint": self._find_server(text), "kubeconfig": self._around.vault.seal(text)}

    async def register_database_server(
        self, writer: database.Writer, request: wire.RegisterDatabaseServer, by: access.Principal
    ) -> str:
        """Make a database server known; it is probed at once."""
        password = self._around.vault.seal(request.password.get_secret_value())
        values = request.model_dump(by_alias=False, exclude={"password"})
        return await self._register(writer, nouns.DATABASE_SERVERS, {**values, "password": password}, by)

    async def register_object_store(
        self, writer: database.Writer, request: wire.RegisterObjectStore, by: access.Principal
    ) -> str:
        """Make an object store known; it is probed at once."""
        values = request.model_dump(by_alias=False, exclude={"access_key", "secret_key"})
        return await self._register(writer, nouns.OBJECT_STORES, values | self._key(request), by)

    async def change_object_store(
        self, writer: database.Writer, name: str, request: wire.UpdateObjectStore, by: access.Principal
    ) -> str:
        """Change what was stated of it; with another key, too, it is probed at once. Return its id.

        Raises:
            NotFoundError: there is none of this name.
            NoKeyError: it is a folder, which is not reached by a key.
        """
        row = await self.get(writer, nouns.OBJECT_STORES, name)
        key = self._key(request)
        if row["kind"] != "iam" and (key or request.ca_certificate):
            raise NoKeyError(f"{row['name']} is an object store of kind “{row['kind']}”.")
        if key:
            await store.change(writer, nouns.OBJECT_STORES, row["id"], key)
            await engine_store.poke(writer, nouns.OBJECT_STORES.queue, row["id"], self._around.clock.now())
            await self._record(writer, nouns.OBJECT_STORES, row["id"], f"{row['name']} has another key.", by)
        rest = request.model_copy(update={"access_key": None, "secret_key": None})
        return await self.change_limits(writer, nouns.OBJECT_STORES, name, rest, by)

    async def change_database_server(
        self, writer: database.Writer, name: str, request: wire.UpdateDatabaseServer, by: access.Principal
    ) -> str:
        """Change what was stated of it, its pooler included; it is probed at once. Return its id.

        Raises:
            NotFoundError: there is none of this name.
            PoolerIncompleteError: its pooler would have a budget and no host.
            BudgetTooLargeError: its pooler's budget would be more than its connections.
            BudgetTooSmallError: its pooler's budget would be less than what is given away.
        """
        poolers.check_whole(await self.get(writer, nouns.DATABASE_SERVERS, name), request)
        changed = await self.change_limits(writer, nouns.DATABASE_SERVERS, name, request, by)
        await places_store.take_turn(writer)  # after all rows of installations are locked, as those who place do it
        poolers.check(await self.get(writer, nouns.DATABASE_SERVERS, changed))
        if request.pooler_budget is not None:
            await poolers.follow(writer, self._around, changed, request.pooler_budget)
        return changed

    def _key(self, request: wire.RegisterObjectStore | wire.UpdateObjectStore) -> dict[str, Any]:
        if request.access_key is None or request.secret_key is None:
            return {}
        sealed = self._around.vault.seal(request.secret_key.get_secret_value())
        return {"access_key": request.access_key.get_secret_value(), "secret_key": sealed}

    async def everything(self, reader: database.Reader, noun: store.Noun) -> Sequence[RowMapping]:
        """Return all of one kind, by name."""
        return await store.rows(reader, noun)

    async def get(self, reader: database.Reader, noun: store.Noun, name: str) -> RowMapping:
        """Return the one with this name or id.

        Raises:
            NotFoundError: there is none.
        """
        found = await store.rows(reader, noun, name)
        if not found:
            raise errors.NotFoundError(f"There is no {noun.title} “{name}”.")
        return found[0]

    async def cordon(
        self, writer: database.Writer, noun: store.Noun, name: str, *, is_cordoned: bool, by: access.Principal
    ) -> None:
        """Let nothing new be placed there, or let it again."""
        row = await self.get(writer, noun, name)
        await store.change(writer, noun, row["id"], {"is_cordoned": is_cordoned})
        if not is_cordoned:
            await installation_store.poke_waiting(writer, self._around.clock.now())
        word = "cordoned" if is_cordoned else "uncordoned"
        await self._record(writer, noun, row["id"], f"{row['name']} {word}.", by)

    async def change_limits(
        self, writer: database.Writer, noun: store.Noun, name: str, request: model.Request, by: access.Principal
    ) -> str:
        """Change what was stated of it, and let what waits for a place look again; it is probed at once. Return its id.

        Raises:
            NotFoundError: there is none of this name.
        """
        row = await self.get(writer, noun, name)
        given = request.model_dump(by_alias=False, exclude_none=True)
        values = {key: value for key, value in given.items() if value != row[key]}
        if values:
            await store.change(writer, noun, row["id"], values)
            await engine_store.poke(writer, noun.queue, row["id"], self._around.clock.now())
            await installation_store.poke_waiting(writer, self._around.clock.now())
            changed = ", ".join(key.replace("_", " ") for key in values)
            await self._record(writer, noun, row["id"], f"{row['name']} has another {changed}.", by)
        return str(row["id"])

    async def deregister(
        self,
        writer: database.Writer,
        noun: store.Noun,
        name: str,
        *,
        if_match: frozenset[str] | None,
        by: access.Principal,
    ) -> None:
        """Forget one and its credentials; what it is stays as it is, and its name is free again.

        Raises:
            NotFoundError: there is none of this name.
            ChangedMeanwhileError: its ETag is none of these.
            StillUsedError: installations have something there.
            OperatorKeptError: it is a cluster whose operator the provisioner keeps.
        """
        row_id = (await self.get(writer, noun, name))["id"]
        await deregistration_store.lock(writer, noun, row_id)
        row = await self.get(writer, noun, row_id)
        case = deregistration.Case(
            kind=noun.kind,
            name=row["name"],
            etag=nouns.etag(row),
            inhabitants=await deregistration_store.inhabitants(writer, noun, row_id),
            keeps_operator=await deregistration_store.keeps_operator(writer, row_id),
        )
        deregistration.check(case, if_match)
        await deregistration_store.forget(writer, noun, row_id)
        event = event_model.NewEvent(
            type=f"{noun.kind}.deregistered",
            subject_kind=noun.kind,
            subject_id=row_id,
            at=self._around.clock.now(),
            actor=by.name,
            summary=f"{case.name} deregistered.",
            data={"name": case.name},
        )
        await event_store.record(writer, event)

    async def _register(
        self, writer: database.Writer, noun: store.Noun, values: dict[str, Any], by: access.Principal
    ) -> str:
        row_id = await self._add(writer, noun, values)
        await self._record(writer, noun, row_id, f"{values['name']} registered.", by)
        return row_id

    async def _add(self, writer: database.Writer, noun: store.Noun, values: dict[str, Any]) -> str:
        row_id = self._around.identifiers.new(noun.prefix)
        values = {**values, "id": row_id, "status": wire.Status.CONNECTING}
        await store.add(writer, noun, values, self._around.clock.now())
        return row_id

    async def _record(
        self, writer: database.Writer, noun: store.Noun, row_id: str, summary: str, by: access.Principal
    ) -> None:
        event = event_model.NewEvent(
            type=f"{noun.kind}.changed",
            subject_kind=noun.kind,
            subject_id=row_id,
            at=self._around.clock.now(),
            actor=by.name,
            summary=summary,
        )
        await event_store.record(writer, event)
