"""What `gateway policy show` tells: out of the database, and beside it the file that is configured now."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.cli.failures import FOUND, Failed
from gateway.cli.policy_views import history_lines, standing_lines
from gateway.config import load_config
from gateway.daemon.setup import policy_file, read_policy
from gateway.engine.policies import Policies
from gateway.kernel.problems import Problems
from gateway.kernel.spawn import InlineSpawn
from gateway.kernel.store import PolicyRow, Store
from gateway.kernel.values import policy_values


@dataclass(frozen=True, slots=True)
class Shown:
    """The policies of a database, seen at `at`; told at `now`. `text` is that of the one in force at `at`."""

    rows: tuple[PolicyRow, ...]
    at: int
    now: int
    present: PolicyRow | None
    text: str | None = None

    @property
    def to_come(self) -> PolicyRow | None:
        """What came, or comes, into force next after `at`."""
        return next((row for row in self.rows if row.since > self.at), None)


@dataclass(frozen=True, slots=True)
class Configured:
    """The file that the configuration names: as values, and in words where it isn't what is kept last."""

    values: dict[str, Any]
    words: str


async def shown(store: Store, now: int, at: int | None, *, text: bool) -> Shown:
    """What the database has. Raises Failed where no policy has ever come, or none was in force whose text is asked."""
    policies = await Policies.open(store, InlineSpawn())
    if not policies.rows:
        raise Failed(FOUND, "no policy has come into force yet", "`gateway run` puts the configured one in force")
    instant = now if at is None else at
    present = policies.in_force(instant)
    if not text:
        return Shown(policies.rows, instant, now, present)
    whole = await store.policy(present.since) if present else None
    if whole is None:
        raise Failed(FOUND, "no policy was in force then", "`gateway policy show --all` shows every one")
    return Shown(policies.rows, instant, now, present, whole.text)


def configured(path: Path, shown: Shown) -> Configured:
    """What the configured file says now, compared with the policy that came last. Raises Problems of gateway.yaml."""
    config, last = load_config(path, os.environ), shown.rows[-1]
    file = policy_file(config)
    try:
        policy = read_policy(config).policy
    except Problems as found:
        count = len(found.problems)
        values = {"file": file, "name": None, "hash": None, "same": False, "problems": count}
        problems = "1 problem" if count == 1 else f"{count} problems"
        return Configured(values, f"{file} has {problems}, and changes nothing: `gateway check` shows them")
    same = policy.hash == last.hash
    values = {"file": file, "name": policy.name, "hash": policy.hash, "same": same, "problems": 0}
    if same:
        return Configured(values, "")
    return Configured(values, f"{file} says something else ({policy.hash}): `gateway reload` would put it in force")


def values(shown: Shown, configured: Configured | None, *, all: bool) -> dict[str, Any]:
    """All of it for JSON."""
    view: dict[str, Any] = {
        "in_force": policy_values(shown.present) if shown.present else None,
        "to_come": policy_values(shown.to_come) if shown.to_come else None,
        "configured": configured.values if configured else None,
    }
    if shown.text is not None:
        view["text"] = shown.text
    if all:
        view["policies"] = [policy_values(row) for row in shown.rows]
    return view


def lines(shown: Shown, *, all: bool) -> list[str]:
    """What people are told: what is in force and what comes next, or every policy."""
    if all:
        return history_lines(shown.rows, shown.now)
    return standing_lines(shown.present, shown.to_come, shown.now)


def content(shown: Shown) -> bytes:
    """The kept file, with an end to its last line."""
    text = shown.text or ""
    return (text if text.endswith("\n") else f"{text}\n").encode()
