import pytest

from tenantry.portal.orders import model
from tenantry.portal.workspaces import model as workspaces

Kind = model.Kind
Status = workspaces.Status


class TestOneAtATime:
    @pytest.mark.parametrize("waiting", Kind)
    @pytest.mark.parametrize("status", Status)
    def test_nothing_is_possible_while_an_order_waits(self, status: Status, waiting: Kind) -> None:
        assert model.possible(status, waiting) == frozenset()

    @pytest.mark.parametrize("kind", Kind)
    @pytest.mark.parametrize("status", Status)
    def test_what_is_under_way_is_not_possible_once_more(self, status: Status, kind: Kind) -> None:
        if model.is_under_way(kind, status, None):
            assert kind not in model.possible(status, None)

    @pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.UPDATE])
    @pytest.mark.parametrize("status", Status)
    def test_the_same_order_that_waits_is_under_way(self, status: Status, kind: Kind) -> None:
        assert model.is_under_way(kind, status, kind)

    @pytest.mark.parametrize("status", Status)
    def test_one_change_of_settings_is_never_another(self, status: Status) -> None:
        assert not model.is_under_way(Kind.UPDATE, status, Kind.UPDATE)

    def test_another_order_that_waits_is_in_the_way(self) -> None:
        assert not model.is_under_way(Kind.RESTART, Status.RESTARTING, Kind.DELETE)
