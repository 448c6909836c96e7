"""Makes what an installation consists of without us: the objects that the operator renders, for `kubectl apply`.

Database, bucket and secrets are there beforehand, as they are for whoever starts an application by hand.
"""

import base64
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit, urlunsplit

import yaml

from support import node_front_door, selling
from tenantry.application import generated, manifest
from tenantry.kernel import randomness
from tenantry.kubernetes import documents, kinds
from tenantry.operator.render import facts as fact
from tenantry.operator.render import installation as rendering
from tenantry.operator.render import wanted
from tenantry.provisioner.adapters.s3 import connection
from tenantry.runtime import document

Content = Mapping[str, str]

_FILE = "by-hand.yaml"
_FACTS = fact.Facts(
    front_door=fact.IngressController(class_name=node_front_door.CLASS), domains=(node_front_door.DOMAIN,)
)
"""What the page tells the operator of its cluster."""


@dataclass(frozen=True, kw_only=True)
class HandMade:
    """Everything that is to be applied.

    Attributes:
        namespace: where it is to be.
        command: what applies it.
        url: where it will be served.
    """

    namespace: str
    command: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Maker:
    """Makes installations like one that the operator made.

    Attributes:
        like: that installation.
        secrets: Secret name → key → text, of those that were handed over with it.
    """

    shop: selling.Shop
    application: manifest.Application
    like: document.Installation
    secrets: Mapping[str, Content] = field(repr=False)

    @asynccontextmanager
    async def prepared(self, number: int) -> AsyncGenerator[HandMade]:
        """Make all that has to be there beforehand; what was applied is gone after the block."""
        name = f"hand-{self.application.metadata.name}-{number}"
        address = selling.url(name)
        spec = self.like.spec.model_copy(update={"hosts": [urlsplit(address).hostname], "url": address})
        secrets = await self._secrets(name)
        inputs = wanted.Wanted(
            application=self.application,
            installation=self.like.model_copy(update={"spec": spec}),
            secrets=secrets,
            facts=_FACTS,
            namespace=name,
        )
        made = [*rendering.render(inputs), *(_secret(name, each, secrets[each]) for each in secrets)]
        made.sort(key=lambda each: each["kind"] != kinds.NAMESPACE.kind)
        self.shop.reader.write(_FILE, yaml.safe_dump_all(made))
        apply = f"kubectl apply --server-side --filename {_FILE}"
        try:
            yield HandMade(namespace=name, command=apply, url=address)
        finally:
            await self.shop.reader.run(f"kubectl delete namespace {name}")

    async def _secrets(self, name: str) -> Mapping[str, Content]:
        spec, made = self.like.spec, dict(self.secrets)
        if spec.database is not None:
            made[spec.database.secret_name] = self._database(name.replace("-", "_"), made[spec.database.secret_name])
        if spec.bucket is not None:
            made[spec.bucket.secret_name] = await self._bucket(name, made[spec.bucket.secret_name])
        if spec.generated is not None:
            fresh = generated.complete(self.application.spec.secrets, {}, randomness.SystemRandomness())
            made[spec.generated.secret_name] = fresh
        return made

    def _database(self, name: str, like: Content) -> Content:
        need = self.application.spec.needs.database
        if need is not None:
            self.shop.backing.postgres.create(name, need)
        own = {"name": name, "user": name, "password": "secret"}
        parts = urlsplit(like["url"])
        netloc = f"{name}:{own['password']}@{parts.netloc.rpartition('@')[2]}"
        return {**like, **own, "url": urlunsplit(parts._replace(netloc=netloc, path=f"/{name}"))}

    async def _bucket(self, name: str, like: Content) -> Content:
        store = self.shop.backing.object_store
        async with connection.Connections().opened(store.store(), within=timedelta(minutes=1)) as clients:
            await clients.s3.create_bucket(Bucket=name)
        return {**like, "name": name, "accessKey": store.access_key, "secretKey": store.secret_key}


async def like(shop: selling.Shop, namespace: str) -> Maker:
    """Return who makes installations like the one in a namespace."""
    [item] = await shop.site.api.items(kinds.INSTALLATION.path(namespace))
    found = documents.installation(item)
    spec = found.spec
    application = await shop.site.api.get(kinds.APPLICATION.path(None, spec.application))
    references = [each for each in (spec.database, spec.bucket, spec.mail, spec.generated) if each is not None]
    secrets = {
        each.secret_name: _texts(await shop.site.api.get(kinds.SECRET.path(namespace, each.secret_name)))
        for each in references
    }
    return Maker(shop=shop, application=documents.application(application), like=found, secrets=secrets)


def _texts(secret: kinds.Object) -> Content:
    return {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}


def _secret(namespace: str, name: str, content: Content) -> kinds.Object:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": dict(content)}
