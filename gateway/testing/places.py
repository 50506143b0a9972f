"""Where in a connector's source something is: file and line of a class, of a method, or of what raised."""

import inspect
import os
import sys
import traceback
from pathlib import Path
from types import CodeType
from typing import Any


def package_folder(kind: type) -> Path:
    """The folder of the connector's own package, or that of its module where it has none, or is the gateway's."""
    top = kind.__module__.partition(".")[0]
    inside = None if top == "gateway" else getattr(sys.modules.get(top), "__file__", None)
    inside = inside or inspect.getsourcefile(kind) or "."
    return Path(inside).resolve().parent


def where(kind: type, *names: str) -> str:
    """File and line of the first of these members that has a source, else of the class itself."""
    for name in names:
        member = inspect.getattr_static(kind, name, None)
        function = getattr(member, "__func__", member)
        code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
        if isinstance(code, CodeType):
            return f"{_short(code.co_filename)}:{code.co_firstlineno}"
    try:
        return f"{_short(inspect.getsourcefile(kind) or '?')}:{inspect.getsourcelines(kind)[1]}"
    except (OSError, TypeError):
        return f"{kind.__module__}.{kind.__qualname__}"


def where_raised(kind: type, error: BaseException, *names: str) -> str:
    """File and line in the connector's package that an exception came through last; else as `where`."""
    folder = package_folder(kind)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).resolve().is_relative_to(folder):
            return f"{_short(frame.filename)}:{frame.lineno}"
    return where(kind, *names)


def told(error: BaseException, most: int = 200) -> str:
    """An exception in a few words."""
    words: Any = " ".join(str(error).split())
    return f"{type(error).__name__}: {words[:most]}" if words else type(error).__name__


def _short(path: str) -> str:
    """The path from here, where it lies below."""
    near = os.path.relpath(path)
    return path if near.startswith("..") else near
