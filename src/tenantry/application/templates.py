"""Fills in the templates of a manifest: sandboxed, strict about undefined names, and the same in every room.

A template sees only the names it is given (`rendering.py` says which), can change nothing and can call nothing of ours.
An unknown name is an error that says where it stands and which name was probably meant. Nothing is escaped by itself,
because a manifest's files are YAML, TOML, Python or text, never HTML; these filters write a value safely:

- `tojson`: any value as JSON, which is also YAML (flow style).
- `quote`: the value as a string in double quotes, valid in Python, TOML, JSON and YAML.
- `topython`: any value as a Python literal.
- `b64`: the value's UTF-8 text in base 64.
- `shell`: the value as one word of a POSIX shell.
- those of Jinja2 itself, `urlencode`, `lower`, `replace`, `default` and `indent` among them.

A line that holds nothing but a `{% … %}` tag leaves no line behind.
"""

import base64
import difflib
import functools
import json
import operator
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, cast

import jinja2
import jinja2.nodes
import jinja2.sandbox

from tenantry.kernel import errors

_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
"""Characters that JSON lets pass and a YAML or TOML reader does not."""

_MARKS = frozenset("{\r")
"""Text without any of these is its own result: it has no tag, and no line end that is to be made even."""


class TemplateError(errors.CustomerMustActError):
    """A template of the manifest cannot be filled in."""

    code = "template-invalid"
    status = 422

    def __init__(self, message: str, *, place: str, line: int = 1, hint: str | None = None) -> None:
        """Take what happened and where.

        Args:
            message: what is wrong, without the place.
            place: the key of the manifest, as a dotted path.
            line: the line inside the template, from 1.
            hint: what was probably meant.
        """
        super().__init__(f"{place}: {message}", hint=hint, field=place)
        self.problem = message
        self.place = place
        self.line = line


class Namespace:
    """Names that a template may read by a dot, with the path under which they are known.

    It has no public attribute of its own, so that a setting may be called `items` or `copy`.
    """

    __slots__ = ("_names", "_path")

    def __init__(self, path: str, names: Mapping[str, object]) -> None:
        """Take the path, for messages, and the names; mappings inside become namespaces when they are read."""
        self._path = path
        self._names = names

    def __getitem__(self, name: str) -> object:
        return _wrap(f"{self._path}.{name}", self._names[name])

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __str__(self) -> str:
        return json.dumps(_unwrap(self))


def render(text: str, names: Mapping[str, object], *, place: str) -> str:
    """Fill in a template.

    Args:
        text: the template.
        names: what it may read; mappings are read by a dot.
        place: the key of the manifest, for the error.

    Raises:
        TemplateError: its syntax is wrong, a name is not defined, or an expression fails.
    """
    if not _MARKS.intersection(text):
        return text
    template = _compile(text, place)
    context = {name: _wrap(name, value) for name, value in names.items()}
    try:
        return template.render(context)
    except jinja2.TemplateError as error:
        raise TemplateError(_message(error), place=place, line=_line(error)) from error
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        raise TemplateError(f"{type(error).__name__}: {error}", place=place, line=_line(error)) from error


def unknown_names(text: str, names: Mapping[str, object], *, place: str) -> list[TemplateError]:
    """Find every name that is not defined, also in branches that the given values would not reach.

    Raises:
        TemplateError: the syntax is wrong.
    """
    context = {name: _wrap(name, value) for name, value in names.items()}
    try:
        tree = _ENVIRONMENT.parse(text)
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(_message(error), place=place, line=error.lineno) from error
    assigned = {node.name for node in tree.find_all(jinja2.nodes.Name) if node.ctx != "load"}
    found: list[TemplateError] = []
    for node, path in _reads(tree):
        if path[0] in assigned or path[0] in _ENVIRONMENT.globals:
            continue
        if problem := _unresolved(path, context):
            found.append(TemplateError(problem, place=place, line=node.lineno))
    return found


def reads(text: str, *, place: str = "template") -> list[tuple[str, ...]]:
    """Return the path of each name that the template may read: `("database", "url")`.

    A name that is read as a whole, or by a key that only a rendering knows, is a path of one.

    Raises:
        TemplateError: the syntax is wrong.
    """
    try:
        tree = _ENVIRONMENT.parse(text)
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(_message(error), place=place, line=error.lineno) from error
    return [tuple(path) for _, path in _reads(tree)]


