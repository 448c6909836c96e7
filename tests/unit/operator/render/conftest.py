"""The example applications, read once."""

import pytest

from support import operator_things as things
from tenantry.application import manifest


@pytest.fixture(scope="session")
def synapse() -> manifest.Application:
    """An application with a volume."""
    return things.application("synapse")


@pytest.fixture(scope="session")
def budget() -> manifest.Application:
    """An application without one."""
    return things.application("ihatemoney")
