"""Finds the class that somebody names: in a folder with a pyproject.toml, or of an installed plugin."""

import importlib
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from gateway.plugin.manager import Plugins, find_plugins
from gateway.plugin.spec import PROJECT
from gateway.testing.check import Sort
from gateway.testing.places import package_folder
from gateway.testing.subject import Subject, kit_file

SAMPLES = Path("tests") / "samples"


class NotFound(Exception):
    """There is no such class; `hint` says what to do."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.hint = hint


def in_folder(folder: Path, name: str = "", sort: Sort | None = None) -> Subject:
    """The class of a distribution's folder: what the entry points of its pyproject.toml register. Raises NotFound.

    Its package is taken from this folder, also where another copy is installed. `name` chooses one of several; without
    a `sort` it is a connector, if there is any.
    """
    folder = folder.resolve()
    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFound(f"{folder} has no pyproject.toml", "name the folder of a plugin, or an installed one") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise NotFound(f"{folder / 'pyproject.toml'} can't be read: {error}") from None
    points = project.get("project", {}).get("entry-points", {}).get(PROJECT, {})
    if not isinstance(points, dict) or not points:
        hint = f'add [project.entry-points.{PROJECT}] with a line such as mine = "gateway_mine"'
        raise NotFound(f"{folder.name} registers no plugin", hint)
    for value in points.values():
        _make_importable(folder, str(value).partition(":")[0])
    found = find_plugins({}, [EntryPoint(str(key), str(value), PROJECT) for key, value in points.items()])
    if found.broken and not found.connectors and not found.enrichers:
        raise NotFound(f"{found.broken[0].name} can't be used: {found.broken[0].reason}")
    return _subject(_chosen(found, name, sort), folder)


def installed(name: str, builtin: Any = None, sort: Sort | None = None) -> Subject:
    """An installed connector or enricher, by its plugin's name. Raises NotFound."""
    found = find_plugins(builtin or {})
    broken = {left.name: left.reason for left in found.broken}
    if name in broken:
        raise NotFound(f"{name} can't be used: {broken[name]}")
    kind = _chosen(found, name, sort)
    package = package_folder(kind)
    above = next((path for path in (package, *package.parents[:2]) if (path / "pyproject.toml").is_file()), None)
    return _subject(kind, above)


def _subject(kind: Any, folder: Path | None) -> Subject:
    samples = None if folder is None else _samples(folder, str(getattr(kind, "plugin", "")))
    said = kit_file(samples)
    try:
        return Subject(kind, samples, folder, said.get("excuses", {}), said.get("settings"))
    except ValueError as error:
        raise NotFound(f"tests/kit.toml: {error}") from None


def _samples(folder: Path, plugin: str) -> Path:
    """Where samples are: of several plugins in a distribution each may have a folder of its own, with its kit.toml."""
    own = folder / "tests" / plugin / "samples"
    return own if plugin and own.is_dir() else folder / SAMPLES


def _chosen(found: Plugins, name: str, sort: Sort | None) -> Any:
    connectors: dict[str, Any] = dict(found.connectors)
    enrichers: dict[str, Any] = dict(found.enrichers)
    if sort is None:
        only = name in enrichers and name not in connectors if name else not connectors and bool(enrichers)
        sort = "enricher" if only else "connector"
    kinds = connectors if sort == "connector" else enrichers
    if name and name not in kinds:
        raise NotFound(f"no {sort} {name[:100]!r} is there", f"there are {', '.join(sorted(kinds)) or 'none'}")
    if not name and len(kinds) != 1:
        raise NotFound(f"there are {len(kinds)} {sort}s", f"name one: {', '.join(sorted(kinds))}")
    return kinds[name or next(iter(kinds))]


def _make_importable(folder: Path, module: str) -> None:
    """Let a module be found in its folder first: beside pyproject.toml, or under src."""
    top = module.partition(".")[0]
    for place in (folder, folder / "src"):
        if (place / top).is_dir() or (place / f"{top}.py").is_file():
            if str(place) not in sys.path:
                sys.path.insert(0, str(place))
            loaded = sys.modules.get(top)
            if loaded is not None and not str(getattr(loaded, "__file__", "")).startswith(str(place)):
                for name in [name for name in sys.modules if name == top or name.startswith(f"{top}.")]:
                    del sys.modules[name]
            importlib.invalidate_caches()
            return
