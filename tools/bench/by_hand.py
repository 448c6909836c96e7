"""Makes what an application needs before it can be started by hand: everything that is not timed.

The same prepared package, the same rendered configuration, a fresh empty database made with the same settings, a bucket
and a user of its own. `starting` does the rest.
"""

import json
import os
import secrets
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bench import shop
from tenantry.application import generated, needs, resource
from tenantry.kernel import randomness
from tenantry.local import control_groups, objectstore, postgres
from tenantry.local.agent import deployment, workspace
from tenantry.local.packages import cache
from tenantry.provisioner.adapters.postgres import maker as databases
from tenantry.provisioner.adapters.rclone import maker as buckets
from tenantry.runtime import document
from tenantry.wire import installations as wire

_UIDS_OF_OTHERS = 4_900
"""The agent takes users from the beginning of the stack's range; what is started by hand takes the end."""


class NotStartedError(Exception):
    """What was started by hand ended instead of getting ready."""


@dataclass(frozen=True)
class HandMade:
    """Everything that one start needs."""

    deployed: deployment.Deployment
    address: str
    """Where its readiness is asked, on its own port."""


class Starter:
    """Makes what one start by hand needs, starts it, and removes all of it."""

    def __init__(self, owner: shop.Shop, like: wire.Installation) -> None:
        """Take the shop whose parts are used, and an installation whose application, version and size are taken."""
        self._shop = owner
        self._like = like
        self._application = owner.applications[like.application]
        stack = owner.stack
        server = stack.database_server
        self._databases = databases.PostgresMaker(
            databases.Server(
                host="127.0.0.1",
                port=server.port,
                user=postgres.SUPERUSER,
                password=server.password(),
                ssl_mode="disable",
            )
        )
        self._buckets = buckets.RcloneMaker(stack.object_store.root)

    @asynccontextmanager
    async def prepared(self, number: int) -> AsyncGenerator[HandMade]:
        """Make everything that a start needs; remove it at the end."""
        name = f"hand-{self._like.application}-{number}"
        place = self._place(name, number)
        uid = place.uid
        try:
            bundle = await self._bundle(name)
            machine = deployment.Machine(stack=self._shop.stack.state.id, hierarchies=control_groups.detect())
            deployed = deployment.deploy(bundle, self._application, place=place, machine=machine)
            volumes = [need.name for need in self._application.spec.needs.volumes]
            place.workspace.make_folders(uid=uid, volumes=volumes)
            place.workspace.write_files(deployed.rendered.files, uid=uid)
            port = deployed.rendered.route.port
            yield HandMade(deployed, f"http://127.0.0.1:{port}{self._shop.readiness_path(self._like.application)}")
        finally:
            await self._databases.remove(name)
            await self._buckets.remove(name, name)
            place.workspace.remove(retained=None)

    def _place(self, name: str, number: int) -> deployment.Place:
        stack = self._shop.stack
        spec = self._application.spec
        version = next(each for each in spec.versions if each.version == self._like.version)
        package = cache.for_machine(stack.cache).find(version.package)
        if package is None:
            message = f"{spec.title} {version.version} is not prepared."
            raise NotStartedError(message)
        ports = {port.name: shop.free_port() for workload in spec.workloads for port in workload.ports}
        uid = stack.state.first_uid + _UIDS_OF_OTHERS + number if os.geteuid() == 0 else None
        return deployment.Place(
            slot=name, package=package, workspace=workspace.Workspace(stack.layout.agent / name), ports=ports, uid=uid
        )

    async def _bundle(self, name: str) -> document.InstallationBundle:
        needs = self._application.spec.needs
        data = {"generated": generated.complete(self._application.spec.secrets, {}, randomness.SystemRandomness())}
        if needs.database:
            data["database"] = await self._database(name, needs.database)
        if needs.bucket:
            data["bucket"] = await self._bucket(name)
        if needs.mail:
            mail = json.loads((self._shop.stack.layout.secrets / "provisioner-mail.json").read_text())
            data["mail"] = {key: str(value) for key, value in mail.items()}
        return document.InstallationBundle(
            installation=document.Installation(
                metadata=resource.Metadata(name=name, generation=1), spec=self._document(name, data)
            ),
            secrets=[document.Secret(name=f"{name}-{role}", data=values) for role, values in data.items()],
        )

    def _document(self, name: str, roles: Iterable[str]) -> document.InstallationSpec:
        references = {role: document.SecretReference(secret_name=f"{name}-{role}") for role in roles}
        like, url = self._like, self._shop.stack.state.url(name)
        return document.InstallationSpec(
            application=like.application,
            version=like.version,
            size=like.size,
            settings=like.settings,
            hosts=[f"{name}.{self._shop.stack.host}"],
            url=url,
            display_name=name,
            database=references.get("database"),
            bucket=references.get("bucket"),
            mail=references.get("mail"),
            generated=references["generated"],
        )

    async def _database(self, name: str, need: needs.DatabaseNeed) -> dict[str, str]:
        password, port = secrets.token_urlsafe(24), self._shop.stack.database_server.port
        await self._databases.make(name, password, need)
        return {
            "host": "127.0.0.1",
            "port": str(port),
            "name": name,
            "user": name,
            "password": password,
            "url": f"postgresql://{name}:{password}@127.0.0.1:{port}/{name}?sslmode=disable",
            "sslMode": "disable",
        }

    async def _bucket(self, name: str) -> dict[str, str]:
        secret = secrets.token_urlsafe(24)
        await self._buckets.make(name, name, secret)
        return {
            "endpoint": self._shop.stack.object_store.endpoint,
            "region": objectstore.REGION,
            "name": name,
            "accessKey": name,
            "secretKey": secret,
        }
