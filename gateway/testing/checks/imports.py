"""Checks that nothing happens before the gateway asks for it: neither at import nor in the constructor."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from gateway.testing.check import BOTH, Unmet, check
from gateway.testing.places import package_folder, where
from gateway.testing.settings import validated
from gateway.testing.subject import Subject
from gateway.testing.watch import watched

IMPORT_WITHIN_S: Final = 30.0
_DOOR: Final = ("gateway.plugin", "gateway.testing")


@check("import-quiet", "Importing it touches nothing", level="bronze", of=BOTH)
def import_quiet(subject: Subject) -> None:
    """Importing the package opens no socket, writes no file, starts no thread or process, reads neither environment nor
    clock nor chance, and ends.

    Why: every command of the gateway imports every plugin; what one does at import, all of them suffer.
    Mend: move what happens at module level into the method that needs it; constants may stay.
    """
    module = subject.kind.__module__
    folder = package_folder(subject.kind)
    names = [module.rpartition(".")[0] or module, module]
    outside = folder.parent if (folder / "__init__.py").is_file() else folder
    paths = [str(outside), *(path for path in sys.path if path)]
    command = [sys.executable, "-B", "-m", "gateway.testing.imported", names[-1], str(folder)]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONWARNINGS": "ignore"}
    try:
        ended = subprocess.run(  # noqa: S603 - our own interpreter
            command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, timeout=IMPORT_WITHIN_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise Unmet(f"importing {module} didn't end within {IMPORT_WITHIN_S:g} s", where=where(subject.kind)) from None
    if ended.returncode:
        last = ended.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["it ended without a word"]
        raise Unmet(f"{module} can't be imported alone: {last[0][:200]}", where=where(subject.kind))
    touched = json.loads(ended.stdout.decode().strip().splitlines()[-1])
    if touched:
        raise Unmet(
            f"importing {module} touches {'; '.join(touched[:3])}", where=_place(touched[0]) or where(subject.kind)
        )


@check("import-door", "It imports nothing of the gateway but the door", level="bronze", of=BOTH)
def import_door(subject: Subject) -> None:
    """Of the gateway, the package imports `gateway.plugin` only.

    Why: what lies behind the door changes without notice; what is in it doesn't.
    Mend: import the name from `gateway.plugin`; if it isn't there, ask for it.
    """
    folder = package_folder(subject.kind)
    for path in sorted(folder.rglob("*.py")):
        if any(part in ("tests", ".venv", "build") for part in path.relative_to(folder).parts):
            continue
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError):
            continue
        if (line := _way_round(tree, subject.kind.__module__)) is not None:
            raise Unmet(f"it imports {line[1]}", where=f"{path}:{line[0]}")


@check("constructor-quiet", "Making one touches nothing", level="bronze", of=BOTH)
def constructor_quiet(subject: Subject) -> None:
    """The constructor reads no file, clock, chance or environment and opens nothing; making settings doesn't either.

    Why: they are made to be listed, checked and tested, often by dozens and without a network.
    Mend: keep what `settings` and `context` hold; do the rest in the methods that are awaited.
    """
    subject.made()  # what is loaded at first use is loaded now
    settings = validated(subject.kind, subject.given)
    context = subject.context(settings)
    if touched := watched(lambda: subject.kind("kit", settings, context)):
        raise Unmet(
            f"the constructor touches {touched[0]}", where=_place(touched[0]) or where(subject.kind, "__init__")
        )


def _way_round(tree: ast.Module, own: str) -> tuple[int, str] | None:
    """Line and name of the first import of the gateway's inside; modules of `own` package are its own."""
    package = own.rpartition(".")[0] or own
    for node in ast.walk(tree):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif node.level == 0:
            names = (
                [f"gateway.{alias.name}" for alias in node.names] if node.module == "gateway" else [node.module or ""]
            )
        for name in names:
            if name.partition(".")[0] == "gateway" and name not in _DOOR and not f"{name}.".startswith(f"{package}."):
                return node.lineno, name
    return None


def _place(touched: str) -> str:
    """File and line out of what the watcher says."""
    place = touched.rpartition(" at ")[2]
    return place if Path(place.rpartition(":")[0]).is_file() else ""
