"""Installations of the example applications, as the operator is told to render them."""

import functools
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tenantry.application import manifest, needs, resource, source
from tenantry.kubernetes import kinds
from tenantry.operator.render import facts as fact
from tenantry.operator.render import installation
from tenantry.operator.render.wanted import Wanted
from tenantry.runtime import document

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
UID = "5e1f3c1e-0000-4000-8000-000000000001"

DATABASE = {
    "host": "postgres.databases.svc.cluster.local",
    "port": "5432",
    "name": "acme",
    "user": "acme",
    "password": "database-password-0123",
    "url": "postgresql://acme:database-password-0123@postgres.databases.svc.cluster.local:5432/acme?sslmode=require",
    "sslMode": "require",
}
BUCKET = {
    "endpoint": "https://s3.example.com",
    "region": "eu-1",
    "name": "acme-bucket",
    "accessKey": "access-key-0123",
    "secretKey": "secret-key-0123",
}
MAIL = {
    "host": "192.0.2.25",
    "port": "587",
    "user": "mailer",
    "password": "mail-password-0123",
    "sender": "acme@example.com",
}

EVERYTHING = fact.Facts(
    offers=frozenset({kinds.HTTP_ROUTE, kinds.LISTENER_SET, kinds.CERTIFICATE, kinds.POD_MONITOR}),
    front_door=fact.SharedGateway(
        name="front-door",
        namespace="front-door",
        section="https",
        accepts_listeners=True,
        peer=fact.Peer(namespace="front-door"),
    ),
    gateway=fact.Backend(name="gateway", namespace="tenantry", port=8080),
    domains=("example.com",),
    issuer="letsencrypt",
    storage_class="fast",
    monitoring=fact.Peer(namespace="monitoring"),
    inner_networks=("10.244.0.0/16", "10.96.0.0/16"),
)
"""A cluster that has all that can be had."""

PLAIN = fact.Facts(front_door=fact.IngressController(class_name="nginx", controller="k8s.io/ingress-nginx"))
"""A cluster with an Ingress controller and nothing else."""


@functools.cache
def application(name: str) -> manifest.Application:
    """Return an example with an image for each version."""
    read = source.read(ROOT / "examples/applications" / name / "application.yaml")
    versions = [
        each.model_copy(update={"image": f"registry.example.com/{name}@sha256:{index + 1:064x}"})
        for index, each in enumerate(read.spec.versions)
    ]
    return changed(read, versions=versions)


def changed(application: manifest.Application, **parts: Any) -> manifest.Application:
    """Return the application with parts of its spec replaced."""
    return application.model_copy(update={"spec": application.spec.model_copy(update=parts)})


def with_first_workload(application: manifest.Application, **parts: Any) -> manifest.Application:
    """Return the application with parts of its first workload replaced."""
    first, *others = application.spec.workloads
    return changed(application, workloads=[first.model_copy(update=parts), *others])


def without_configuration(application: manifest.Application, needs: needs.Needs) -> manifest.Application:
    """Return the application with other needs, and without all that reads what is needed."""
    return changed(with_first_workload(application, environment=[]), needs=needs, files=[])


def with_share(application: manifest.Application, share: manifest.WorkloadSize) -> manifest.Application:
    """Return the application with its first workload's share of the first size replaced."""
    first, *others = application.spec.sizes
    workloads = {**first.workloads, application.spec.workloads[0].name: share}
    return changed(application, sizes=[first.model_copy(update={"workloads": workloads}), *others])


def wanted(
    application: manifest.Application,
    *,
    name: str = "acme",
    namespace: str = "acme",
    generation: int = 1,
    facts: fact.Facts = EVERYTHING,
    uid: str | None = UID,
    secrets: Mapping[str, Mapping[str, str]] | None = None,
    **spec: Any,
) -> Wanted:
    """Return an installation of the application; further arguments are parts of its spec."""
    roles = ("database", "bucket", "mail", "generated")
    given: dict[str, Any] = {
        "application": application.metadata.name,
        "version": application.spec.versions[-1].version,
        "size": application.spec.sizes[0].name,
        "hosts": ["acme.example.com", "team.acme.org"],
        "url": "https://acme.example.com",
        "display_name": "Acme",
        **{role: document.SecretReference(secret_name=f"acme-{role}") for role in roles},
        **spec,
    }
    return Wanted(
        application=application,
        installation=document.Installation(
            metadata=resource.Metadata(name=name, generation=generation), spec=document.InstallationSpec(**given)
        ),
        secrets={**handed_over(application), **(secrets or {})},
        facts=facts,
        namespace=namespace,
        uid=uid,
    )


def handed_over(application: manifest.Application) -> dict[str, Mapping[str, str]]:
    """Return the Secrets that an installation refers to."""
    return {
        "acme-database": DATABASE,
        "acme-bucket": BUCKET,
        "acme-mail": MAIL,
        "acme-generated": {each.name: f"generated-{each.name}-0123" for each in application.spec.secrets},
    }


def asleep(application: manifest.Application, **more: Any) -> Wanted:
    """Return an installation that sleeps."""
    return wanted(application, run_policy=document.RunPolicy.ASLEEP, **more)


class Found:
    """Objects that were rendered, and ways to find one of them."""

    def __init__(self, objects: Iterable[dict[str, Any]]) -> None:
        """Take the objects."""
        self.objects = list(objects)

    def kinds(self) -> set[str]:
        """Return which kinds there are."""
        return {each["kind"] for each in self.objects}

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Return all of a kind."""
        return [each for each in self.objects if each["kind"] == kind]

    def one(self, kind: str, name: str | None = None) -> dict[str, Any]:
        """Return the one of a kind, and of a name where several are of that kind."""
        [found] = [each for each in self.of(kind) if name in {None, each["metadata"]["name"]}]
        return found

    def container(self, kind: str) -> dict[str, Any]:
        """Return the container of the one workload of a kind."""
        [found] = self.one(kind)["spec"]["template"]["spec"]["containers"]
        return found


def render(given: Wanted) -> Found:
    """Return the objects of an installation."""
    return Found(installation.render(given))
