"""Simulated accounts in which things happen, and the processes that read them and are killed.

What was true is asked of the account, what was said of the database.
"""

import contextlib
import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from msgspec.structs import replace

from gateway.model.contact import Contact
from gateway.model.instant import HOUR_MS
from gateway.plugin import Event
from gateway.testing.truth import differing, unsaid
from tests.acceptance.kept import Kept, kept, verified
from tests.acceptance.process import DEADLINE_S, ENVIRON, POLICY, Daemon, eventually, now_ms
from tests.crash import leftover
from tests.crash.forked import Forked, Kennel
from tests.crash.kennel import COUNT
from tests.support.accounts import LAG_S, Account
from tests.support.points import points

NAME: Final = "desk"
"""The connector's name in every configuration."""

OBJECTS: Final = 9
PAGE_SIZE: Final = 2
"""So short pages that there is something between two of them."""

PATIENCE_S: Final = 2.0
"""A point that isn't passed so long after the start is not waited for any more."""

CONFIG: Final = """\
version: 1
listen: 127.0.0.1:0
admin: 127.0.0.1:0
database: sqlite:///gateway.db
policy: policy.yaml
connectors: {{{name}: {settings}}}
endpoints: {{helpdesk: {{url: "http://127.0.0.1:65535/", allow_private: true, secret: {{env: HELPDESK_SECRET}}}}}}
"""


@dataclass(frozen=True)
class Kind:
    """A vendor. `left_out`: what happens to people or leaves no trace, so that who reads later can't know it; `unlike`:
    what of a contact depends on when it was read (who looks within a second sees a status that the second didn't end
    with, and counts one reopening more), and `unlike_ended` of one that is over. `lag_s`: so long after a change all of
    it is read."""

    plugin: str
    left_out: frozenset[str] = frozenset()
    unlike: frozenset[str] = frozenset({"reopened"})
    unlike_ended: frozenset[str] = frozenset()
    lag_s: int = LAG_S + 1


KINDS: Final = (
    Kind(
        "zendesk",
        left_out=frozenset({"change_email", "scrub"}),
        unlike_ended=frozenset({"customer", "language"}),
    ),
    Kind("freshdesk"),
    # A merge hands letters on to another case under their ids: the journal of the first one is shorter then than what
    # it was judged by, and `gateway db verify` says so.
    Kind("salesforce", left_out=frozenset({"merge"}), lag_s=7),
)


class Busy(Account):
    """An account with a past, in which things happen."""

    def __init__(self, kind: Kind, seed: int) -> None:
        super().__init__(kind.plugin, seed, page_size=PAGE_SIZE)
        self.kind = kind
        self.chance = Random(seed)
        self.acts = sorted(self.simulator.acts - kind.left_out)
        self.happened_at = 0

    def __enter__(self) -> "Busy":
        super().__enter__()
        self.ask(lambda: self.simulator.seed(OBJECTS, since=now_ms() - 6 * HOUR_MS))
        return self

    def happen(self, acts: int) -> None:
        """So many things happen."""
        for name in self.chance.choices(self.acts, k=acts):
            self.ask(partial(self.simulator.act, name))
        self.happened_at = now_ms()

    def all_is_shown(self) -> bool:
        """Whether all that has happened can be read by now."""
        return now_ms() > self.happened_at + self.kind.lag_s * 1_000


