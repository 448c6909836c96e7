"""Print how the code stands against the budgets of its style. They tell when to think again; they fail nothing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import code_facts

_PATCHES = re.compile(r"\bmonkeypatch\.setattr|\bmock\.|\bpatch\(")
_FUNCTION_CEILING = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One budget and where we are."""

    what: str
    is_now: str
    aim: str


def main() -> None:
    """Print the report: the whole, then each room, then what is longest."""
    source = code_facts.modules("src")
    tests = code_facts.modules("tests")
    print_lines(budgets(source, tests))
    print()
    print_rooms(source)
    print()
    print_longest(source)


def budgets(source: Sequence[code_facts.Module], tests: Sequence[code_facts.Module]) -> list[Line]:
    """Measure source and tests against every budget."""
    return [*size_budgets(source), *waiver_budgets(source), *test_budgets(tests)]


def size_budgets(source: Sequence[code_facts.Module]) -> list[Line]:
    """Measure how long modules and functions are, and how many have types."""
    modules = [each.length for each in source]
    functions = [function for module in source for function in module.functions()]
    lengths = [code_facts.length(each) for each in functions]
    typed = sum(code_facts.is_annotated(each) for each in functions)
    return [
        Line(what="modules, lines", is_now=f"{len(modules)}, {sum(modules)}", aim=""),
        Line(what="module median", is_now=f"{median(modules or [0]):.0f}", aim="≤ 120"),
        Line(what="longest module", is_now=f"{max(modules, default=0)}", aim="≤ 400"),
        Line(what="functions", is_now=f"{len(functions)}", aim=""),
        Line(what="function median", is_now=f"{median(lengths or [0]):.0f}", aim="≤ 7"),
        Line(what="function p90", is_now=f"{code_facts.quantile(lengths, 0.9)}", aim="≤ 20"),
        Line(what="longest function", is_now=f"{max(lengths, default=0)}", aim=f"≤ {_FUNCTION_CEILING}"),
        Line(what="annotated", is_now=f"{100 * typed / max(1, len(functions)):.1f} %", aim="100 %"),
    ]


def waiver_budgets(source: Sequence[code_facts.Module]) -> list[Line]:
    """Measure what was waived, for each thousand lines."""
    thousands = max(1, sum(each.length for each in source)) / 1000
    ignores = sum(len(each.waivers()) for each in source)
    catches = sum(len(each.broad_catches()) for each in source)
    inner = sum(len(each.inner_imports()) for each in source)
    return [
        Line(what="ignores per 1,000 lines", is_now=f"{ignores / thousands:.2f} ({ignores})", aim="≤ 0.5"),
        Line(what="broad catches per 1,000 lines", is_now=f"{catches / thousands:.2f} ({catches})", aim="≤ 0.5"),
        Line(what="inner imports", is_now=f"{inner}", aim="0"),
    ]


def test_budgets(tests: Sequence[code_facts.Module]) -> list[Line]:
    """Measure tests: how many, how long, and how many patches they need."""
    cases = [each for module in tests for each in module.functions() if each.name.startswith("test_")]
    lengths = [code_facts.length(each) for each in cases]
    patches = sum(len(_PATCHES.findall(each.text)) for each in tests)
    return [
        Line(what="tests", is_now=f"{len(cases)}", aim=""),
        Line(what="test median", is_now=f"{median(lengths or [0]):.0f}", aim="≤ 12"),
        Line(what="patches per test", is_now=f"{patches / max(1, len(cases)):.2f} ({patches})", aim="≤ 0.1"),
    ]


def print_lines(lines: Sequence[Line]) -> None:
    """Print the budgets as a table."""
    for line in lines:
        print(f"{line.what:<32}{line.is_now:>16}   {line.aim}".rstrip())


def print_rooms(source: Sequence[code_facts.Module]) -> None:
    """Print the size of each room."""
    rooms = sorted({each.path.relative_to(code_facts.ROOT / "src/tenantry").parts[0] for each in source})
    print(f"{'room':<16}{'modules':>8}{'lines':>8}{'median':>8}{'longest':>9}")
    for room in rooms:
        sizes = [each.length for each in source if f"src/tenantry/{room}" in each.name]
        print(f"{room:<16}{len(sizes):>8}{sum(sizes):>8}{median(sizes):>8.0f}{max(sizes):>9}")


def print_longest(source: Sequence[code_facts.Module]) -> None:
    """Print the functions that are nearest to the ceiling."""
    found = [(code_facts.length(each), module.name, each) for module in source for each in module.functions()]
    for lines, name, function in sorted(found, key=lambda each: -each[0])[:10]:
        print(f"{lines:>4}  {name}:{function.lineno} {function.name}")


if __name__ == "__main__":
    main()
