"""Where the API server is and who we are there: from a kubeconfig, or from the service account of our own pod."""

import base64
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import yaml

from tenantry.kernel import clock as clocks
from tenantry.kernel import errors
from tenantry.kubernetes import credentials

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class ConfigurationError(errors.PermanentError):
    """The way to the cluster is not described as it must be."""

    code = "cluster-configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """How a cluster is reached.

    Attributes:
        server: the address, such as `https://10.0.0.1:6443`.
        authority: the certificate authority in PEM; None trusts what the system trusts.
        is_verified: whether the server's certificate is checked.
        server_name: the name that its certificate must be for, where it is not the one in the address.
        proxy: the HTTP proxy on the way.
        namespace: where we are at home.
        anew: reads it again from where it came; raises `TenantryError` where that cannot be done. None where it cannot
            change.
    """

    server: str
    credentials: credentials.Credentials
    authority: str | None = None
    is_verified: bool = True
    server_name: str | None = None
    proxy: str | None = None
    namespace: str = "default"
    anew: "Callable[[], Configuration] | None" = field(default=None, repr=False, compare=False)

    def renewed(self) -> "Configuration":
        """Return it with the address and the authority that are written there now; what is half written is left alone.

        Credentials stay, since they see to themselves.
        """
        if self.anew is None:
            return self
        try:
            return replace(self.anew(), credentials=self.credentials, anew=self.anew)
        except errors.TenantryError:
            return self


def find(environment: Mapping[str, str], clock: clocks.Clock, *, context: str | None = None) -> Configuration:
    """Return the way that this process is told: `KUBECONFIG`, else the pod's service account, else `~/.kube/config`.

    Raises:
        ConfigurationError: there is none, or it cannot be used.
    """
    if named := environment.get("KUBECONFIG"):
        return from_kubeconfig(Path(named), clock, context=context)
    if environment.get("KUBERNETES_SERVICE_HOST"):
        return from_service_account(environment, clock)
    return from_kubeconfig(Path.home() / ".kube" / "config", clock, context=context)


def from_service_account(
    environment: Mapping[str, str], clock: clocks.Clock, *, folder: Path = SERVICE_ACCOUNT
) -> Configuration:
    """Return the way that every pod is given.

    Raises:
        ConfigurationError: this is no pod, or its service account is not mounted.
    """
    host, port = environment.get("KUBERNETES_SERVICE_HOST"), environment.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise ConfigurationError("KUBERNETES_SERVICE_HOST is not set: this is no pod.")
    address = f"[{host}]" if ":" in host else host
    return Configuration(
        server=f"https://{address}:{port}",
        credentials=credentials.TokenFile(folder / "token", clock),
        authority=_read(folder / "ca.crt"),
        namespace=_read(folder / "namespace").strip(),
        anew=lambda: from_service_account(environment, clock, folder=folder),
    )


def from_kubeconfig(path: Path, clock: clocks.Clock, *, context: str | None = None) -> Configuration:
    """Return the way that a kubeconfig file describes; it is read anew where the API server refuses or is not reached.

    Args:
        path: the file.
        clock: tells when credentials run out.
        context: which context; the file's current one where it is not given.

    Raises:
        ConfigurationError: the file cannot be read, or says something that cannot be used.
    """

    def understood(text: str) -> Configuration:
        return from_text(text, clock, context=context, folder=path.parent)

    text = _read(path)
    renewed = credentials.Renewed(text, read=lambda: _read(path), understand=lambda anew: understood(anew).credentials)
    return replace(understood(text), credentials=renewed, anew=lambda: understood(_read(path)))


def from_text(text: str, clock: clocks.Clock, *, context: str | None = None, folder: Path = Path()) -> Configuration:
    """Return the way that a kubeconfig describes; paths in it are relative to the folder.

    Raises:
        ConfigurationError: it says something that cannot be used.
    """
    try:
        config = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigurationError("The kubeconfig is no YAML.") from error
    if not isinstance(config, dict):
        raise ConfigurationError("The kubeconfig is no mapping.")
    return _Reader(cast("dict[str, Any]", config), folder, clock).configuration(context)


class _Reader:
    """Carries one kubeconfig through its reading."""

    def __init__(self, config: dict[str, Any], folder: Path, clock: clocks.Clock) -> None:
        self._config = config
        self._folder = folder
        self._clock = clock

    def configuration(self, chosen: str | None) -> Configuration:
        context = self._named("context", chosen or self._config.get("current-context"))
        cluster = self._named("cluster", context.get("cluster"))
        user = self._named("user", context.get("user")) if context.get("user") else {}
        if not cluster.get("server"):
            raise ConfigurationError("The kubeconfig's cluster has no server.")
        return Configuration(
            server=str(cluster["server"]).rstrip("/"),
            credentials=self._credentials(user),
            authority=self._content(cluster, "certificate-authority"),
            is_verified=not cluster.get("insecure-skip-tls-verify", False),
            server_name=cluster.get("tls-server-name"),
            proxy=cluster.get("proxy-url"),
            namespace=context.get("namespace") or "default",
        )

    def _named(self, kind: str, name: str | None) -> dict[str, Any]:
        listed: list[dict[str, Any]] = self._config.get(f"{kind}s") or []
        for each in listed:
            if each.get("name") == name and isinstance(each.get(kind), dict):
                return each[kind]
        raise ConfigurationError(f"The kubeconfig has no {kind} “{name}”.")

    def _credentials(self, user: dict[str, Any]) -> credentials.Credentials:
        if "auth-provider" in user or "username" in user:
            raise ConfigurationError("Use a token, a certificate or a credential program: Kubernetes dropped the rest.")
        if "exec" in user:
            return self._program(user["exec"])
        if "token" not in user and "tokenFile" in user:
            return credentials.TokenFile(self._folder / user["tokenFile"], self._clock)
        certificate, key = self._content(user, "client-certificate"), self._content(user, "client-key")
        pair = credentials.Certificate(certificate=certificate, key=key) if certificate and key else None
        return credentials.Fixed(credentials.Credential(token=user.get("token"), certificate=pair))

    def _program(self, given: dict[str, Any]) -> credentials.Program:
        command = str(given.get("command") or "")
        if not command:
            raise ConfigurationError("The kubeconfig's credential program has no command.")
        # A path is relative to the kubeconfig, a bare name is looked up as a shell would.
        program = str(self._folder / command) if os.sep in command else command
        variables: list[dict[str, str]] = given.get("env") or []
        environment = {each["name"]: each["value"] for each in variables}
        arguments: list[str] = given.get("args") or []
        version = given.get("apiVersion") or "client.authentication.k8s.io/v1"
        return credentials.Program([program, *arguments], environment, version, self._clock)

    def _content(self, given: dict[str, Any], key: str) -> str | None:
        if data := given.get(f"{key}-data"):
            try:
                return base64.b64decode(data, validate=True).decode()
            except ValueError as error:
                raise ConfigurationError(f"The kubeconfig's {key}-data is no base 64 of PEM.") from error
        return _read(self._folder / given[key]) if given.get(key) else None


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read.") from error
