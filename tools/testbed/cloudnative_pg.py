"""CloudNativePG on a test cluster's real node: its operator, and an image of the machine's own PostgreSQL for its pods.

Its webhooks and its role are those that its module carries; names, the namespace and who signs for the webhooks are
filled in. It could make their certificates itself, but would then wait until kubelet has brought them to its pod, which
may take longer than all the rest.
"""

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from tenantry.kernel import clock as clocks
from tenantry.local import executable, postgres_binaries
from testbed import api, archive, authority, building, cache, contents, definitions, images, parts, process, room

HOME = "cnpg-system"
"""The namespace of its operator."""
PARTS: tuple[parts.Part, ...] = (parts.CLOUDNATIVE_PG, parts.CLOUDNATIVE_PG_MANAGER)
USER = contents.USER
"""Number of the user and group that PostgreSQL runs as: it must have a name in the image."""

_NAME = "cnpg"
_PORT = 9443
_ACCOUNT = f"{_NAME}-manager"
_SERVICE = f"{_NAME}-webhook-service"
_CERTIFICATE = f"{_NAME}-webhook-certificate"
_CERTIFICATES = "/run/secrets/cnpg.io/webhook"
_LABELS = {"app.kubernetes.io/name": "cloudnative-pg"}
_READY_WITHIN = timedelta(seconds=90)
_GONE_WITHIN = timedelta(seconds=60)
_LOOK_EVERY = 0.2
_WITHOUT = frozenset({"bitcode", "pgxs", "llvmjit.so", "llvmjit_types.bc"})
"""Parts of PostgreSQL's library folder that it does without: they bring a compiler along."""
_LOCALES = Path("/usr/lib/locale")
_KINDS = {
    "ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "ClusterRoleBinding": "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "MutatingWebhookConfiguration": "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
    "ValidatingWebhookConfiguration": "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    "Namespace": "/api/v1/namespaces",
    "ServiceAccount": f"/api/v1/namespaces/{HOME}/serviceaccounts",
    "Secret": f"/api/v1/namespaces/{HOME}/secrets",
    "Service": f"/api/v1/namespaces/{HOME}/services",
    "Deployment": f"/apis/apps/v1/namespaces/{HOME}/deployments",
}
_PODS = f"/api/v1/namespaces/{HOME}/pods"
_TRIED = f"/apis/postgresql.cnpg.io/v1/namespaces/{HOME}/clusters"
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@asynccontextmanager
async def running(asked: api.Api, place: room.Room, kept: cache.Cache, folder: Path) -> AsyncGenerator[str]:
    """Install the operator and give the image of PostgreSQL that Clusters are to name; nothing is left afterwards.

    Args:
        asked: a connection as the administrator.
        place: the real node's room.
        kept: where its parts are.
        folder: where images are written.

    Raises:
        PartsMissingError: this machine has no PostgreSQL from its system's packages.
        ProgramSlowError: its operator is not ready in time.
    """
    manager, postgres = await asyncio.to_thread(lambda: (_manager_image(kept, folder), postgres_image(folder)))
    await images.load(place, [manager, postgres])
    defined = definitions.read(kept.place(parts.CLOUDNATIVE_PG))
    made = list(_objects(kept, manager.name))
    try:
        await definitions.apply(asked, defined)
        for each in made:
            await asked.apply(_path(each), each)
        await _until_ready(asked)
        yield postgres.name
    finally:
        for each in reversed(made):
            await _remove(asked, _path(each))
        for each in defined:
            await _remove(asked, f"{_DEFINITIONS}/{each['metadata']['name']}")
        await _until_gone(asked)


