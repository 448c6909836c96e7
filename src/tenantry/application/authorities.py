"""Whom the programs of an installation trust to have signed their database server's certificate.

The authorities are a file of the installation like any other, and `PGSSLROOTCERT` names it for every program: libpq and
what follows it (psycopg, asyncpg, pgx) find it without the manifest's help. Others read `database.caFile`.
"""

from collections.abc import Mapping

CERTIFICATE = "caCertificate"
"""The key of the database's Secret with the authorities, as PEM."""
FILE_NAME = "databaseAuthorities"
FILE_PATH = "tenantry/database-ca.pem"
"""Below the folder of the configuration files."""
VARIABLE = "PGSSLROOTCERT"

_OF_SYSTEM = "system"
"""For libpq 16 and newer: those whom the system trusts."""
_VERIFYING = "verify-full"


def variables(database: Mapping[str, str] | None, path: str) -> dict[str, str]:
    """Return the variables that tell a program whom to trust.

    Args:
        database: what was handed over of the database, if anything.
        path: where the file with the authorities is, or would be.
    """
    if database is None:
        return {}
    if database.get(CERTIFICATE):
        return {VARIABLE: path}
    return {VARIABLE: _OF_SYSTEM} if database.get("sslMode") == _VERIFYING else {}
