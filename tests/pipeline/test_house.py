"""How the program is laid out: rooms (a folder or module right below `pipeline` and `dashboard`) take from rooms below
them alone, imports within functions counted in."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2]


def modules(base: str) -> dict[str, Path]:
    """The modules of a package by name."""
    found = {}
    for file in sorted((HOME / base).rglob("*.py")):
        found[".".join(file.relative_to(HOME).with_suffix("").parts).removesuffix(".__init__")] = file
    return found


EVERY = {**modules("pipeline"), **modules("dashboard")}


def taken(tree: ast.AST) -> Iterator[str]:
    """The modules of ours that one imports, but for names of types alone."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            whole = (f"{node.module}.{one.name}" for one in node.names)
            yield from (one if one in EVERY else node.module for one in whole)
        elif isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        else:
            yield from taken(node)


@pytest.fixture(scope="module")
def arrows() -> dict[str, set[str]]:
    """Module → the modules of ours that it takes from."""
    return {name: set(taken(ast.parse(file.read_text()))) & EVERY.keys() for name, file in EVERY.items()}


def circle(arrows: dict[str, set[str]]) -> list[str]:
    """Some that take from one another in a circle; none where there is no circle."""
    try:
        TopologicalSorter(arrows).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def room(module: str) -> str:
    return ".".join(module.split(".")[:2])


def test_the_pipeline_knows_nothing_of_the_dashboard_but_where_commands_of_both_are_joined(arrows):
    assert [name for name, below in arrows.items() if name.startswith("pipeline") and any(one.startswith("dashboard") for one in below)] == [
        "pipeline.__main__"
    ]


def test_no_modules_and_no_rooms_take_from_one_another_in_a_circle(arrows):
    assert circle(arrows) == []
    rooms: dict[str, set[str]] = {}
    for name, below in arrows.items():
        if "." in name:  # the packages' own heads stand above all rooms
            rooms.setdefault(room(name), set()).update(room(one) for one in below if "." in one and room(one) != room(name))
    assert circle(rooms) == []
