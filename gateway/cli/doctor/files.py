"""What the doctor sees on the disk: configuration and policy, plugins, the modes of files, and room."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from gateway.cli.doctor.finding import Finding, bad, note, ok
from gateway.config.places import secret_places
from gateway.daemon.setup import Setup, load_setup, plugins_here
from gateway.kernel.problems import Problems

FREE_BYTES_MIN = 512 * 1024 * 1024
"""Less room than this beside the database is told: its log and a copy of it must find their place."""

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_MIB = 1024 * 1024


def configuration(config: Path, found: list[Finding]) -> Setup | None:
    """Configuration, policy and plugins; the setup if it can be run."""
    broken = {plugin.name: plugin.reason for plugin in plugins_here().broken}
    found += [
        bad("plugin", f"{name} is left out: {reason}", "mend or uninstall it; `gateway plugin list` shows all")
        for name, reason in broken.items()
    ]
    try:
        setup = load_setup(config, os.environ)
    except Problems as wrong:
        hint = "mend it; `gateway check` shows the place"
        found += [bad("config", str(problem), hint) for problem in wrong.problems]
        return None
    found += [
        bad("config", str(problem), "the rest starts without it")
        for problem in (*setup.left_out, *setup.enrichers_left_out)
    ]
    policy = setup.policy.policy
    connectors, endpoints = len(setup.config.connectors), len(setup.config.endpoints)
    enrichers = f"enrichers: {len(setup.config.enrichers)}, " if setup.config.enrichers else ""
    found.append(ok("config", f"{config}: connectors: {connectors}, {enrichers}endpoints: {endpoints}"))
    found.append(ok("policy", f"{policy.name} ({policy.hash}), SLA rules: {len(policy.sla)}"))
    return setup


def modes(config: Path, database: Path | None) -> Iterator[Finding]:
    """Files that hold secrets or customers' data are their owner's alone."""
    try:
        places = secret_places(config)
    except Problems:
        places = []  # told already
    folder = config.absolute().parent
    secrets = dict.fromkeys(folder / place.name for place in places if place.kind == "file")
    beside = [folder / ".env"] if (folder / ".env").is_file() else []
    yield from _modes("secrets", [*secrets, *beside], "holds a secret")
    if database is not None and database.exists():
        own = [path for name in ("", "-wal", "-shm") if (path := Path(f"{database}{name}")).exists()]
        yield from _modes("database", own, "holds customers' data")


def _modes(area: str, paths: list[Path], why: str) -> Iterator[Finding]:
    open_ones = [path for path in paths if path.exists() and path.stat().st_mode & _OTHERS]
    for path in open_ones:
        mode = stat.S_IMODE(path.stat().st_mode)
        yield bad(area, f"{path} {why}, and others may open it (mode {mode:o})", f"chmod 600 {path}")
    if paths and not open_ones:
        yield ok(area, f"{'the file is its' if len(paths) == 1 else f'{len(paths)} files are their'} owner's alone")


def room(database: Path) -> Finding:
    """Free space where the database lies."""
    free = shutil.disk_usage(database.absolute().parent).free
    told = f"{free // _MIB} MiB free beside {database}"
    if free < FREE_BYTES_MIN:
        hint = f"make room: below {FREE_BYTES_MIN // _MIB} MiB a burst can fill it; when it is full nothing is accepted"
        return bad("disk", told, hint)
    return ok("disk", told)


def missing(database: Path) -> Finding:
    """No database yet."""
    return note("database", f"there is no database {database} yet", "`gateway run` makes it at its first start")
