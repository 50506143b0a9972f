"""Installs the other readers from PyPI, each into an environment of its own that git does not see.

Laws: every reader's version is pinned; what is installed already is left alone; nothing of them is copied anywhere.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bench.peers.install import FOLDER

READERS: dict[str, tuple[str, ...]] = {
    "dlt": ("dlt[filesystem]==1.31.0",),
    "tap-zendesk": ("tap-zendesk==2.8.2",),
    "tap-freshdesk": ("tap-freshdesk==1.0.1",),
    "tap-salesforce": ("tap-salesforce==2.8.1",),
    "simple-salesforce": ("simple-salesforce==1.12.10",),
    "airbyte-zendesk": ("airbyte-source-zendesk-support==4.9.1", "airbyte-cdk==6.61.6"),
    "airbyte-freshdesk": ("airbyte-source-freshdesk==3.1.3", "airbyte-cdk==0.72.2"),
    "airbyte-salesforce": ("airbyte-source-salesforce==2.10.3", "airbyte-cdk==7.39.1"),
}
INSTALL_S = 1_200.0
_STAMP = "installed.json"


def home(name: str) -> Path:
    """The environment of a reader."""
    return FOLDER / "sync" / name


def program(name: str, command: str) -> str:
    """The path of a command of a reader's."""
    return str(home(name) / "bin" / command)


def install(name: str, tell: Callable[[str], None]) -> None:
    """Install a reader that is not there yet. Raises SystemExit with pip's last words where that fails."""
    folder, wanted = home(name), [*READERS[name], sys.version]
    stamp = folder / _STAMP
    if stamp.is_file() and json.loads(stamp.read_text()) == wanted:
        return
    tell(f"installing {', '.join(READERS[name])} into {folder}: this takes a minute")
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    _run([sys.executable, "-m", "venv", str(folder)])
    _run([program(name, "pip"), "install", "--quiet", "--disable-pip-version-check", *READERS[name]])
    stamp.write_text(json.dumps(wanted))


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{(done.stdout + done.stderr)[-3_000:]}")
