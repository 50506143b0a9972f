"""Somebody else's programs that tests need: whether they are here as requirements pin them, and how pip brings them.

Needs nothing but the standard library and pip. They go into the environment of the Python that runs this.
"""

import subprocess
import sys
from collections.abc import Callable, Iterable
from importlib import metadata
from pathlib import Path

UNAVAILABLE = 69
"""The exit code of a target whose peers can't be had."""

Installed = Callable[[str], str]


def pinned(text: str, peers: Iterable[str]) -> dict[str, str]:
    """The version of each peer, as requirements say it."""
    pins = dict(line.split("==") for line in text.splitlines() if "==" in line and not line.startswith("#"))
    return {name: pins[name] for name in peers}


def missing(pins: dict[str, str], version: Installed = metadata.version) -> list[str]:
    """The peers that aren't installed in the version that is pinned."""
    return [name for name, wanted in pins.items() if _version(name, version) != wanted]


def _version(name: str, version: Installed) -> str | None:
    try:
        return version(name)
    except metadata.PackageNotFoundError:
        return None


def install(requirements: Path, pins: dict[str, str]) -> bool:
    """Let pip bring what is missing; whether all are here now."""
    if missing(pins):
        print(f"not all here: installing {' and '.join(pins)}", file=sys.stderr)
        command = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "-r"]
        subprocess.run([*command, str(requirements)], stdout=sys.stderr, check=False)
    return not missing(pins)


def told(pins: dict[str, str]) -> str:
    """The peers, a line each."""
    return "\n".join(f"{name} {version}" for name, version in pins.items())
