from typing import Any, cast

from support import operator_things as things
from tenantry.operator.controller import effects, model, wishes
from tenantry.runtime import document


def test_what_a_program_printed_is_told_without_its_secrets() -> None:
    inputs = things.wanted(things.application("synapse"), secrets={"acme-database": {"password": "swordfish-42"}})
    wish = wishes.Wish(wanted=cast("model.Wanted", cast("Any", None)), inputs=inputs)
    case = effects.Case(wish, document.InstallationStatus(), document.Memory())
    case.show(("password swordfish-42 is refused", "ends"))
    assert case.log_lines == ("password ••• is refused", "ends")