def text_of(value: object) -> str:
    """Write the value as JSON that YAML, TOML and Python readers accept too (`tojson`)."""
    written = json.dumps(_unwrap(value), ensure_ascii=False, sort_keys=False)
    return _UNPRINTABLE.sub(lambda match: f"\\u{ord(match.group()):04x}", written)


class _Undefined(jinja2.StrictUndefined):
    """An undefined name that says its whole path and what was probably meant."""

    @property
    def _undefined_message(self) -> str:
        name = str(self._undefined_name)
        owner = self._undefined_obj
        if isinstance(owner, Namespace):
            return _not_defined(name, owner)
        if owner is jinja2.utils.missing:
            return f"“{name}” is not defined."
        return f"A {type(owner).__name__} has no “{name}”."


@functools.lru_cache(maxsize=1024)
def _compiled(text: str) -> jinja2.Template:
    return _ENVIRONMENT.from_string(text)


def _compile(text: str, place: str) -> jinja2.Template:
    try:
        return _compiled(text)
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(_message(error), place=place, line=error.lineno) from error


def _environment() -> jinja2.sandbox.ImmutableSandboxedEnvironment:
    made = jinja2.sandbox.ImmutableSandboxedEnvironment(
        undefined=_Undefined, autoescape=False, keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True
    )
    made.filters |= {
        "tojson": text_of,
        "quote": lambda value: text_of(str(value)),
        "topython": lambda value: repr(_unwrap(value)),
        "b64": lambda value: base64.b64encode(str(value).encode()).decode(),
        "shell": lambda value: shlex.quote(str(value)),
    }
    for name in ("random", "pprint", "xmlattr"):
        made.filters.pop(name)
    for name in ("lipsum", "cycler", "joiner"):
        made.globals.pop(name)
    return made


def _wrap(path: str, value: object) -> object:
    if isinstance(value, Mapping):
        return Namespace(path, cast("Mapping[str, object]", value))
    if isinstance(value, list):
        return [_wrap(path, item) for item in cast("list[object]", value)]
    return value


def _unwrap(value: object) -> Any:
    if isinstance(value, jinja2.Undefined):
        str(value)  # raises, with the name
    if isinstance(value, Namespace):
        return {name: _unwrap(value[name]) for name in value}
    if isinstance(value, list | tuple):
        return [_unwrap(item) for item in cast("list[object]", value)]
    return value


def _reads(tree: jinja2.nodes.Template) -> Iterator[tuple[jinja2.nodes.Node, list[str]]]:
    """Yield each longest chain of names that is read: `a.b.c` once, not `a.b` and `a` again."""
    waiting: list[jinja2.nodes.Node] = [tree]
    while waiting:
        node = waiting.pop()
        if path := _path(node):
            yield node, path
        else:
            waiting.extend(node.iter_child_nodes())


def _path(node: jinja2.nodes.Node) -> list[str] | None:
    if isinstance(node, jinja2.nodes.Name):
        return [node.name] if node.ctx == "load" else None
    if isinstance(node, jinja2.nodes.Getattr):
        owner = _path(node.node)
        return [*owner, node.attr] if owner else None
    if isinstance(node, jinja2.nodes.Getitem) and isinstance(node.arg, jinja2.nodes.Const):
        owner = _path(node.node)
        return [*owner, str(node.arg.value)] if owner else None
    return None


def _unresolved(path: list[str], context: Mapping[str, object]) -> str | None:
    if path[0] not in context:
        return _unknown(path[0], list(context))
    value = context[path[0]]
    for name in path[1:]:
        if not isinstance(value, Namespace):
            return None  # an attribute of a plain value: only a rendering can tell
        if name not in value:
            return _not_defined(name, value)
        value = value[name]
    return None


def _not_defined(name: str, owner: Namespace) -> str:
    return _unknown(name, list(owner), prefix=f"{_NAMESPACE_PATH(owner)}.")


def _unknown(name: str, known: list[str], prefix: str = "") -> str:
    message = f"“{prefix}{name}” is not defined."
    if close := difflib.get_close_matches(name, known, n=1, cutoff=0.6):
        return f"{message} Did you mean “{prefix}{close[0]}”?"
    return f"{message} Known here: {', '.join(sorted(known)) or 'nothing'}."


def _message(error: jinja2.TemplateError) -> str:
    return error.message or type(error).__name__


def _line(error: BaseException) -> int:
    """Find the line of the template in the traceback, where Jinja2 leaves it."""
    trace, line = error.__traceback__, 1
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


_NAMESPACE_PATH = operator.attrgetter("_path")
"""A namespace has no public attribute, on purpose; this module alone reads its path."""
_ENVIRONMENT = _environment()
