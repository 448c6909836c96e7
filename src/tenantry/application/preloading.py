"""Which programs can be loaded before it is known whose they are: Python modules, run by the package's own Python.

A command is understood where it says `{{ package.bin }}/python`, options of the interpreter, `-m`, the module, and its
arguments; then the module's imports can be done in advance by a process that runs the module later.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonProgram:
    """A command that runs a module.

    Attributes:
        interpreter: the path of Python.
        options: the interpreter's own.
        module: what follows `-m`.
        arguments: the module's.
    """

    interpreter: str
    options: tuple[str, ...]
    module: str
    arguments: tuple[str, ...]


def split(command: Sequence[str]) -> PythonProgram | None:
    """Return the parts of a command, templates or filled in; None where it does not run a module of the package."""
    interpreter, *rest = command
    if not interpreter.endswith("/python") or "-m" not in rest:
        return None
    at = rest.index("-m")
    options, module = rest[:at], rest[at + 1 : at + 2]
    if not module or "{{" in module[0] or any(not _is_flag(each) for each in options):
        return None
    return PythonProgram(
        interpreter=interpreter, options=tuple(options), module=module[0], arguments=tuple(rest[at + 2 :])
    )


def _is_flag(option: str) -> bool:
    """Tell whether an option stands for itself: letters after one hyphen, none of which takes the next word."""
    return option.startswith("-") and option[1:].isalpha() and not {"c", "m", "W", "X"} & set(option)
