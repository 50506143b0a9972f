"""The project's own source, for tests about it: files, syntax trees, and the dotted names that code refers to."""

import ast
import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MADE = {".git", ".peers", ".venv", "build", "dist", "mutants", "__pycache__"}
"""Folders that hold what was made from the source, or something else than source."""


def packages() -> list[Path]:
    """The folders of all packages: the core's, and each plugin's."""
    return [ROOT / "gateway", *sorted(path.parent for path in (ROOT / "plugins").glob("*/gateway_*/__init__.py"))]


def modules(*folders: Path) -> list[Path]:
    """Every Python file under the given folders; under all packages when none is given."""
    return sorted(path for folder in folders or packages() for path in folder.rglob("*.py"))


def written(*suffixes: str) -> list[Path]:
    """Every file with such an ending that somebody wrote."""
    found: list[Path] = []
    for folder, within, names in os.walk(ROOT):
        # In place, so that nobody walks through the thousands of files that were installed or made.
        within[:] = [name for name in within if not (name in MADE or name.endswith("_cache") or name == ".hypothesis")]
        found += [Path(folder, name) for name in names if Path(name).suffix in suffixes and name not in MADE]
    return sorted(found)


def relative(path: Path) -> str:
    """The path as people name it: from the project's root."""
    return path.relative_to(ROOT).as_posix()


def tree_of(path: Path) -> ast.Module:
    """The file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def references(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of everything imported, and of every use of it: `import time as t; t.time()` gives
    `time` and `time.time`."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                known[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                yield node.lineno, f"{node.module}.{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (name := _dotted(node, known)):
            yield node.lineno, name


def _dotted(node: ast.expr, known: dict[str, str]) -> str:
    if isinstance(node, ast.Name):
        return known.get(node.id, "")
    if isinstance(node, ast.Attribute) and (before := _dotted(node.value, known)):
        return f"{before}.{node.attr}"
    return ""


def attributes(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and name of every `.name` in the tree, whatever stands before it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
