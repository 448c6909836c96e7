"""Check the rules of the house that no linter knows; prints each breach and ends with 1 where there are any.

Modules have at most 400 lines and functions 40; names say an idea; every waiver names its rule and its reason; catching
everything is for the edges of loops; SQL is in `store.py`. A line that has to break a rule says so: `# house: WHY`.
"""

import ast
import sys
from collections.abc import Callable, Iterator, Sequence

import code_facts

MODULE_CEILING = 400
FUNCTION_CEILING = 40
VAGUE = frozenset({"utils", "util", "helpers", "helper", "common", "misc", "tools", "functions"})

ROOMS_WITH_STORES = ("src/tenantry/portal/", "src/tenantry/provisioner/")
MAY_SPEAK_SQL = ("store.py", "tables.py", "schema.py", "database.py", "/migrations/", "/adapters/")
LISTS = ("/migrations/versions/",)
"""Modules that are one long list by nature."""
ESCAPE = "# house: "
_STATEMENTS = frozenset({"select", "insert", "update", "delete", "text"})

Rule = Callable[[code_facts.Module], Iterator[str]]


def sizes(module: code_facts.Module) -> Iterator[str]:
    """One module is one idea, and a function is read at a glance."""
    if any(part in module.name for part in LISTS):
        return
    if module.length > MODULE_CEILING:
        yield f"{module.name}: {module.length} lines; the ceiling is {MODULE_CEILING}"
    for function in module.functions():
        lines = code_facts.length(function)
        if lines > FUNCTION_CEILING:
            where = f"{module.name}:{function.lineno}"
            yield f"{where}: {function.name} has {lines} lines; the ceiling is {FUNCTION_CEILING}"


def names(module: code_facts.Module) -> Iterator[str]:
    """A module's name says its idea."""
    vague = VAGUE.intersection((module.path.stem, module.path.parent.name)) if "src/" in module.name else set[str]()
    for word in sorted(vague):
        yield f"{module.name}: “{word}” names no idea"


def waivers(module: code_facts.Module) -> Iterator[str]:
    """Whoever waives a rule says which and why."""
    for waiver in module.waivers():
        if not waiver.has_code:
            yield f"{module.name}:{waiver.line}: a waiver names its rule"
        if not waiver.has_reason:
            yield f"{module.name}:{waiver.line}: a waiver gives its reason after “ - ”"


def catches(module: code_facts.Module) -> Iterator[str]:
    """Catching everything is for the edges of loops, where a comment says so, and for cleaning up before it goes on."""
    lines = module.text.splitlines()
    for number in module.broad_catches():
        if not any("loop edge" in line.lower() for line in lines[number - 2 : number + 1]):
            yield f"{module.name}:{number}: catches everything; only a loop edge may, and says so in a comment"


def statements(module: code_facts.Module) -> Iterator[str]:
    """SQL is in the store, so that what is asked of the database can be read in one place."""
    if not module.name.startswith(ROOMS_WITH_STORES) or any(part in module.name for part in MAY_SPEAK_SQL):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and _is_statement(node.func):
            yield f"{module.name}:{node.lineno}: SQL belongs into a store.py"


RULES: tuple[Rule, ...] = (sizes, names, waivers, catches, statements)


def breaches(modules: Sequence[code_facts.Module]) -> list[str]:
    """Return every breach of every rule."""
    found = [(module, breach) for module in modules for rule in RULES for breach in rule(module)]
    return [breach for module, breach in found if not _is_excused(module, breach)]


def main() -> int:
    """Check the house and return an exit code."""
    found = breaches(code_facts.modules("src", "tests", "tools"))
    for breach in found:
        print(breach)
    return 1 if found else 0


def _is_excused(module: code_facts.Module, breach: str) -> bool:
    number = breach.removeprefix(f"{module.name}:").partition(":")[0]
    return number.isdecimal() and ESCAPE in module.text.splitlines()[int(number) - 1]


def _is_statement(called: ast.expr) -> bool:
    return (
        isinstance(called, ast.Attribute)
        and called.attr in _STATEMENTS
        and isinstance(called.value, ast.Name)
        and called.value.id in {"sa", "sqlalchemy", "sql", "postgresql"}
    )


if __name__ == "__main__":
    sys.exit(main())
