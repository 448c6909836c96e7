"""What an installation takes."""

from typing import Any

from support import tiny
from tenantry.application import manifest, needs, values
from tenantry.provisioner.installations import demand
from tenantry.wire.placement import Measure

MIB = 1 << 20


def workload(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "command": ["run"], **more}


def application(**sizes: dict[str, Any]) -> manifest.Application:
    """Three programs: one that listens, one with a volume, one that does neither."""
    return tiny.application(
        workloads=[
            workload("web", ports=[{"name": "http"}]),
            workload("store", volumes=[{"name": "data"}]),
            workload("clock"),
        ],
        sizes=[{"name": name, "workloads": shares} for name, shares in sizes.items()],
        needs={"volumes": [{"name": "data"}], "database": {"connections": 7}, "bucket": {}},
        jobs={"initialise": {"command": ["begin"]}},
    )


def taken(given: manifest.Application, size: str) -> demand.Demand:
    return demand.of(given, values.size(given, size))


def test_all_copies_of_all_programs_count() -> None:
    large = {"web": {"replicas": 3, "cpu": "250m", "memory": "64Mi"}, "store": {"cpu": "2", "memory": "1Gi"}}
    takes = taken(application(large=large), "large").takes
    assert takes == {
        Measure.CPU: 3 * 250 + 2000 + 500,
        Measure.MEMORY: (3 * 64 + 1024 + 512) * MIB,
        Measure.PODS: 5,
        Measure.ADDRESSES: 5,
        Measure.SERVICES: 1,
        Measure.NAMESPACES: 1,
        Measure.INSTALLATIONS: 1,
        Measure.DATABASES: 1,
        Measure.CONNECTIONS: 7,
        Measure.BUCKETS: 1,
        Measure.STORAGE: 1024 * MIB,
    }


def test_what_is_not_needed_is_not_taken() -> None:
    takes = taken(tiny.application(needs={}, workloads=[workload("clock")]), "small").takes
    assert not {Measure.DATABASES, Measure.CONNECTIONS, Measure.BUCKETS, Measure.STORAGE} & takes.keys()


def test_all_volumes_count_whatever_the_size() -> None:
    volumes = [{"name": "data", "size": "20Gi"}, {"name": "cache", "size": "512Mi"}]
    given = tiny.application(needs={"volumes": volumes})
    assert taken(given, "small").takes[Measure.STORAGE] == (20 * 1024 + 512) * MIB


def test_an_exchange_needs_one_more_of_each_program_that_keeps_nothing() -> None:
    small = {"web": {"replicas": 2, "cpu": "250m", "memory": "64Mi"}, "clock": {"cpu": "100m", "memory": "32Mi"}}
    surge = taken(application(small=small), "small").surge
    assert surge == {Measure.CPU: 350, Measure.MEMORY: 96 * MIB, Measure.PODS: 2, Measure.ADDRESSES: 2}


def test_an_exchange_has_room_for_a_job_which_is_as_large_as_the_first_program() -> None:
    uneven = {"web": {"cpu": "2"}, "store": {"cpu": "4"}}
    alone = application(uneven=uneven).model_copy()
    spec = alone.spec.model_copy(update={"workloads": alone.spec.workloads[1:2]})
    surge = demand.of(alone.model_copy(update={"spec": spec}), values.size(alone, "uneven")).surge
    assert (surge[Measure.CPU], surge[Measure.PODS]) == (4000, 1)


def test_the_largest_pod_is_that_of_each_measure() -> None:
    mixed = {"web": {"cpu": "3", "memory": "64Mi"}, "store": {"cpu": "1", "memory": "2Gi"}}
    assert taken(application(mixed=mixed), "mixed").largest == {
        Measure.CPU: 3000,
        Measure.MEMORY: 2048 * MIB,
        Measure.PODS: 1,
    }


def test_copies_that_an_autoscaler_may_add_do_not_count() -> None:
    small = {"web": {"replicas": 2, "scale": {"upTo": 9}}}
    assert taken(application(small=small), "small").takes[Measure.PODS] == 4


def test_a_size_that_nobody_can_have_is_still_a_number_to_reckon_with() -> None:
    endless = {"web": {"replicas": 10**30, "cpu": "9" * 400, "memory": "9" * 400 + "Ti"}}
    made = application(endless=endless)
    made.spec.needs.volumes[0] = needs.VolumeNeed(name="data", size="9" * 400 + "Ti")
    given = taken(made, "endless")
    assert given.takes[Measure.STORAGE] == demand.MOST
    assert max(*given.takes.values(), *given.surge.values(), *given.largest.values()) == demand.MOST