def postgres_image(folder: Path) -> archive.Written:
    """Write an image of this machine's PostgreSQL, and return it; its tag is the major version, which is read from it.

    Raises:
        PartsMissingError: there is none from the system's packages.
    """
    programs, share = find_postgres()
    library = programs.parent / "lib"
    files = sorted(each for each in programs.iterdir() if each.is_file())
    shell = Path("/bin/sh").resolve()
    needed = [*files, shell, *(each for each in contents.elf_files(library) if each.name not in _WITHOUT)]
    entries = [
        *contents.root(),
        *(contents.entry(each) for each in (*files, shell)),
        archive.Entry(path=PurePosixPath("/usr/bin/sh"), link=str(shell)),
        *(contents.entry(each) for each in sorted(library.iterdir()) if each.name not in _WITHOUT),
        contents.entry(share),
        contents.entry(_LOCALES),
        *contents.libraries(needed),
    ]
    image = archive.Image(
        name=f"registry.test/postgresql:{programs.parent.name}",
        layers=[entries],
        environment={**contents.ENVIRONMENT, "PATH": f"{programs}:/usr/bin:/bin"},
        user=USER,
    )
    return archive.write(image, folder / "postgresql.tar")


def find_postgres() -> tuple[Path, Path]:
    """Return where this machine's PostgreSQL has its programs and the files that belong to them.

    Raises:
        PartsMissingError: there is none from the system's packages.
    """
    with contextlib.suppress(executable.PartMissingError):
        programs = postgres_binaries.find().folder
        share = Path("/usr/share/postgresql") / programs.parent.name
        if programs.is_relative_to("/usr/lib/postgresql") and share.is_dir():
            return programs, share
    raise building.PartsMissingError(
        "Pods of CloudNativePG need the system's package postgresql.", hint="As root: apt-get install postgresql"
    )


def _manager_image(kept: cache.Cache, folder: Path) -> archive.Written:
    part = parts.CLOUDNATIVE_PG_MANAGER
    # It looks for itself by its machine's name, to give each instance the manager of its own.
    program = PurePosixPath("/operator/manager_amd64")
    entries = [
        archive.Entry(path=program, source=kept.place(part) / part.name),
        archive.Entry(path=PurePosixPath("/manager"), link=str(program)),
        archive.Entry(path=PurePosixPath("/tmp"), mode=0o1777),  # noqa: S108 - of the image
    ]
    name = f"registry.test/cloudnative-pg:{parts.version(part).removeprefix('v')}"
    return archive.write(archive.Image(name=name, layers=[entries]), folder / "cloudnative-pg.tar")


def _objects(kept: cache.Cache, image: str) -> Iterator[api.Object]:
    folder = kept.place(parts.CLOUDNATIVE_PG)
    yield _object("Namespace", HOME)
    yield _object("ServiceAccount", _ACCOUNT)
    role = yaml.safe_load((folder / "role.yaml").read_text())
    yield {**role, "metadata": {"name": _ACCOUNT}}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": _ACCOUNT}
    subject = {"kind": "ServiceAccount", "name": _ACCOUNT, "namespace": HOME}
    version = "rbac.authorization.k8s.io/v1"
    yield {**_object("ClusterRoleBinding", _ACCOUNT, version), "roleRef": reference, "subjects": [subject]}
    service = {"ports": [{"port": 443, "targetPort": _PORT}], "selector": _LABELS}
    yield {**_object("Service", _SERVICE), "spec": service}
    signer = authority.Authority("webhooks", clocks.SystemClock())
    pair = signer.server(_SERVICE, names=[f"{_SERVICE}.{HOME}.svc"], addresses=[])
    told = {"apiserver.crt": pair.certificate.decode(), "apiserver.key": pair.key.decode()}
    yield {**_object("Secret", _CERTIFICATE), "stringData": told}
    for each in yaml.safe_load_all((folder / "manifests.yaml").read_text()):
        yield _prefixed(each, signer)
    yield {**_object("Deployment", f"{_NAME}-controller-manager", "apps/v1"), "spec": _deployment(image)}


def _object(kind: str, name: str, version: str = "v1") -> api.Object:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "labels": _LABELS}}


