"""Our own services as parts of a stack: provisioner, portal and agent, and all that their environment says."""

import asyncio
import json
import os
import sys
from pathlib import Path

from tenantry.local import atomic, credentials, executable, part, program, readiness
from tenantry.local.stack import Stack

MAIL_SENDER = "no-reply@tenantry.localhost"
"""Whom the stack's mails are from; they end in the mailbox."""

_PASSED_ON = ("UV_", "PIP_", "SSL_CERT_", "REQUESTS_CA_")
_PASSED_ON_NAMES = {"HOME", "LANG", "TZ", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy"} | {
    "no_proxy",
    "ALL_PROXY",
    "XDG_CACHE_HOME",
}
_AGENT_CHOICES = ("TENANTRY_AGENT_STANDBYS", "TENANTRY_AGENT_STARTS_AT_ONCE")
"""What whoever brings the stack up may decide for the agent, by the environment of `tenantry up`."""


def parts(stack: Stack) -> list[part.Part]:
    """Return our services as parts of this stack."""
    return [_provisioner(stack), _portal(stack), _agent(stack)]


def _provisioner(stack: Stack) -> part.Part:
    kept = stack.credentials
    mail_file = stack.layout.secrets / "provisioner-mail.json"
    mail = {"host": "127.0.0.1", "port": stack.state.ports["mail"], "user": "", "password": "", "sender": MAIL_SENDER}
    environment = {
        "TENANTRY_PROVISIONER_DATABASE_URL": _database_url(stack, "tenantry_provisioner", kept.provisioner_database),
        "TENANTRY_PROVISIONER_LISTEN": _listen(stack, "provisioner"),
        "TENANTRY_PROVISIONER_KEYS_FILE": str(kept.sealing_keys),
        "TENANTRY_PROVISIONER_BOOTSTRAP_TOKENS_FILE": str(kept.bootstrap_tokens),
        "TENANTRY_PROVISIONER_MAIL_FILE": str(mail_file),
        "TENANTRY_PROVISIONER_ADDRESS_TEMPLATE": stack.address_template,
    }
    return part.Part(
        name=part.PartName.PROVISIONER,
        prepare=lambda: asyncio.to_thread(atomic.write, mail_file, json.dumps(mail).encode()),
        spec=lambda: _service(stack, part.PartName.PROVISIONER, "tenantry.provisioner.server", environment),
        is_ready=lambda: readiness.answers("/ready", port=stack.state.ports["provisioner"]),
        address=stack.state.url("api"),
        waits_for="until it has brought its database up to date and answers",
        needs=frozenset({part.PartName.POSTGRES}),
    )


def _portal(stack: Stack) -> part.Part:
    kept = stack.credentials
    environment = {
        "TENANTRY_PORTAL_DATABASE_URL": _database_url(stack, "tenantry_portal", kept.portal_database),
        "TENANTRY_PORTAL_LISTEN": _listen(stack, "portal"),
        "TENANTRY_PORTAL_PROVISIONER_URL": stack.provisioner_url,
        "TENANTRY_PORTAL_PROVISIONER_TOKEN_FILE": str(kept.portal_token),
        "TENANTRY_PORTAL_SECRET_FILE": str(kept.portal_secret),
        "TENANTRY_PORTAL_PUBLIC_URL": stack.state.url(),
        "TENANTRY_PORTAL_SMTP_HOST": "127.0.0.1",
        "TENANTRY_PORTAL_SMTP_PORT": str(stack.state.ports["mail"]),
        "TENANTRY_PORTAL_MAIL_SENDER": MAIL_SENDER,
        # A vendor's own name, colour and links are handed through.
        **{name: value for name, value in os.environ.items() if name.startswith("TENANTRY_PORTAL_BRAND_")},
    }
    return part.Part(
        name=part.PartName.PORTAL,
        spec=lambda: _service(stack, part.PartName.PORTAL, "tenantry.portal.server", environment),
        is_ready=lambda: readiness.answers("/ready", port=stack.state.ports["portal"]),
        address=stack.state.url(),
        waits_for="until it has brought its database up to date and answers",
        needs=frozenset({part.PartName.POSTGRES}),
    )


def _agent(stack: Stack) -> part.Part:
    layout = stack.layout
    environment = {name: os.environ[name] for name in _AGENT_CHOICES if name in os.environ} | {
        "TENANTRY_AGENT_DATA": str(layout.agent),
        "TENANTRY_AGENT_SOCKET": str(layout.socket("agent")),
        "TENANTRY_AGENT_SUPERVISOR_SOCKET": str(layout.socket("supervisor")),
        "TENANTRY_AGENT_SUPERVISOR_INCLUDE": str(layout.programs),
        "TENANTRY_AGENT_FRONTDOOR_SOCKET": str(layout.socket("caddy")),
        "TENANTRY_AGENT_ADDRESS_TEMPLATE": stack.address_template,
        "TENANTRY_AGENT_CACHE": str(stack.cache),
    }
    if os.geteuid() == 0:
        environment["TENANTRY_AGENT_SUBORDINATE_UIDS"] = str(stack.state.first_uid)
    return part.Part(
        name=part.PartName.AGENT,
        prepare=lambda: asyncio.to_thread(_make_cache, stack.cache),
        spec=lambda: _service(stack, part.PartName.AGENT, "tenantry.local.agent", {**_from_outside(), **environment}),
        is_ready=lambda: readiness.answers("/ready", socket=layout.socket("agent")),
        address=f"unix://{layout.socket('agent')}",
        waits_for="until it has looked at what runs and answers",
        needs=frozenset({part.PartName.FRONTDOOR}),
    )


def _service(stack: Stack, name: part.PartName, module: str, environment: dict[str, str]) -> program.ProgramSpec:
    path = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"
    return program.ProgramSpec(
        name=name,
        command=[sys.executable, "-m", module],
        environment={"PATH": path, "LANG": "C.UTF-8", **environment},
        directory=stack.layout.agent if name is part.PartName.AGENT else stack.layout.data,
        log_file=stack.layout.log(name),
        open_files=16384,
        # The agent changes users, owners and limits; nobody else may.
        is_privileged=name is part.PartName.AGENT,
        start_time=executable.START_TIME,
    )


def _database_url(stack: Stack, name: str, password_file: Path) -> str:
    return stack.database_server.url(database=name, user=name, password=credentials.read(password_file))


def _listen(stack: Stack, name: str) -> str:
    return f"127.0.0.1:{stack.state.ports[name]}"


def _from_outside() -> dict[str, str]:
    """Return what an installer of packages needs to know about the world: proxies, mirrors, certificates."""
    return {
        name: value for name, value in os.environ.items() if name.startswith(_PASSED_ON) or name in _PASSED_ON_NAMES
    }


def _make_cache(folder: Path) -> None:
    # Workloads read it under users of their own, whatever our umask says; only we write it.
    for missing in reversed([each for each in (folder, *folder.parents) if not each.exists()]):
        missing.mkdir()
        missing.chmod(0o755)
    folder.chmod(0o755)
