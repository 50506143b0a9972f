"""Modules and functions stay small enough to be read at one sitting."""

import ast

from tests.support.source import modules, relative, tree_of

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70


def long_functions(tree: ast.Module) -> list[tuple[str, int]]:
    """Name and number of lines of every function that is too long."""
    return [
        (node.name, lines)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]


def test_modules_are_short() -> None:
    """No module has more than 400 lines."""
    lengths = {relative(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}

    assert {name: lines for name, lines in lengths.items() if lines > MODULE_LINES_MAX} == {}


def test_functions_are_short() -> None:
    """No function has more than 70 lines."""
    found = [
        f"{relative(path)}: {name} has {lines}" for path in modules() for name, lines in long_functions(tree_of(path))
    ]

    assert found == []


def test_a_long_function_is_found() -> None:
    """71 lines are one too many, 70 are not."""
    body = "\n".join("    pass" for _ in range(FUNCTION_LINES_MAX - 1))
    tree = ast.parse(f"def fits():\n{body}\n\ndef grown():\n{body}\n    pass\n")

    assert long_functions(tree) == [("grown", FUNCTION_LINES_MAX + 1)]
