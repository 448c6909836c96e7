"""What a machine can see of a module's style: sizes, annotations, waivers; shared by the house check and the report."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GENERATED = ("static/vendor", "node_modules", "__pycache__")

Function = ast.FunctionDef | ast.AsyncFunctionDef

_WAIVER = re.compile(r"#\s*(?:noqa|pyright:\s*ignore|type:\s*ignore)\b(?P<codes>[^#]*)")
_BROAD = frozenset({"Exception", "BaseException"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A comment that waives a rule of a linter.

    Attributes:
        line: where it is.
        has_code: whether it names the rule.
        has_reason: whether it says why.
    """

    line: int
    has_code: bool
    has_reason: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One module, parsed."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """Its path from the root, for messages."""
        return str(self.path.relative_to(ROOT)) if self.path.is_relative_to(ROOT) else str(self.path)

    @property
    def length(self) -> int:
        """Its lines."""
        return len(self.text.splitlines())

    def functions(self) -> Iterator[Function]:
        """Yield every function and method."""
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                yield node

    def inner_imports(self) -> list[int]:
        """Return the lines of imports inside functions."""
        return sorted(
            inner.lineno
            for function in self.functions()
            for inner in ast.walk(function)
            if isinstance(inner, ast.Import | ast.ImportFrom)
        )

    def broad_catches(self) -> list[int]:
        """Return the lines that catch everything and do not raise it again."""
        handlers = [node for node in ast.walk(self.tree) if isinstance(node, ast.ExceptHandler)]
        return [each.lineno for each in handlers if is_broad(each.type) and not _goes_on(each)]

    def waivers(self) -> list[Waiver]:
        """Return every comment that waives a rule."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        found = [(token, _WAIVER.search(token.string)) for token in tokens if token.type == tokenize.COMMENT]
        return [_waiver(token.start[0], match["codes"]) for token, match in found if match]


def parse(path: Path) -> Module:
    """Read a module."""
    text = path.read_text("utf-8")
    return Module(path=path, text=text, tree=ast.parse(text))


def modules(*folders: str) -> list[Module]:
    """Return every module below the folders, without what others wrote."""
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [parse(path) for path in paths if not any(part in path.as_posix() for part in GENERATED)]


def length(function: Function) -> int:
    """Return a function's lines from `def` to its end, without its docstring."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    is_docstring = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    return lines - ((first.end_lineno or first.lineno) - first.lineno + 1 if is_docstring else 0)


def is_annotated(function: Function) -> bool:
    """Tell whether every parameter and the result have a type."""
    given = function.args
    parameters = [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, (given.vararg, given.kwarg))]
    named = [each for each in parameters if each.arg not in {"self", "cls"}]
    return function.returns is not None and all(each.annotation for each in named)


def is_broad(caught: ast.expr | None) -> bool:
    """Tell whether an `except` clause catches everything."""
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(name is None or (isinstance(name, ast.Name) and name.id in _BROAD) for name in names)


def quantile(values: Sequence[int], share: float) -> int:
    """Return the value below which this share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0


def _goes_on(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def _waiver(line: int, codes: str) -> Waiver:
    code, dash, reason = codes.partition(" - ")
    return Waiver(line=line, has_code=bool(re.search(r"[:\[]\s*\w", code)), has_reason=bool(dash and reason.strip()))
