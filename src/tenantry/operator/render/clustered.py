"""A database on a `Cluster` of CloudNativePG: what its Secret says, in the words of a Secret that is handed over.

CloudNativePG makes the Secret with the Cluster. It holds the role that owns the Cluster's databases, and where the
server that can be written to is; which database is meant is ours to say.
"""

from collections.abc import Mapping
from urllib.parse import quote

from tenantry.kernel import errors
from tenantry.operator.render import wanted as wants
from tenantry.runtime import document

_NEEDED = ("host", "port", "username", "password")
_SSL_MODE = "require"
"""Its servers speak TLS; their certificate is by an authority of the Cluster's own, which nobody else knows."""


class ClusterSecretInvalidError(errors.CustomerMustActError):
    """The Secret of the database cluster does not say what is needed."""

    code = "database-secret-invalid"
    status = 422
    hint = "Name a Secret of the type “kubernetes.io/basic-auth” that CloudNativePG keeps for the Cluster."


def secret_name(spec: document.InstallationSpec) -> str | None:
    """Return the Secret that CloudNativePG keeps for the Cluster; None where the database is none of its."""
    cluster = spec.database_cluster
    return None if cluster is None else cluster.secret_name or f"{cluster.name}-app"


def handover(wanted: wants.Wanted) -> Mapping[str, str] | None:
    """Return the database's Secret as whoever hands one over writes it; None where the database is none of its.

    Raises:
        ClusterSecretInvalidError: something is not in it; the message says what.
    """
    source = secret_name(wanted.installation.spec)
    if source is None:
        return None
    given = wanted.secrets.get(source, {})
    if lacks := [key for key in _NEEDED if not given.get(key)]:
        raise ClusterSecretInvalidError(f"The Secret “{source}” has no {' and no '.join(f'“{key}”' for key in lacks)}.")
    host, port, user, password = (given[key] for key in _NEEDED)
    return {
        "host": host,
        "port": port,
        "name": wanted.name,
        "user": user,
        "password": password,
        "url": f"postgresql://{quote(user, safe='')}:{quote(password, safe='')}@{host}:{port}/{wanted.name}"
        f"?sslmode={_SSL_MODE}",
        "sslMode": _SSL_MODE,
    }
