"""Events wait to be written, and what there is no room for is counted."""

from datetime import UTC, datetime
from typing import Any, cast

from prometheus_client import CollectorRegistry

from tenantry.kernel import clock, randomness
from tenantry.kubernetes import client as clients
from tenantry.operator.controller import cache as caches
from tenantry.operator.controller import keys, measures, notices


def test_what_there_is_no_room_for_is_counted() -> None:
    registry = CollectorRegistry()
    told = notices.Notices(
        cast("clients.Client", cast("Any", None)),
        caches.Cache(),
        measured=measures.Measures(registry),
        clock=clock.ManualClock(datetime(2026, 12, 1, tzinfo=UTC)),
        randomness=randomness.SystemRandomness(),
        instance="first",
    )
    for number in range(1003):
        told.failed(keys.Key("acme", f"acme-{number}"), "MigrateFailed", "It failed.")
    assert registry.get_sample_value("tenantry_operator_events_dropped_total") == 3
