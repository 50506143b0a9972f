"""The model and the rules touch neither clock nor chance, in any spelling."""

import ast

from tests.support.source import ROOT, attributes, modules, references, relative, tree_of

READS_THE_WORLD = {"now", "utcnow", "today", "fromtimestamp", "localtime", "uuid1", "uuid4"}
MODULES_OF_CHANCE = ("random", "secrets", "uuid", "time")


def impurities(tree: ast.Module) -> list[tuple[int, str]]:
    """Line and name of everything in the tree that reads a clock or makes chance."""
    found = [(line, f".{name}") for line, name in attributes(tree) if name in READS_THE_WORLD]
    found += [(line, name) for line, name in references(tree) if name.partition(".")[0] in MODULES_OF_CHANCE]
    return sorted(set(found))


def test_model_and_rules_are_pure() -> None:
    """`now` is an argument: nothing under model/ and rules/ asks for the time or for chance."""
    found = [
        f"{relative(path)}:{line}: {name}"
        for path in modules(ROOT / "gateway/model", ROOT / "gateway/rules")
        for line, name in impurities(tree_of(path))
    ]

    assert found == []


def test_an_impure_line_is_found() -> None:
    """The check sees a clock behind an alias, and lets a plain attribute pass."""
    impure = ast.parse("from datetime import datetime as d\nimport random\nd.now()\nx = state.position\n")

    assert impurities(impure) == [(2, "random"), (3, ".now")]
