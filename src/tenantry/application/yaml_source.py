"""Reads YAML with the place of every key, and refuses what YAML readers let pass in silence."""

from dataclasses import dataclass
from typing import Any, cast

import yaml

from tenantry.application import findings as found

_LONGEST = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A YAML document: its data, and where each part of it stands.

    Attributes:
        file: the name that findings carry.
        data: the document as plain values.
    """

    file: str
    data: Any
    root: yaml.Node

    def located(self, finding: found.Finding) -> found.Finding:
        """Return the finding with its file and line."""
        node, is_key_missing = self._nearest(finding.path)
        line = node.start_mark.line + 1
        if not is_key_missing and isinstance(node, yaml.ScalarNode) and finding.line_in_value >= 1:
            line += _lines_into(node, finding.line_in_value)
        return found.Finding(
            path=finding.path,
            message=finding.message,
            suggestion=finding.suggestion,
            line_in_value=finding.line_in_value,
            file=self.file,
            line=line,
        )

    def _nearest(self, path: found.Path) -> tuple[yaml.Node, bool]:
        """Return the node of the path, or of the nearest thing above it that is there."""
        node = self.root
        for part in path:
            inner = _inside(node, part)
            if inner is None:
                return node, True
            node = inner
        return node, False


def parse(text: str, file: str) -> Source:
    """Read one YAML document.

    Raises:
        found.ManifestError: it is no YAML, too long, empty, or has a key twice.
    """
    if len(text) > _LONGEST:
        raise found.ManifestError([found.Finding(path=(), message="The file is longer than 2 MiB.", file=file)])
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise found.ManifestError([_syntax(error, file)]) from error
    if root is None:
        raise found.ManifestError([found.Finding(path=(), message="The file is empty.", file=file)])
    if doubled := _doubled_keys(root, (), file, set()):
        raise found.ManifestError(doubled)
    return Source(file=file, data=data, root=root)


def _syntax(error: yaml.YAMLError, file: str) -> found.Finding:
    message = f"This is not YAML: {error}."
    line = None
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        message = f"This is not YAML: {error.problem or error.context}."
        line = error.problem_mark.line + 1
    return found.Finding(path=(), message=message, suggestion=_advice(message), file=file, line=line)


def _advice(message: str) -> str:
    if "\\t" in message:
        return "YAML is indented by spaces, never by tabs."
    if "mapping values are not allowed" in message:
        return "A value that contains “: ” needs quotes around it."
    return "Check the indentation and the quotes of this line and the one before."


def _pairs(node: yaml.MappingNode) -> list[tuple[yaml.Node, yaml.Node]]:
    return cast("list[tuple[yaml.Node, yaml.Node]]", node.value)


def _items(node: yaml.SequenceNode) -> list[yaml.Node]:
    return cast("list[yaml.Node]", node.value)


def _inside(node: yaml.Node, part: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in _pairs(node) if key.value == str(part)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(_items(node)):
        return _items(node)[part]
    return None


def _lines_into(node: yaml.ScalarNode, line: int) -> int:
    """Count the lines from the node's start to a line of its value; a block begins below its `|`."""
    return line if node.style in ("|", ">") else line - 1


def _doubled_keys(node: yaml.Node, path: found.Path, file: str, seen: set[int]) -> list[found.Finding]:
    if id(node) in seen:
        return []
    seen.add(id(node))
    doubled: list[found.Finding] = []
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(_items(node)):
            doubled += _doubled_keys(item, (*path, index), file, seen)
    if isinstance(node, yaml.MappingNode):
        keys: set[str] = set()
        for key, value in _pairs(node):
            place = (*path, str(key.value))
            if str(key.value) in keys:
                line = key.start_mark.line + 1
                doubled.append(found.Finding(path=place, message="This key is here twice.", file=file, line=line))
            keys.add(str(key.value))
            doubled += _doubled_keys(value, place, file, seen)
    return doubled
