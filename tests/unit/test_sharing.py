"""Tests say in their identifiers with which others they share a worker, which xdist cannot write there by itself."""

import pytest


def test_a_test_names_its_group_where_there_are_workers(request: pytest.FixtureRequest) -> None:
    has_workers = request.config.getoption("loadgroup", False)
    assert request.node.nodeid.endswith("@unit/test_sharing.py") is bool(has_workers)
