"""Every error has the exit code that the reference promises."""

import pytest

from tenantry.cli import complaints, contexts, exits
from tenantry.client import failures
from tenantry.kernel import errors
from tenantry.wire import problems


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.TenantryError(), 1),
        (errors.PermanentError(), 1),
        (errors.CustomerMustActError(), 2),
        (contexts.ContextMissingError(), 2),
        (errors.NotFoundError(), 3),
        (errors.ConflictError(), 4),
        (errors.ForbiddenError(), 5),
        (errors.UnauthenticatedError(), 5),
        (failures.ProvisionerAwayError(), 6),
        (exits.WaitTimedOutError(), 7),
        (failures.from_answer(404, {}, b""), 3),
        (failures.from_answer(412, {}, b""), 4),
        (failures.from_answer(503, {}, b""), 6),
    ],
)
def test_the_kind_of_an_error_decides_the_code(error: errors.TenantryError, code: int) -> None:
    assert exits.code_of(error) == code


def test_an_error_is_one_line_and_a_hint() -> None:
    error = errors.ConflictError("The name is taken.", hint="Choose another.")
    assert complaints.lines(error) == ["error: The name is taken.", "hint: Choose another."]


def test_fields_and_reference_of_a_problem_are_said() -> None:
    fields = [problems.FieldProblem(field="settings.title", message="is too long")]
    problem = problems.Problem(
        type="about:blank",
        title="Invalid",
        status=422,
        detail="Invalid.",
        code="invalid",
        reference="req-1",
        fields=fields,
    )
    lines = complaints.lines(failures.RequestProblemError(problem))
    assert lines == ["error: Invalid.", "  settings.title: is too long", "reference: req-1"]
