"""The embedded parts of a stack: database server, object store, front door and mailbox."""

import asyncio
import sys

from tenantry.local import (
    credentials,
    executable,
    frontdoor,
    frontdoor_configuration,
    frontdoor_program,
    objectstore,
    part,
    postgres,
    program,
    readiness,
)
from tenantry.local.stack import Stack


def parts(stack: Stack) -> list[part.Part]:
    """Return the embedded parts of this stack."""
    return [_postgres(stack), _objectstore(stack), _frontdoor(stack), _mailbox(stack)]


def _postgres(stack: Stack) -> part.Part:
    server = stack.database_server
    kept = stack.credentials
    roles = {"tenantry_provisioner": kept.provisioner_database, "tenantry_portal": kept.portal_database}

    async def settle() -> None:
        await postgres.secure(server)
        for name, file in roles.items():
            await postgres.ensure_database(server, name=name, password=credentials.read(file))

    return part.Part(
        name=part.PartName.POSTGRES,
        prepare=lambda: postgres.initialise(server),
        spec=lambda: postgres.spec(server),
        is_ready=lambda: postgres.is_ready(server),
        settle=settle,
        address=f"127.0.0.1:{server.port}",
        waits_for="until it answers queries",
    )


def _objectstore(stack: Stack) -> part.Part:
    store = stack.object_store
    return part.Part(
        name=part.PartName.OBJECTSTORE,
        prepare=lambda: asyncio.to_thread(objectstore.create_folders, store),
        spec=lambda: objectstore.spec(store),
        is_ready=lambda: readiness.listens("127.0.0.1", store.port),
        address=store.endpoint,
        waits_for="until it takes connections",
    )


def _frontdoor(stack: Stack) -> part.Part:
    layout = stack.layout
    settings = frontdoor_configuration.FrontdoorSettings(
        listen=stack.state.listen,
        host=stack.host,
        admin_socket=layout.socket("caddy"),
        portal=f"127.0.0.1:{stack.state.ports['portal']}",
        provisioner=f"127.0.0.1:{stack.state.ports['provisioner']}",
        mailbox=f"unix/{layout.socket('mailbox')}",
        access_log=layout.log("access"),
        storage=layout.frontdoor / "data",
    )
    return part.Part(
        name=part.PartName.FRONTDOOR,
        prepare=lambda: asyncio.to_thread(frontdoor_program.prepare, layout.frontdoor, settings),
        spec=lambda: frontdoor_program.spec(layout.frontdoor, layout.log("frontdoor")),
        is_ready=frontdoor.Frontdoor(settings.admin_socket).is_ready,
        address=stack.state.url(),
        waits_for="until it takes routes",
    )


def _mailbox(stack: Stack) -> part.Part:
    layout = stack.layout
    socket = layout.socket("mailbox")

    def spec() -> program.ProgramSpec:
        return program.ProgramSpec(
            name=part.PartName.MAILBOX,
            command=[sys.executable, "-m", "tenantry.local.mailbox"],
            environment={
                "PATH": "/usr/bin:/bin",
                "TENANTRY_MAILBOX_DATA": str(layout.mail),
                "TENANTRY_MAILBOX_SMTP": f"127.0.0.1:{stack.state.ports['mail']}",
                "TENANTRY_MAILBOX_SOCKET": str(socket),
                "TENANTRY_MAILBOX_KEY_FILE": str(stack.credentials.mailbox_key),
            },
            directory=layout.mail,
            log_file=layout.log("mailbox"),
            start_time=executable.START_TIME,
        )

    return part.Part(
        name=part.PartName.MAILBOX,
        spec=spec,
        is_ready=lambda: readiness.answers("/health", socket=socket),
        address=stack.mailbox_url,
        waits_for="until it answers",
    )
