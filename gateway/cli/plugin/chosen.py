"""The plugin that a command is about: one that is installed, by its name, or one in a folder, by its path."""

import os
from pathlib import Path
from typing import Any

from gateway.cli.failures import USAGE, Failed
from gateway.cli.table import clean
from gateway.connectors import BUILTIN
from gateway.daemon.setup import plugins_here
from gateway.kernel.problems import did_you_mean
from gateway.testing import Sort, Subject
from gateway.testing.find import NotFound, in_folder, installed


def the_plugin(what: str, sort: Sort | None = "connector") -> Any:
    """The class of a connector or an enricher. Raises Failed."""
    return the_subject(what, "", sort).kind


def the_subject(what: str, name: str = "", sort: Sort | None = None) -> Subject:
    """The class, and what lies around it. What has a `/` in it, or is a folder with a pyproject.toml, is a path; `name`
    chooses one of several there. Without a `sort` it is the connector where there is one. Raises Failed."""
    path = Path(what)
    try:
        if what in (".", "..") or os.sep in what or (path / "pyproject.toml").is_file():
            return in_folder(path, name, sort)
        return installed(what, BUILTIN, sort)
    except NotFound as error:
        found = plugins_here()
        known = sorted(found.enrichers if sort == "enricher" else found.connectors)
        hint = did_you_mean(what, known).lstrip("; ") or clean(error.hint)
        raise Failed(USAGE, clean(str(error))[:500], hint) from None
