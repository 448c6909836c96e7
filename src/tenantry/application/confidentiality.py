"""Which templates bring secrets into what they make: decided by the names they read, whatever they do with the values.

A value that was encoded or hashed cannot be found in a text any more, so the text is never searched. Where something is
(a host, a port, a bucket's name) is no secret; how to get in is.
"""

import functools
from collections.abc import Mapping

from tenantry.application import templates

_GENERATED = "secrets"
_PLAIN: Mapping[str, frozenset[str]] = {
    "database": frozenset({"host", "port", "name", "user", "sslMode", "caCertificate", "caFile"}),
    "bucket": frozenset({"endpoint", "region", "name", "caCertificate", "caFile"}),
    "mail": frozenset({"host", "port", "user", "sender"}),
}
"""What was handed over and is no secret; every other key is one."""


@functools.lru_cache(maxsize=4096)
def is_confidential(template: str) -> bool:
    """Tell whether what the template makes holds a secret.

    Raises:
        templates.TemplateError: its syntax is wrong.
    """
    return any(_is_secret(path) for path in templates.reads(template))


def _is_secret(path: tuple[str, ...]) -> bool:
    if path[0] == _GENERATED:
        return True
    plain = _PLAIN.get(path[0])
    return plain is not None and (len(path) == 1 or path[1] not in plain)
