"""Turns what a pooler is to know into PgBouncer's files: pure, and the same text for the same configuration.

What decides who is let in and how much is opened is ours; where PgBouncer listens, and how it shows who it is to its
clients, is the administrator's, in the file that includes ours.
"""

from collections.abc import Mapping
from pathlib import PurePath

from tenantry.wire import poolers as wire

MAIN = "tenantry.ini"
"""The file that PgBouncer's own includes, as the last thing in it."""
USERS = "users.txt"
AUTHORITIES = "server-ca.pem"
NAMES = (USERS, AUTHORITIES, MAIN)
"""In the order in which they are written: what is referred to is there before."""

_HEAD = """;; Written by tenantry for the database server {server}: at most {budget} connections.
;; What is changed here is lost.
auth_type = scram-sha-256
auth_file = {users}
;; Nobody is let into the console by a password; only the account that PgBouncer runs as, by its socket.
admin_users =
stats_users =
server_tls_sslmode = {ssl_mode}
{authorities}reserve_pool_size = 0
ignore_startup_parameters = extra_float_digits

[databases]
"""


def files(found: wire.PoolerConfiguration, folder: PurePath, system_authorities: str) -> Mapping[str, str]:
    """Return the content of each file.

    Args:
        found: what the pooler is to know.
        folder: where the files will be, an absolute path.
        system_authorities: whom the system trusts to sign certificates, as PEM; only read where nobody else is named.
    """
    is_verified = found.ssl_mode == "verify-full"
    trusted = found.ca_certificate or (system_authorities if is_verified else "")
    authorities = f"server_tls_ca_file = {folder / AUTHORITIES}\n" if trusted else ""
    head = _HEAD.format(
        server=found.server,
        budget=found.budget,
        users=folder / USERS,
        ssl_mode=found.ssl_mode,
        authorities=authorities,
    )
    return {
        USERS: "".join(f'"{each.name}" "{each.verifier}"\n' for each in found.databases),
        AUTHORITIES: trusted,
        MAIN: head + "".join(f"{_database(found, each)}\n" for each in found.databases),
    }


def _database(found: wire.PoolerConfiguration, each: wire.PooledDatabase) -> str:
    # The pool is of a role and a database; the database's own limit holds for all roles that might try.
    limits = f"pool_size={each.connections} reserve_pool=0 max_db_connections={each.connections}"
    server = f"host={_quoted(found.host)} port={found.port} dbname={each.name}"
    return f"{each.name} = {server} pool_mode={each.mode} {limits}"


def _quoted(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
