from hypothesis import given
from hypothesis import strategies as some

from tenantry.kubernetes import limits

SLOW = limits.Limits(per_second=10, burst=3, in_flight=1)


def test_a_burst_is_free_and_what_comes_after_it_waits_in_order() -> None:
    bucket = limits.Bucket(SLOW)
    assert [round(bucket.take(0.0), 3) for _ in range(5)] == [0, 0, 0, 0.1, 0.2]


def test_a_pause_fills_the_bucket_but_not_beyond_the_burst() -> None:
    bucket = limits.Bucket(SLOW)
    for _ in range(3):
        bucket.take(0.0)
    assert [round(bucket.take(100.0), 3) for _ in range(4)] == [0, 0, 0, 0.1]


@given(some.lists(some.floats(min_value=0, max_value=0.5), min_size=1, max_size=60))
def test_no_stretch_of_time_sees_more_calls_than_allowed(pauses: list[float]) -> None:
    bucket, now, calls = limits.Bucket(SLOW), 0.0, list[float]()
    for pause in pauses:
        now += pause
        calls.append(now + bucket.take(now))
    for first, begin in enumerate(calls):
        for last in range(first, len(calls)):
            allowed = SLOW.burst + (calls[last] - begin) * SLOW.per_second
            assert last - first + 1 <= allowed + 1e-6 * len(calls) + 1e-6
