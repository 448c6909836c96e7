"""Control groups that somebody may be about to use are left alone."""

import os

import pytest

from testbed import room


@pytest.mark.parametrize(
    ("maker", "is_there"), [(str(os.getpid()), True), ("999999999", False)], ids=["running", "ended"]
)
def test_a_group_belongs_to_its_maker_as_long_as_that_runs(maker: str, *, is_there: bool) -> None:
    assert room.is_made_by_somebody(f"tenantry-test-{maker}-tenantry-cluster-a") is is_there
