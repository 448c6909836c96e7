"""What holds for every ring: a test leaves the process as it found it, and how long something takes fails none."""

import os
from collections.abc import Iterator

import hypothesis
import pytest

hypothesis.settings.register_profile(
    "unhurried", hypothesis.settings(), deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("unhurried")


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """Bringing a stack up within the process tightens the umask; the next test must not inherit that."""
    before = os.umask(0o022)
    yield
    os.umask(before)
