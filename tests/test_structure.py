"""The shape of the code: what a reader has to hold in mind at once stays small, and a name means one thing."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

from tests.places import ROOT

PACKAGES = ("grid", "carbon", "optimizer", "app")
MOST_LINES = 350
MOST_LINES_OF_A_BODY = 40
MOST_MODULES = 15
SHARED_NAMES = {"main", "content", "register"}
"""What every page and every program calls the same thing."""
GATHERERS = {"VariantFaults"}
"""Dataclasses that are filled one by one and passed on as what they have gathered."""
NAMED_AS_COMMANDS = "app/commands/"
"""A command's function has the name that is typed, which may be that of the function it calls."""

MODULES = sorted(path for folder in (*PACKAGES, "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py"))


@cache
def trees() -> dict[str, ast.Module]:
    """The syntax tree of each module, read once and not before a test asks."""
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}


def test_modules_are_short() -> None:
    lines = {place: len((ROOT / place).read_text(encoding="utf-8").splitlines()) for place in trees()}
    assert {place: n for place, n in lines.items() if n > MOST_LINES} == {}


def test_function_bodies_are_short() -> None:
    bodies = {f"{place}:{node.name}": lines_of_body(node) for place, node in functions()}
    assert {place: n for place, n in bodies.items() if n > MOST_LINES_OF_A_BODY} == {}


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for place, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield place, node


def lines_of_body(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from the first statement after the docstring to the last."""
    statements = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (function.end_lineno or 0) - statements[0].lineno + 1 if statements else 0


def test_folders_hold_few_modules() -> None:
    counts: dict[Path, int] = defaultdict(int)
    for path in MODULES:
        counts[path.parent.relative_to(ROOT)] += path.name != "__init__.py"
    assert {str(folder): n for folder, n in counts.items() if n > MOST_MODULES} == {}


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    TopologicalSorter(imports).prepare()  # raises CycleError with the modules in a cycle


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_and_module_says_what_it_is(package: str) -> None:
    assert [p for p, tree in trees().items() if p.startswith(f"{package}/") and not ast.get_docstring(tree)] == []
    folders = {path.parent for path in (ROOT / package).rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_a_class_has_a_name_of_its_own() -> None:
    found: dict[str, list[str]] = defaultdict(list)
    for place, tree in trees().items():
        if place.startswith(PACKAGES):
            for node in tree.body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    found[node.name].append(place)
    assert {name: places for name, places in found.items() if len(places) > 1} == {}


def test_what_is_passed_on_cannot_be_changed() -> None:
    """Public dataclasses are frozen, except what gathers."""
    found = [
        f"{place}:{node.name}"
        for place, tree in trees().items()
        if place.startswith(PACKAGES)
        for node in tree.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and node.name not in GATHERERS
        for decorator in map(ast.unparse, node.decorator_list)
        if decorator.startswith("dataclass") and "frozen=True" not in decorator
    ]
    assert found == []
