"""The plugin that a command is about: one that is installed, by its name, or one in a folder, by its path."""

import os
from pathlib import Path
from typing import Any

from gateway.cli.failures import FOUND, USAGE, Failed
from gateway.cli.table import clean
from gateway.daemon.setup import plugins_here
from gateway.kernel.problems import did_you_mean
from gateway.plugin.folder import NoPlugin, plugins_in
from gateway.plugin.manager import Plugins


def the_plugin(what: str) -> Any:
    """The connector's class. What has a `/` in it, or is a folder with a pyproject.toml, is a path. Raises Failed."""
    path = Path(what)
    if what in (".", "..") or os.sep in what or (path / "pyproject.toml").is_file():
        return _in_folder(path)
    found = plugins_here()
    if what in found.connectors:
        return found.connectors[what]
    _refuse_broken(found, what)
    hint = did_you_mean(what, found.connectors) or f"; installed: {', '.join(sorted(found.connectors))}"
    raise Failed(USAGE, f"no plugin {what[:60]!r} is installed{hint}", "a path to its folder works too: `.`")


def _in_folder(path: Path) -> Any:
    try:
        found = plugins_in(path)
    except NoPlugin as error:
        raise Failed(USAGE, clean(str(error)), "give the folder of the plugin's pyproject.toml, or its name") from None
    _refuse_broken(found)
    if len(found.connectors) > 1:
        names = ", ".join(sorted(found.connectors))
        raise Failed(USAGE, f"{path} has several connectors: {names}", "install it, and give the name of one")
    return next(iter(found.connectors.values()))


def _refuse_broken(found: Plugins, name: str | None = None) -> None:
    for broken in found.broken:
        if name in (None, broken.name):
            raise Failed(FOUND, f"the plugin {clean(broken.name)} can't be used: {clean(broken.reason)}")
