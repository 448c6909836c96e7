from tenantry.local.agent import allocation

FIRST, LAST = allocation.PORTS[0], allocation.PORTS[-1]


def allocator(first_port: int, *taken: int) -> allocation.Allocator:
    return allocation.Allocator(None, first_port=first_port, is_free=lambda port: port not in taken)


def test_it_begins_where_it_is_told() -> None:
    assert allocator(FIRST + 7).ports("a", ["http"]) == {"http": FIRST + 7}


def test_it_goes_round_past_what_is_taken() -> None:
    assert allocator(LAST, LAST).ports("a", ["http", "metrics"]) == {"http": FIRST, "metrics": FIRST + 1}


def test_a_port_that_was_freed_rests() -> None:
    given = allocator(FIRST)
    given.ports("a", ["http"])
    given.release("a")
    assert given.ports("b", ["http"]) == {"http": FIRST + 1}
