"""What the benchmarks make: installations of an application of two workloads, as documents and as raw objects."""

import base64
from collections.abc import Iterator, Sequence

from bench.kubernetes.writer import Call
from tenantry.application import manifest, resource
from tenantry.kubernetes import documents, kinds
from tenantry.operator.controller import table, world
from tenantry.operator.render import facts as fact
from tenantry.operator.render import installation as rendering
from tenantry.operator.render import wanted
from tenantry.runtime import document
from testbed import tiny

NAME = "acme"
SERVICE = f"{NAME}-web"
WORKLOADS = 2
OLD, NEW = "1.0", "1.1"
_PASSWORD = "letmein-0123"  # noqa: S105 - of installations that exist for a minute

_KINDS = {each.kind: each for each in table.watched(())}
APPLICATION = manifest.Application.model_validate(tiny.MANIFEST)


def namespaces(count: int) -> Sequence[str]:
    """Return the namespaces of so many installations."""
    return [f"fleet-{number:05}" for number in range(count)]


def orders(namespace: str) -> Iterator[Call]:
    """Yield what the provisioner hands over: the namespace, the Secret and the Installation."""
    yield _namespace(namespace)
    yield _secret(namespace)
    made = documents.written(_installation(OLD, namespace), namespace=namespace)
    held = {**made, "metadata": {**made["metadata"], "finalizers": [documents.FINALISER]}}
    yield Call.apply(kinds.INSTALLATION.path(namespace, NAME), held)


def update(namespace: str) -> Iterator[Call]:
    """Yield what changes an installation to the new version."""
    yield Call.merge(kinds.INSTALLATION.path(namespace, NAME), {"spec": {"version": NEW}})


def objects(namespace: str, version: str = OLD) -> Iterator[Call]:
    """Yield the writes that make the same objects without an operator."""
    yield _namespace(namespace)
    yield _secret(namespace)
    for each in rendered(namespace, version):
        yield Call.apply(_path(each), each)


def raw_update(namespace: str) -> Iterator[Call]:
    """Yield the writes that change the same objects to the new version: of those that differ."""
    before = {_path(each): each for each in rendered(namespace, OLD)}
    for each in rendered(namespace, NEW):
        if before.get(_path(each)) != each:
            yield Call.apply(_path(each), each)


def rendered(namespace: str, version: str) -> Sequence[kinds.Object]:
    """Return the objects of an installation, in the order in which the operator applies them."""
    return rendering.render(
        wanted.Wanted(
            application=APPLICATION,
            installation=_installation(version, namespace),
            secrets={f"{NAME}-generated": {"adminPassword": _PASSWORD}},
            facts=fact.Facts(),
            namespace=namespace,
        )
    )


def _installation(version: str, host: str) -> document.Installation:
    return document.Installation(
        metadata=resource.Metadata(name=NAME),
        spec=document.InstallationSpec(
            application=APPLICATION.metadata.name,
            version=version,
            size="small",
            hosts=[f"{host}.example.com"],
            url=f"https://{host}.example.com",
            generated=document.SecretReference(secret_name=f"{NAME}-generated"),
        ),
    )


def _namespace(name: str) -> Call:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    return Call.apply(kinds.NAMESPACE.path(None, name), body)


def _secret(namespace: str) -> Call:
    name = f"{NAME}-generated"
    metadata = {"name": name, "namespace": namespace, "labels": {world.HANDED_OVER: "true"}}
    data = {"adminPassword": base64.b64encode(_PASSWORD.encode()).decode()}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}
    return Call.apply(kinds.SECRET.path(namespace, name), body)


def _path(each: kinds.Object) -> str:
    about = each["metadata"]
    return _KINDS[each["kind"]].path(about.get("namespace"), about["name"])
