"""The failpoints of the code, found in its source: the list can't be older than the code."""

import ast
from collections.abc import Iterator
from functools import cache

from tests.support.source import ROOT, modules, tree_of

STEPS = ("begun", "before_commit", "committed")
"""The points of a transaction, in the order in which they are passed."""


def named_writes() -> Iterator[tuple[str, str]]:
    """Method and name of every transaction that the store lets its writer do."""
    for path in modules(ROOT / "gateway/store"):
        for method in ast.walk(tree_of(path)):
            if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from ((method.name, _said(call)) for call in ast.walk(method) if _writes(call))


@cache
def transactions() -> tuple[str, ...]:
    """The names of all transactions."""
    return tuple(sorted({name for _, name in named_writes()}))


@cache
def points() -> tuple[str, ...]:
    """The names of all points."""
    reached = {_said(node) for path in modules() for node in ast.walk(tree_of(path)) if _calls(node, "reached")}
    return tuple(sorted(reached | {f"{name}.{step}" for name in transactions() for step in STEPS}))


def _writes(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(attr="write" | "add", value=ast.Attribute(attr="writer"))):
            return True
    return False


def _calls(node: ast.AST, function: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function


def _said(node: ast.AST) -> str:
    """The first argument of a call, which must be a text written there."""
    assert isinstance(node, ast.Call)
    match node.args[0]:
        case ast.Constant(value=str(text)):
            return text
    raise AssertionError(f"line {node.lineno}: a name that is made up while the program runs can't be looked for")
