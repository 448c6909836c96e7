"""What holds for every ring: a test leaves the process as it found it."""

import os
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """Bringing a stack up within the process tightens the umask; the next test must not inherit that."""
    before = os.umask(0o022)
    yield
    os.umask(before)
