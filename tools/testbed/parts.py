"""What a test cluster consists of: programs that are built, and files that come with modules.

Pure: names, versions and what each depends on. `building` makes them, `cache` keeps them.
"""

import hashlib
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from testbed import modules

BUILD_FLAGS = ("-trimpath", "-buildvcs=false", "-mod=readonly")
_KUBERNETES = "k8s.io/kubernetes"
_KEY_LENGTH = 12


class Level(IntEnum):
    """How much of a cluster there is."""

    API = 1
    """An API server: it keeps what it is told, checks it, and nothing acts on it."""
    CONTROLLERS = 2
    """Controllers, a scheduler, and nodes that are only pretended."""
    NODE = 3
    """Controllers, a scheduler, and one real node that runs real pods."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program that is built from a Go package.

    Attributes:
        name: of the program, and of its file.
        module: the module of ours that requires it.
        source: the module of others whose version it has.
        package: what is built.
        stamped: names of variables that the linker sets to the version, so that the program can tell it.
    """

    name: str
    module: str
    source: str
    package: str
    stamped: Sequence[str] = ()

    def linker_flags(self, version: str) -> str:
        """Return the linker's flags; symbols for debuggers are left out, which halves the file."""
        major, minor = version.removeprefix("v").split(".")[:2]
        values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
        return " ".join(["-s -w", *(f"-X {each}={values[each.rpartition('.')[2]]}" for each in self.stamped)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Files that a module carries and that are used as they are.

    Attributes:
        name: of the collection.
        module: the module of ours that requires their module.
        source: the module of others that has them.
        patterns: which files, relative to it.
    """

    name: str
    module: str
    source: str
    patterns: Sequence[str]


Part = Program | Files


def _kube(name: str) -> Program:
    stamped = tuple(f"k8s.io/component-base/version.{each}" for each in ("gitVersion", "gitMajor", "gitMinor"))
    package = f"{_KUBERNETES}/cmd/{name}"
    return Program(name=name, module="kubernetes", source=_KUBERNETES, package=package, stamped=stamped)


ETCD = Program(name="etcd", module="etcd", source="go.etcd.io/etcd/server/v3", package="go.etcd.io/etcd/server/v3")
API_SERVER = _kube("kube-apiserver")
CONTROLLER_MANAGER = _kube("kube-controller-manager")
SCHEDULER = _kube("kube-scheduler")
KUBECTL = _kube("kubectl")
KUBELET = _kube("kubelet")
PROXY = _kube("kube-proxy")
KWOK = Program(name="kwok", module="kwok", source="sigs.k8s.io/kwok", package="sigs.k8s.io/kwok/cmd/kwok")
HELM = Program(name="helm", module="helm", source="helm.sh/helm/v4", package="helm.sh/helm/v4/cmd/helm")
DNS = Program(name="coredns", module="dns", source="github.com/coredns/coredns", package=".")
POLICIES = Program(
    name="kube-router", module="policies", source="github.com/cloudnativelabs/kube-router/v2", package="."
)
"""The part of it that enforces network policies, and nothing else."""
STAGES = Files(
    name="kwok-stages",
    module="kwok",
    source="sigs.k8s.io/kwok",
    patterns=(
        "kustomize/stage/node/fast/node-initialize.yaml",
        "kustomize/stage/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
        "kustomize/stage/pod/fast/pod-*.yaml",
        "kustomize/stage/volume/fast/pv*.yaml",
        "kustomize/stage/volume/fast/storage-class.yaml",
    ),
)
GATEWAY_API = Files(
    name="gateway-api",
    module="definitions",
    source="sigs.k8s.io/gateway-api",
    patterns=("config/crd/standard/gateway.networking.k8s.io_*.yaml",),
)
CERT_MANAGER = Files(
    name="cert-manager",
    module="definitions",
    source="github.com/cert-manager/cert-manager",
    patterns=("deploy/crds/*.yaml",),
)
PROMETHEUS_OPERATOR = Files(
    name="prometheus-operator",
    module="definitions",
    source="github.com/prometheus-operator/prometheus-operator",
    patterns=("example/prometheus-operator-crd/*.yaml",),
)

_CLOUDNATIVE_PG = "github.com/cloudnative-pg/cloudnative-pg"
CLOUDNATIVE_PG = Files(
    name="cloudnative-pg",
    module="cloudnative-pg",
    source=_CLOUDNATIVE_PG,
    patterns=("config/crd/bases/postgresql.cnpg.io_*.yaml", "config/rbac/role.yaml", "config/webhook/manifests.yaml"),
)
CLOUDNATIVE_PG_MANAGER = Program(
    name="cloudnative-pg-manager",
    module="cloudnative-pg",
    source=_CLOUDNATIVE_PG,
    package=f"{_CLOUDNATIVE_PG}/cmd/manager",
)

DEFINITIONS: tuple[Files, ...] = (GATEWAY_API, CERT_MANAGER, PROMETHEUS_OPERATOR, CLOUDNATIVE_PG)
"""Custom resources of others that we write."""
_API: tuple[Part, ...] = (ETCD, API_SERVER)
_ACTING: tuple[Part, ...] = (*_API, CONTROLLER_MANAGER, SCHEDULER)
NEEDED: Mapping[Level, tuple[Part, ...]] = {
    Level.API: _API,
    Level.CONTROLLERS: (*_ACTING, KWOK, STAGES),
    Level.NODE: (*_ACTING, KUBELET, PROXY, DNS, POLICIES),
}
"""What each level is made of."""
ALL: tuple[Part, ...] = (
    *NEEDED[Level.CONTROLLERS],
    *DEFINITIONS,
    KUBECTL,
    HELM,
    KUBELET,
    PROXY,
    DNS,
    POLICIES,
    CLOUDNATIVE_PG_MANAGER,
)


def version(part: Part) -> str:
    """Return the version of a part, as its module of ours requires it."""
    return modules.read(part.module).version(part.source)


def key(part: Part) -> str:
    """Return the name under which a part is kept: name, version, and a digest of all that it depends on."""
    seed = "\0".join((modules.read(part.module).digest, *_recipe(part)))
    return f"{part.name}-{version(part)}-{hashlib.sha256(seed.encode()).hexdigest()[:_KEY_LENGTH]}"


def _recipe(part: Part) -> Sequence[str]:
    match part:
        case Program():
            flags = part.linker_flags(version(part))
            return (part.package, flags, *BUILD_FLAGS, platform.system(), platform.machine())
        case Files():
            return part.patterns
