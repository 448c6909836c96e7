"""Certificates as a file for as long as somebody connects: libraries take a path, rows hold text."""

import contextlib
import tempfile
from collections.abc import Generator


@contextlib.contextmanager
def file(certificates: str) -> Generator[str]:
    """Yield the path of a file with these certificates (PEM), which is gone afterwards."""
    with tempfile.NamedTemporaryFile(mode="w", prefix="tenantry-ca-", suffix=".pem") as written:
        written.write(certificates)
        written.flush()
        yield written.name
