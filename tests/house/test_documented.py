"""Whoever reads a public name is told its rule on the spot.

Every module, public class, public function and public method has a docstring, but for two cases in which it stands
elsewhere: a method that a Protocol of the core asks for is documented there, and an event (a class with a `tag`) is
documented as a row of docs/reference/events.md, which a test of its own compares.
"""

import ast
from collections.abc import Iterator

from tests.support.source import ROOT, modules, relative, tree_of

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def undocumented(tree: ast.Module, promised: frozenset[str]) -> list[str]:
    """Names without a docstring; `promised` are the methods that a Protocol documents."""
    missing = [] if ast.get_docstring(tree) else ["(module)"]
    for node, owner in _public(tree):
        told_elsewhere = node.name in promised if owner else isinstance(node, ast.ClassDef) and _is_event(node)
        if not ast.get_docstring(node) and not told_elsewhere and not _is_second_face(node):
            missing.append(f"{owner}.{node.name}" if owner else node.name)
    return missing


def _public(tree: ast.Module) -> Iterator[tuple[Definition, str]]:
    for node in tree.body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield node, ""
            if isinstance(node, ast.ClassDef):
                for inner in node.body:
                    if isinstance(inner, Definition) and not inner.name.startswith("_"):
                        yield inner, node.name


def _is_event(node: ast.ClassDef) -> bool:
    return any(keyword.arg == "tag" for keyword in node.keywords)


def _is_second_face(node: Definition) -> bool:
    """Whether it is an overload or a setter: the first face has the docstring."""
    ends = {ast.unparse(decorator).rpartition(".")[2] for decorator in node.decorator_list}
    return bool(ends & {"overload", "setter"})


def promised_methods(trees: list[ast.Module]) -> frozenset[str]:
    """The methods that Protocols document."""
    return frozenset(
        inner.name
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base).startswith("Protocol") for base in node.bases)
        for inner in node.body
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(inner)
    )


def test_public_names_are_documented() -> None:
    """Every module, public class, public function and public method says its rule."""
    promised = promised_methods([tree_of(path) for path in modules(ROOT / "gateway")])
    found = [f"{relative(path)}: {name}" for path in modules() for name in undocumented(tree_of(path), promised)]

    assert found == []


def test_a_name_without_a_docstring_is_found() -> None:
    """A module, a class, a function and a method are each found; private ones and promised methods are not."""
    tree = ast.parse(
        "class Seen:\n"
        "    def told(self): ...\n"
        "    def untold(self): ...\n"
        "    def _own(self): ...\n"
        "class Happened(Base, tag='happened'): ...\n"
        "def act(): ...\n"
        "def _help(): ...\n"
    )
    port = ast.parse("class Port(Protocol):\n    def told(self):\n        'Say it.'\n")

    promised = promised_methods([port])

    assert frozenset({"told"}) == promised
    assert undocumented(tree, promised) == ["(module)", "Seen", "Seen.untold", "act"]
