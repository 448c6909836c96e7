from datetime import timedelta

import pytest

from tenantry.client import failures
from tenantry.kernel import errors
from tenantry.portal import ports
from tenantry.portal.adapters import provisioner

REASON = '"type": "about:blank", "title": "t", "detail": "Secret words of http://10.0.0.1."'


def answered(status: int, code: str = "", **headers: str) -> errors.TenantryError:
    body = f'{{{REASON}, "status": {status}, "code": "{code}"}}' if code else "<html>"
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return provisioner.translated(failures.from_answer(status, given, body.encode()))


class TestTranslation:
    @pytest.mark.parametrize(
        ("status", "code", "expected"),
        [
            (401, "token-invalid", ports.NotAdmittedError),
            (403, "scope-missing", ports.NotAdmittedError),
            (401, "", ports.NotAdmittedError),
            (409, "change-in-progress", ports.BusyError),
            (409, "idempotency-key-in-flight", ports.BusyError),
            (404, "", ports.NotUnderstoodError),
            (405, "", ports.NotUnderstoodError),
            (302, "", ports.NotUnderstoodError),
            (429, "too-many-requests", ports.AwayError),
            (500, "internal", ports.AwayError),
            (502, "", ports.AwayError),
        ],
    )
    def test_what_is_not_the_customers_to_mend_is_temporary(
        self, status: int, code: str, expected: type[errors.TenantryError]
    ) -> None:
        found = answered(status, code)
        assert type(found) is expected
        assert isinstance(found, errors.TemporaryError)
        assert "10.0.0.1" not in found.message

    @pytest.mark.parametrize(
        ("status", "code"), [(409, "name-taken"), (422, "settings-invalid"), (404, "installation-not-found")]
    )
    def test_what_is_keeps_the_provisioners_code_and_words(self, status: int, code: str) -> None:
        found = answered(status, code)
        assert isinstance(found, errors.CustomerMustActError)
        assert (found.code, found.message) == (code, "Secret words of http://10.0.0.1.")

    def test_the_wait_that_is_asked_for_is_kept(self) -> None:
        found = answered(503, "nowhere", Retry_After="7")
        assert isinstance(found, ports.AwayError)
        assert found.delay == timedelta(seconds=7)

    def test_staff_learn_what_was_answered(self) -> None:
        found = answered(403, "scope-missing")
        assert isinstance(found, ports.NotAdmittedError)
        assert found.answered == "scope-missing"

    def test_an_answer_that_nobody_can_read_is_not_understood(self) -> None:
        assert isinstance(provisioner.translated(failures.AnswerUnreadableError()), ports.NotUnderstoodError)
