"""Whom the programs of an installation trust to have signed the certificates of their database server and object store.

The authorities are files of the installation like any other. `PGSSLROOTCERT` names the first for every program: libpq
and what follows it (psycopg, asyncpg, pgx) find it without the manifest's help; so do AWS' own libraries the second, by
`AWS_CA_BUNDLE`. Others read `database.caFile` and `bucket.caFile`.
"""

from collections.abc import Mapping

CERTIFICATE = "caCertificate"
"""The key of the Secret with the authorities, as PEM."""
FILE_NAME = "databaseAuthorities"
FILE_PATH = "tenantry/database-ca.pem"
"""Below the folder of the configuration files."""
VARIABLE = "PGSSLROOTCERT"
BUCKET_FILE_NAME = "bucketAuthorities"
BUCKET_FILE_PATH = "tenantry/bucket-ca.pem"
BUCKET_VARIABLE = "AWS_CA_BUNDLE"

_OF_SYSTEM = "system"
"""For libpq 16 and newer: those whom the system trusts. A libpq that brings an OpenSSL along, as in a wheel, finds them
by `SSL_CERT_FILE`, which is the image's to set."""
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


def bucket_variables(bucket: Mapping[str, str] | None, path: str) -> dict[str, str]:
    """Return the variables that tell a program whom to trust to have signed its object store's certificate.

    Args:
        bucket: what was handed over of the bucket, if anything.
        path: where the file with the authorities is, or would be.
    """
    return {BUCKET_VARIABLE: path} if bucket is not None and bucket.get(CERTIFICATE) else {}
