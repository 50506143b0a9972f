"""Finds the plugin in a folder that isn't installed: what its pyproject.toml declares, imported from there."""

import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from gateway.plugin.manager import Broken, Plugins, find_plugins
from gateway.plugin.spec import PROJECT

_BYTES_MAX = 1024 * 1024


class NoPlugin(Exception):
    """Why a folder holds no plugin, in words for its author."""


def plugins_in(folder: Path) -> Plugins:
    """The connectors of a distribution's folder, as they would be found once it is installed. Raises NoPlugin.

    The folder (or its `src`) comes first on the path of imports from then on.
    """
    points = [EntryPoint(name, value, PROJECT) for name, value in _declared(folder / "pyproject.toml").items()]
    source = (folder / "src" if (folder / "src").is_dir() else folder).resolve()
    if str(source) not in sys.path:
        sys.path.insert(0, str(source))
    found = find_plugins({}, points)
    for name, kind in list(found.connectors.items()):
        file = getattr(sys.modules.get(kind.__module__), "__file__", None)
        if file is None or not Path(file).resolve().is_relative_to(source):
            del found.connectors[name]
            found.broken.append(Broken(name, f"{kind.__module__} comes from elsewhere, not from this folder"))
    return found


def _declared(path: Path) -> dict[str, str]:
    """The entry points of the gateway's group."""
    try:
        with path.open("rb") as file:
            content = file.read(_BYTES_MAX + 1)
        found: Any = tomllib.loads(content.decode("utf-8"))
    except OSError as error:
        raise NoPlugin(f"{path}: {error.strerror or 'it cannot be read'}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NoPlugin(f"{path}: {error}") from None
    for key in ("project", "entry-points", PROJECT):
        found = found.get(key) if isinstance(found, dict) else None
    if not isinstance(found, dict) or not found or not all(isinstance(value, str) for value in found.values()):
        raise NoPlugin(f'{path}: it declares no plugin: write [project.entry-points.{PROJECT}] and `NAME = "MODULE"`')
    return dict(found)
