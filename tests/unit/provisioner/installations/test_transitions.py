"""Every pair of the transition table, the allowed and the refused."""

import itertools

import pytest

from tenantry.kernel import transitions as kernel
from tenantry.provisioner.installations.transitions import REQUESTS, SERVING, TABLE, Input
from tenantry.wire.installations import Status, Target

PAIRS = list(itertools.product(Status, Input))


def test_every_status_is_in_the_table() -> None:
    assert set(TABLE.moves) == set(Status)


@pytest.mark.parametrize(("status", "given"), PAIRS)
def test_a_pair_is_allowed_or_refused_with_what_is_possible(status: Status, given: Input) -> None:
    if TABLE.allows(status, given):
        assert TABLE.next(status, given) in set(Status)
        return
    with pytest.raises(kernel.TransitionRefusedError) as refused:
        TABLE.next(status, given)
    for possible in TABLE.moves[status]:
        assert possible in refused.value.message


def test_working_states_are_gerunds_and_the_others_rest() -> None:
    assert TABLE.working == {status for status in Status if status.endswith("ing")}


def test_every_working_state_can_end() -> None:
    ends = {Input.SETTLED, Input.GONE}
    for status in TABLE.working:
        assert ends & set(TABLE.moves[status]), status


def test_every_state_can_be_reached_from_a_new_installation() -> None:
    reached, fresh = {Status.PROVISIONING}, [Status.PROVISIONING]
    while fresh:
        found = set(TABLE.moves[fresh.pop()].values()) - reached
        reached |= found
        fresh += found
    assert reached == set(Status)


def test_deletion_can_be_asked_for_in_every_state_that_is_not_deleted_already() -> None:
    ending = SERVING[Target.DISCARDED] | SERVING[Target.DELETED]
    assert {status for status in Status if TABLE.allows(status, Input.DISCARD)} == set(Status) - ending


def test_nothing_leads_out_of_deletion_for_good() -> None:
    assert TABLE.moves[Status.DELETED] == {}
    assert set(TABLE.moves[Status.DELETING]) == {Input.GONE}


def test_no_request_finds_its_way_past_the_targets() -> None:
    """A request either stays with its target or goes to the one that it asks for."""
    asks = {Input.DISCARD: Target.DISCARDED, Input.HIBERNATE: Target.HIBERNATED}
    asks |= dict.fromkeys((Input.WAKE, Input.UNDELETE, Input.RETRY, Input.RESTART), Target.RUNNING)
    for status, given in PAIRS:
        if given in REQUESTS and given in asks and TABLE.allows(status, given):
            assert TABLE.next(status, given) in SERVING[asks[given]], (status, given)


def test_every_status_serves_a_target() -> None:
    assert set().union(*SERVING.values()) == set(Status)
