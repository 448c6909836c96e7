"""The figures of the report are counted as the style says."""

import ast

import pytest

import code_facts


def function(text: str) -> code_facts.Function:
    [node] = ast.parse(text).body
    assert isinstance(node, code_facts.Function)
    return node


@pytest.mark.parametrize(
    ("text", "is_annotated"),
    [
        ("def f(self, a: int) -> None: ...", True),
        ("def f(a) -> None: ...", False),
        ("def f(a: int): ...", False),
        ("def f(*a: int, **b: int) -> None: ...", True),
        ("async def f(*, a) -> None: ...", False),
    ],
)
def test_a_function_is_annotated_when_everything_is(text: str, *, is_annotated: bool) -> None:
    assert code_facts.is_annotated(function(text)) is is_annotated


def test_imports_inside_functions_are_found() -> None:
    text = "import os\ndef f():\n    import sys\n    from a import b\n"
    module = code_facts.Module(path=code_facts.ROOT, text=text, tree=ast.parse(text))
    assert module.inner_imports() == [3, 4]


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 6), (0.9, 10), (1.0, 10)])
def test_quantiles(share: float, value: int) -> None:
    assert code_facts.quantile(range(1, 11), share) == value


def test_no_values_have_no_quantile() -> None:
    assert code_facts.quantile([], 0.9) == 0