@dataclass
class Lives:
    """A folder on which commands run one after another, and what became of them: kills by where they were."""

    folder: Path
    kennel: Kennel
    account: Busy
    kills: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        config = CONFIG.format(name=NAME, settings=json.dumps(self.account.settings))
        (self.folder / "gateway.yaml").write_text(config, encoding="utf-8")
        (self.folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
        (self.folder / "passes").write_bytes(bytes(COUNT.size * len(points())))

    @property
    def database(self) -> Path:
        """Where the database is."""
        return self.folder / "gateway.db"

    def synced(self, point: str = "", nth: int = 1) -> int:
        """A `gateway sync`, to its end or to the n-th pass of that point; its exit code."""
        child, log = self._start("sync", NAME, point=point, nth=nth)
        code = child.wait(DEADLINE_S)
        assert code in (0, -9), log.read_text(encoding="utf-8")
        self._noted(code, point)
        return code

    @contextlib.contextmanager
    def running(self, point: str = "", nth: int = 1) -> Iterator[Daemon]:
        """A `gateway run` that is told by webhooks, from where it listens to the n-th pass of that point, or to the end
        of the block."""
        child, log = self._start("run", point=point, nth=nth)
        daemon = Daemon(child, log)  # type: ignore[arg-type]
        try:
            eventually(lambda: child.poll() is not None or daemon.announced, "it listens, or ends")
            self.account.push_to(f"{daemon.listen}/in/{NAME}" if daemon.announced else None)
            yield daemon
        finally:
            self.account.push_to(None)
            if child.poll() is None:
                point = "at random"
                child.kill()
            code = child.wait(DEADLINE_S)
            assert code in (0, -9), daemon.said()
            self._noted(code, point)

    def killed(self, point: str, nth: int = 1, *, patience_s: float = PATIENCE_S) -> None:
        """A `gateway run` that is killed at the n-th pass of a point, or else when that is waited for no longer, while
        things happen."""
        with self.running(point, nth) as daemon:
            self.account.happen(3)
            with contextlib.suppress(subprocess.TimeoutExpired):
                daemon.child.wait(patience_s)

    def settle(self) -> Kept:
        """A gateway that nobody kills, until all that the account shows has been read and judged; all that it kept."""
        eventually(self.account.all_is_shown, "all that has happened is shown")
        with self.running() as daemon:
            assert self.synced() == 0
            eventually(self._is_quiet, "nothing waits any more")
            assert daemon.stop() == 0, daemon.said()
        assert leftover.sound(self.database) == "ok"
        return kept(self.database)

    def _is_quiet(self) -> bool:
        waits = leftover.waiting(self.database, 0)
        return not any(waits[kind] for kind in ("records", "look-ups", "runs over the past"))

    def _noted(self, code: int, where: str) -> None:
        if code == -9:
            self.kills[where] += 1

    def _start(self, *words: str, point: str, nth: int) -> tuple[Forked, Path]:
        log = self.folder / f"{len(list(self.folder.glob('*.log')))}.log"
        log.touch()
        child = self.kennel.start(
            folder=str(self.folder),
            environ={**ENVIRON, **self.account.environ},
            log=str(log),
            arguments=list(words),
            passes=str(self.folder / "passes"),
            point=point,
            nth=nth,
        )
        return child, log


def wrong(found: Kept, clean: Kept, account: Busy) -> Iterator[str]:
    """What kills have done: what is true and was not said, or what a clean reading knows and this one doesn't; what is
    there twice, waits, or isn't what the journal implies."""
    truth = account.truth()
    for name, one in (("a clean reading", clean), ("the one that was killed", found)):
        if what := unsaid(truth, _events(one)):
            yield f"{name}: {what}"
    yield from (f"event {id} was never said" for id in _events(clean).keys() - _events(found).keys())
    yield from (f"event {id} is there {count} times" for id, count in Counter(found.events).items() if count > 1)
    keys = Counter(record.key for record in found.inbox if record.key is not None)
    yield from (f"record {key} is there {count} times" for key, count in keys.items() if count > 1)
    yield from (f"record {record.id} is {record.state}" for record in found.inbox if record.state != "done")
    if what := differing(_contacts(found, account.kind), _contacts(clean, account.kind), ended=False):
        yield what
    yield from verified(found.database)


def _events(found: Kept) -> dict[str, Event]:
    return {entry.event.id: entry.event for story in found.stories.values() for entry in story.history}


def _contacts(found: Kept, kind: Kind) -> dict[str, Contact | None]:
    states = {id: story.row.state for id, story in found.stories.items()}
    return {id: _plain(state.contact, kind) if state else None for id, state in states.items()}


def _plain(contact: Contact, kind: Kind) -> Contact:
    unlike = kind.unlike | (kind.unlike_ended if contact.ended else frozenset())
    return replace(contact, **dict.fromkeys(unlike))
