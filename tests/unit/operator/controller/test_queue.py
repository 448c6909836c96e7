"""The queue against a model of it: dictionaries and a search through all of them."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tenantry.kernel import randomness as randoms
from tenantry.operator.controller import queue as queues

START = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = some.sampled_from("abcdefgh")
PRIORITIES = some.sampled_from(queues.Priority)
DELAYS = some.one_of(some.none(), some.integers(min_value=1, max_value=20))


def new() -> queues.Queue[str]:
    return queues.Queue(randoms.SeededRandomness(1))


class QueueAgainstItsModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.queue = new()
        self.now = START
        self.ready: set[str] = set()
        self.waiting: dict[str, datetime] = {}
        self.working: dict[str, datetime | bool | None] = {}
        """True: added at once meanwhile; a time: added for then; None: not added."""

    def _due(self, seconds: int | None) -> datetime | None:
        return None if seconds is None else self.now + timedelta(seconds=seconds)

    @rule(key=KEYS, priority=PRIORITIES, seconds=DELAYS)
    def add(self, key: str, priority: queues.Priority, seconds: int | None) -> None:
        due = self._due(seconds)
        self.queue.add(key, group=key if key < "d" else "others", priority=priority, due=due)
        if key in self.working:
            known = self.working[key]
            if due is None or known is True:
                self.working[key] = True
            else:
                self.working[key] = min(known, due) if isinstance(known, datetime) else due
        elif key in self.ready:
            pass
        elif due is None:
            self.waiting.pop(key, None)
            self.ready.add(key)
        else:
            self.waiting[key] = min(self.waiting.get(key, due), due)

    @rule(seconds=some.integers(min_value=0, max_value=10))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def take(self) -> None:
        ripe = {key for key, due in self.waiting.items() if due <= self.now}
        self.ready |= ripe
        self.waiting = {key: due for key, due in self.waiting.items() if key not in ripe}
        key = self.queue.take(self.now)
        assert (key is None) == (not self.ready)
        if key is not None:
            assert key not in self.working
            self.ready.remove(key)
            self.working[key] = None

    @precondition(lambda self: self.working)
    @rule(data=some.data())
    def done(self, data: some.DataObject) -> None:
        key = data.draw(some.sampled_from(sorted(self.working)))
        self.queue.done(key)
        wish = self.working.pop(key)
        if wish is True:
            self.ready.add(key)
        elif isinstance(wish, datetime):
            self.waiting[key] = wish

    @invariant()
    def counts_agree(self) -> None:
        assert (len(self.queue), self.queue.waiting, self.queue.working) == (
            len(self.ready),
            len(self.waiting),
            len(self.working),
        )
        assert self.queue.next_due() == min(self.waiting.values(), default=None)


TestQueueAgainstItsModel = QueueAgainstItsModel.TestCase


def drained(queue: queues.Queue[str]) -> list[str]:
    taken: list[str] = []
    while (key := queue.take(START)) is not None:
        taken.append(key)
        queue.done(key)
    return taken


def test_groups_take_turns() -> None:
    queue = new()
    for number in range(4):
        queue.add(f"large-{number}", group="large")
    queue.add("small-0", group="small")
    assert drained(queue) == ["large-0", "small-0", "large-1", "large-2", "large-3"]


def test_a_persons_change_goes_first_even_if_it_waited_as_a_routine_look() -> None:
    queue = new()
    for key in "abc":
        queue.add(key, priority=queues.Priority.RESYNC)
    queue.add("c", priority=queues.Priority.PERSON)
    assert drained(queue) == ["c", "a", "b"]


def test_a_routine_look_is_not_starved() -> None:
    queue = new()
    queue.add("routine", priority=queues.Priority.RESYNC)
    for number in range(50):
        queue.add(f"person-{number}", priority=queues.Priority.PERSON)
    assert drained(queue).index("routine") < queues.AGEING


def test_failures_wait_longer_each_time_until_one_succeeds() -> None:
    queue = new()
    waits: list[timedelta] = []
    for _ in range(4):
        queue.add("a")
        queue.take(START)
        waits.append(queue.retry("a", START))
        queue.done("a")
        queue.take(START + timedelta(hours=1))
        queue.done("a")
    assert all(0.5 * 0.5 * 2**tries <= wait.total_seconds() <= 0.5 * 2**tries for tries, wait in enumerate(waits))
    queue.succeeded("a")
    queue.add("a")
    queue.take(START)
    assert queue.retry("a", START) <= timedelta(seconds=0.5)


def test_whoever_refuses_may_say_how_long_to_wait() -> None:
    queue = new()
    queue.add("a")
    queue.take(START)
    assert queue.retry("a", START, delay=timedelta(seconds=40)) == timedelta(seconds=40)
