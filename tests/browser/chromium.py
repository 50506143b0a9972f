"""Where Chromium is: `python -m tests.browser.chromium` prints its path, having installed it where that can be done.

Needs nothing but the standard library. Exits 69 where there is no browser and none can be had.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

UNAVAILABLE = 69
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WANTED = (
    "no browser: install Chromium (Debian, as root: apt-get install chromium), "
    "or name one that is installed: CHROMIUM=/path/to/chromium"
)
INSTALLING = (
    ("apt-get", "-q", "update"),
    ("apt-get", "-q", "-y", "--no-install-recommends", "install", "chromium", "fonts-dejavu-core"),
)

Which = Callable[[str], str | None]


def found(environ: Mapping[str, str], which: Which = shutil.which) -> str | None:
    """The browser's path: the one that $CHROMIUM names, and no other; else the first on PATH."""
    named = environ.get("CHROMIUM")
    return which(named) if named else next(filter(None, map(which, NAMES)), None)


def may_install(environ: Mapping[str, str], user: int, which: Which = shutil.which) -> bool:
    """Whether this process can install one: as root, by apt-get, where nobody named one that isn't there."""
    return not environ.get("CHROMIUM") and user == 0 and which("apt-get") is not None


def install(run: Callable[[Sequence[str]], int]) -> bool:
    """Install one; whether all commands of that succeeded."""
    return all(run(command) == 0 for command in INSTALLING)


def main() -> int:
    """Print the path of a browser that is there or was installed; the exit code."""
    path = found(os.environ)
    if path is None and may_install(os.environ, os.geteuid()):
        print("no browser is here: installing Debian's chromium", file=sys.stderr)
        install(_quietly)
        path = found(os.environ)
    print(path or WANTED, file=sys.stdout if path else sys.stderr)
    return 0 if path else UNAVAILABLE


def _quietly(command: Sequence[str]) -> int:
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=environ, stdout=sys.stderr, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
