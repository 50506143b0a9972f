"""A job: a process that plays sites one after another, with one kennel for all of them."""

import os
from pathlib import Path

from tests.crash import flow
from tests.crash.forked import Kennel
from tests.crash.plan import plan
from tests.crash.scene import Scene, Told, play

_here: list[tuple[Path, Kennel]] = []
"""The kennel of this process, and where its plugin is. It ends when this process does."""


def begin(scratch: Path, bug: str) -> None:
    """Make the kennel, with this bug in it if there is one."""
    packages = scratch / f"packages{os.getpid()}"
    flow.install(packages)
    _here.append((packages, Kennel(packages, bug)))


def run_site(folder: Path, seed: int, site: int, kills: int, point: str) -> Told:
    """Play a site from its beginning to its end, in a folder that isn't there yet."""
    packages, kennel = _here[0]
    return play(Scene(folder, packages, kennel, f"{seed}/{site}"), plan(seed, site, kills, point))
