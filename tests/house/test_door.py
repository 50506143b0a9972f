"""`gateway.plugin` is the door: all that a connector needs is in it, in order, and a connector needs nothing else."""

import ast
from pathlib import Path

import gateway.plugin
from tests.support.source import ROOT, modules, packages, relative, tree_of

DOOR = "gateway.plugin"


def given(tree: ast.Module) -> set[str]:
    """The public names that a module imports or defines."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
    return {name for name in names if not name.startswith("_")}


def ways_round(tree: ast.Module, own: str) -> list[tuple[int, str]]:
    """Line and module of every import of the core that is neither the door itself nor the package's own."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module != "gateway":
            found.append((node.lineno, node.module or "."))
        elif isinstance(node, ast.ImportFrom):
            found += [(node.lineno, f"gateway.{alias.name}") for alias in node.names]
    return [
        (line, name)
        for line, name in found
        if name.partition(".")[0] == "gateway" and name != DOOR and name != own and not name.startswith(f"{own}.")
    ]


def connectors() -> list[tuple[Path, str]]:
    """Every module of a connector, the built-in ones included, with the dotted name of its package."""
    built_in = [(path, "gateway.connectors") for path in modules(ROOT / "gateway/connectors")]
    return built_in + [(path, folder.name) for folder in packages()[1:] for path in modules(folder)]


def test_the_door_lists_its_names_in_order() -> None:
    """`__all__` has constants, classes, functions, each by the alphabet; no name twice, and each name is there."""
    listed = list(gateway.plugin.__all__)

    assert sorted(set(listed), key=lambda name: (not name.isupper(), not name[0].isupper(), name)) == listed
    assert [name for name in listed if not hasattr(gateway.plugin, name)] == []


def test_the_door_lists_all_that_it_gives() -> None:
    """What the door's module imports is meant for connectors, so it is listed."""
    assert set(gateway.plugin.__all__) == given(tree_of(ROOT / "gateway/plugin/__init__.py"))


def test_connectors_use_the_door_only() -> None:
    """Ours live by the outsiders' rules."""
    found = [
        f"{relative(path)}:{line}: {name}"
        for path, own in connectors()
        for line, name in ways_round(tree_of(path), own)
    ]

    assert found == []


def test_the_door_alone_is_enough_for_its_users() -> None:
    """Every name that a connector takes from the door is listed there, so none is an accident of our imports."""
    taken = {
        alias.name
        for path, _ in connectors()
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ImportFrom) and node.module == DOOR
        for alias in node.names
    }

    assert set() == taken - set(gateway.plugin.__all__)


def test_a_way_round_the_door_is_found() -> None:
    """An import of the model or of what lies behind the door is found; one of the door or of the own package is not."""
    tree = ast.parse(
        "from gateway.plugin import Record\n"
        "from gateway.model.event import Event\n"
        "import gateway.plugin.manager\n"
        "from gateway import kernel, plugin\n"
        "from gateway.connectors import body\n"
    )

    assert ways_round(tree, "gateway.connectors") == [
        (2, "gateway.model.event"),
        (3, "gateway.plugin.manager"),
        (4, "gateway.kernel"),
    ]
    assert given(ast.parse("from gateway.plugin import Record as R, _own\nclass Kept: ...\n")) == {"R", "Kept"}
