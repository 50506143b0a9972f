"""Ours: a running gateway, its connector on the account, its first backfill over all tickets; done when every one of
them is a contact, judged and committed.

More than the others do: each ticket becomes events in a journal and a contact under a policy of twenty rules, on the
disk before the next is claimed, and a vendor's webhooks could come meanwhile.
"""

import json
import textwrap
from functools import partial
from pathlib import Path
from typing import Any

from bench import requests, server
from bench.sync.account import Account
from bench.sync.readers import Job, Reader
from bench.sync.shape import Shape
from bench.sync.truth import Found
from gateway.store.library import driver

CONFIG = """\
version: 1
listen: 127.0.0.1:0
admin: 127.0.0.1:0
database: sqlite:///gateway.db
policy: policy.yaml
connectors:
  bench:
    plugin: %s
%s"""

NO_RULES = "version: 1\nname: bench\n"


def reading(tree: Path, shape: Shape, policy: str, account: Account, folder: Path) -> Job:
    """A gateway of a checkout, on an empty database."""
    connector = textwrap.indent(shape.connector % account.base, " " * 4)
    (folder / "gateway.yaml").write_text(CONFIG % (shape.name, connector))
    (folder / "policy.yaml").write_text(policy)
    return Job(
        server.python(tree, "gateway", "run", "--config", str(folder / "gateway.yaml"), "--log-format", "json"),
        partial(_brought, tree, folder),
        {"BENCH_SECRET": requests.SECRET, "PYTHONPATH": str(tree / "plugins" / shape.name)},
        done=_Watch(folder / "gateway.db", account.tickets),
    )


class _Watch:
    """Looks from outside whether every ticket is judged: so many records came, and none waits."""

    def __init__(self, database: Path, tickets: int) -> None:
        self._database, self._tickets = database, tickets
        self._connection: Any = None

    def __call__(self) -> bool:
        if self._connection is None:
            if not self._database.is_file():
                return False
            self._connection = driver().connect(f"file:{self._database}?mode=ro", uri=True)
        try:
            waiting, came = self._connection.execute(
                "SELECT EXISTS (SELECT 1 FROM inbox WHERE due IS NOT NULL), (SELECT max(id) FROM inbox)"
            ).fetchone()
        except driver().OperationalError:  # the tables aren't there yet
            return False
        if waiting or (came or 0) < self._tickets:
            return False
        self._connection.close()
        return True


def _brought(tree: Path, folder: Path) -> Found:
    return Found(**json.loads(server.run_in(tree, "bench.sync.stored", str(folder / "gateway.db"))))


def readers(tree: Path, shape: Shape) -> tuple[Reader, ...]:
    """The gateway of this checkout, with rules and without."""
    # Rules that judge, and nobody who is told of it.
    rules = server.policy().partition("roles:")[0]
    return (
        Reader("gateway", "contacts in SQLite, judged by 20 rules", partial(reading, tree, shape, rules)),
        Reader("gateway plain", "contacts in SQLite, no rule", partial(reading, tree, shape, NO_RULES)),
    )
