"""Installs the foreign clients, each into an environment of its own in a folder that git does not see.

Laws: every version is pinned; what is installed already is left alone; nothing of theirs becomes ours.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.server import HERE

FOLDER: Final = HERE / ".clients"
PYTHON: Final = {
    "zenpy": "zenpy==2.0.57",
    "tap-zendesk": "tap-zendesk==2.8.2",
    "airbyte": "airbyte-source-zendesk-support==4.9.1",
}
"""By client: what pip installs."""

PRISM: Final = "@stoplight/prism-cli@5.14.2"
CLIENTS: Final = (*PYTHON, "prism")
INSTALL_S: Final = 1_800.0


def place(folder: Path, client: str) -> Path:
    """The folder of a client's programs."""
    return folder / client / ("node_modules/.bin" if client == "prism" else "bin")


def install(folder: Path, client: str, tell: Callable[[str], None]) -> None:
    """Install a client that is not there yet. Raises SystemExit with the installer's last words where that fails."""
    home, stamp = folder / client, folder / client / "installed.txt"
    wanted = PRISM if client == "prism" else PYTHON[client]
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    tell(f"installing {wanted} into {home}")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    if client == "prism":
        if shutil.which("npm") is None:
            raise SystemExit("npm was not found: install Node.js with npm, or leave prism out with --only")
        _run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(home), PRISM], home)
    else:
        _run([sys.executable, "-m", "venv", str(home)], home)
        _run([str(home / "bin" / "pip"), "install", "--quiet", wanted], home)
    stamp.write_text(wanted)


def _run(command: list[str], home: Path) -> None:
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{(done.stdout + done.stderr)[-3_000:]}")