def _prefixed(configuration: api.Object, signer: authority.Authority) -> api.Object:
    """Return a configuration of webhooks with our names, and who signs for them."""
    trusted = base64.b64encode(signer.certificate).decode()
    webhooks: Sequence[dict[str, Any]] = [
        {**each, "clientConfig": {"service": _service(each), "caBundle": trusted}} for each in configuration["webhooks"]
    ]
    name = f"{_NAME}-{configuration['metadata']['name']}"
    return {**configuration, "metadata": {"name": name}, "webhooks": webhooks}


def _service(webhook: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**webhook["clientConfig"]["service"], "name": _SERVICE, "namespace": HOME}


def _deployment(image: str) -> dict[str, Any]:
    told = {"OPERATOR_IMAGE_NAME": image, "OPERATOR_NAMESPACE": HOME, "WEBHOOK_CERT_DIR": _CERTIFICATES}
    probe = {"httpGet": {"port": _PORT, "scheme": "HTTPS", "path": "/readyz"}, "periodSeconds": 1}
    container = {
        "name": "manager",
        "image": image,
        "imagePullPolicy": "Never",
        "command": ["/manager", "controller", "--leader-elect", f"--webhook-port={_PORT}"],
        "env": [{"name": name, "value": value} for name, value in told.items()],
        "ports": [{"containerPort": _PORT}],
        "readinessProbe": probe,
        "resources": {"requests": {"cpu": "10m", "memory": "100Mi"}},
        "volumeMounts": [
            {"name": "scratch", "mountPath": "/controller"},
            {"name": "certificates", "mountPath": _CERTIFICATES},
        ],
    }
    pod: dict[str, Any] = {
        "serviceAccountName": _ACCOUNT,
        "containers": [container],
        "volumes": [
            {"name": "scratch", "emptyDir": {}},
            {"name": "certificates", "secret": {"secretName": _CERTIFICATE}},
        ],
    }
    return {
        "replicas": 1,
        "selector": {"matchLabels": _LABELS},
        "template": {"metadata": {"labels": _LABELS}, "spec": pod},
    }


def _path(item: api.Object) -> str:
    return f"{_KINDS[item['kind']]}/{item['metadata']['name']}"


async def _remove(asked: api.Api, path: str) -> None:
    with contextlib.suppress(api.ApiError):
        await asked.delete(path)


async def _until_ready(asked: api.Api) -> None:
    path = f"{_KINDS['Deployment']}/{_NAME}-controller-manager"
    try:
        async with asyncio.timeout(_READY_WITHIN.total_seconds()):
            while not await _is_up(asked, path):  # noqa: ASYNC110 - a server acts
                await asyncio.sleep(_LOOK_EVERY)
    except TimeoutError:
        pods = [each["status"] for each in await asked.items(_PODS)]
        raise process.ProgramSlowError(f"The operator of CloudNativePG is not ready: {json.dumps(pods)}") from None


async def _is_up(asked: api.Api, path: str) -> bool:
    return api.is_true(await asked.get(path), "Available") and await _is_heard(asked)


async def _is_heard(asked: api.Api) -> bool:
    """Tell whether the API server reaches the webhooks: the way through their Service opens after they are ready."""
    tried = {"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster", "metadata": {"name": "tried"}}
    spec = {"instances": 1, "storage": {"size": "1Gi"}}
    try:
        await asked.create(f"{_TRIED}?dryRun=All", {**tried, "spec": spec})
    except api.ApiError as error:
        return error.answer < HTTPStatus.INTERNAL_SERVER_ERROR
    return True


async def _until_gone(asked: api.Api) -> None:
    try:
        async with asyncio.timeout(_GONE_WITHIN.total_seconds()):
            while await asked.has(f"{_KINDS['Namespace']}/{HOME}"):  # noqa: ASYNC110 - a server acts
                await asyncio.sleep(_LOOK_EVERY)
    except TimeoutError:
        raise process.ProgramSlowError("The operator of CloudNativePG does not end.") from None
