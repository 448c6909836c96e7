"""A database on a `Cluster` of CloudNativePG: what its Secrets say, in the words of a Secret that is handed over.

CloudNativePG makes them with the Cluster. One holds the role that owns the database: the Cluster's first, or one of its
`managed.roles`. The other holds the authority that signs the server's certificate, for the names of its Services. Which
database is meant is ours to say.
"""

from collections.abc import Mapping
from urllib.parse import quote

from tenantry.application import authorities
from tenantry.kernel import errors
from tenantry.operator.render import wanted as wants
from tenantry.runtime import document

AUTHORITY = "ca.crt"
"""The key of the Secret with the authority. Beside it is the authority's own key, which is none of our matter."""
ROLE = "username"
"""The key of the Secret with the role."""
_PASSWORD = "password"  # noqa: S105 - the name of a key
_PORT = "5432"
_SSL_MODE = "verify-full"
_RESERVED = frozenset({"postgres", "streaming_replica", "cnpg_pooler_pgbouncer"})
"""Roles that reach every database of a Cluster."""


class ClusterSecretInvalidError(errors.CustomerMustActError):
    """A Secret of the database cluster does not say what is needed."""

    code = "database-secret-invalid"
    status = 422


def secret_name(spec: document.InstallationSpec) -> str | None:
    """Return the Secret with the role that owns the database; None where the database is none of CloudNativePG's."""
    cluster = spec.database_cluster
    return None if cluster is None else cluster.secret_name or f"{cluster.name}-app"


def authority_name(spec: document.InstallationSpec) -> str | None:
    """Return the Secret with the authority; None where the database is none of CloudNativePG's."""
    cluster = spec.database_cluster
    return None if cluster is None else cluster.ca_secret_name or f"{cluster.name}-ca"


def handover(wanted: wants.Wanted) -> Mapping[str, str] | None:
    """Return the database's Secret as whoever hands one over writes it; None where the database is none of its.

    Raises:
        ClusterSecretInvalidError: something is not in it, or the role may do too much; the message says what.
    """
    spec = wanted.installation.spec
    cluster, source, signer = spec.database_cluster, secret_name(spec), authority_name(spec)
    if cluster is None or source is None or signer is None:
        return None
    given = _holding(wanted, source, ROLE, _PASSWORD)
    user, password = given[ROLE], given[_PASSWORD]
    if user in _RESERVED:
        raise ClusterSecretInvalidError(
            f"The role “{user}” of the Secret “{source}” reaches every database of the Cluster.",
            hint="Name the Secret of a role that owns this installation's database alone.",
        )
    host, port = given.get("host") or f"{cluster.name}-rw", given.get("port") or _PORT
    return {
        "host": host,
        "port": port,
        "name": wanted.name,
        "user": user,
        "password": password,
        "url": f"postgresql://{quote(user, safe='')}:{quote(password, safe='')}@{host}:{port}/{wanted.name}"
        f"?sslmode={_SSL_MODE}",
        "sslMode": _SSL_MODE,
        authorities.CERTIFICATE: _holding(wanted, signer, AUTHORITY)[AUTHORITY],
    }


def _holding(wanted: wants.Wanted, name: str, *keys: str) -> Mapping[str, str]:
    """Return the content of a Secret that has all of these keys."""
    given = wanted.secrets.get(name, {})
    if lacks := [key for key in keys if not given.get(key)]:
        raise ClusterSecretInvalidError(
            f"The Secret “{name}” has no {' and no '.join(f'“{key}”' for key in lacks)}.",
            hint="CloudNativePG keeps such Secrets for a Cluster; “databaseCluster” may name others.",
        )
    return given
