"""The plugin that a command is about: one that is installed, by its name, or one in a folder, by its path."""

import os
from pathlib import Path
from typing import Any

from gateway.cli.failures import USAGE, Failed
from gateway.cli.table import clean
from gateway.connectors import BUILTIN
from gateway.daemon.setup import plugins_here
from gateway.kernel.problems import did_you_mean
from gateway.testing.find import NotFound, in_folder, installed


def the_plugin(what: str) -> Any:
    """The connector's class. What has a `/` in it, or is a folder with a pyproject.toml, is a path. Raises Failed."""
    path = Path(what)
    try:
        if what in (".", "..") or os.sep in what or (path / "pyproject.toml").is_file():
            return in_folder(path).kind
        return installed(what, BUILTIN).kind
    except NotFound as error:
        known = sorted(plugins_here().connectors)
        hint = did_you_mean(what, known).lstrip("; ") or clean(error.hint)
        raise Failed(USAGE, clean(str(error))[:500], hint) from None
