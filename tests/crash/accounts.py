"""Simulated accounts of vendors whose plugins are ours, and the processes that read them and are killed.

An account runs here, in a thread of its own, by the clock on the wall; a `gateway sync` or a `gateway run` is a process
that reads it over HTTP. What was true is asked of the account, what was said of the database.
"""

import asyncio
import contextlib
import json
import subprocess
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from gateway.daemon.setup import plugins_here
from gateway.model.contact import Contact
from gateway.model.instant import HOUR_MS
from gateway.plugin import Event
from gateway.testing.settings import is_secret
from gateway.testing.truth import differing, unsaid
from tests.acceptance.kept import Kept, kept, verified
from tests.acceptance.process import DEADLINE_S, ENVIRON, POLICY, Daemon, eventually, now_ms
from tests.crash import leftover
from tests.crash.forked import Forked, Kennel
from tests.crash.kennel import COUNT
from tests.support.points import points

T = TypeVar("T")

NAME: Final = "desk"
"""The connector's name in every configuration."""

OBJECTS: Final = 9
PAGE_SIZE: Final = 2
"""So short pages that there is something between two of them."""

LAG_S: Final = 3
"""So long after a change its second is over for everybody."""

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
    """A vendor. `simulator` and `more`: an account without limits on requests, and the settings that read all of it.
    `left_out`: what happens to people or leaves no trace, so that who reads later can't know it; `unlike`: what of a
    contact depends on when it was read (who looks within a second sees a status that the second didn't end with, and
    counts one reopening more), and `unlike_ended` of one that is over."""

    plugin: str
    simulator: Callable[[int], Any]
    more: Mapping[str, Any]
    left_out: frozenset[str] = frozenset()
    unlike: frozenset[str] = frozenset({"reopened"})
    unlike_ended: frozenset[str] = frozenset()
    lag_s: int = LAG_S
    """So long after a change it is read."""


def _zendesk(seed: int) -> Any:
    made = import_module("gateway_zendesk.simulator").ZendeskSimulator
    return made(seed=seed, export_lag_s=LAG_S, export_per_minute=None, plan_per_minute=None)


def _freshdesk(seed: int) -> Any:
    made = import_module("gateway_freshdesk.simulator").FreshdeskSimulator
    return made(seed=seed, per_minute=None, list_per_minute=None)


def _salesforce(seed: int) -> Any:
    return import_module("gateway_salesforce.simulator").SalesforceSimulator(seed=seed)


KINDS: Final = (
    Kind(
        "zendesk",
        _zendesk,
        {"export_per_minute": 1_000, "requests_per_minute": 100_000, "backfill_logs": "all"},
        left_out=frozenset({"change_email", "scrub"}),
        unlike_ended=frozenset({"customer", "language"}),
    ),
    Kind(
        "freshdesk",
        _freshdesk,
        {"list_per_minute": 1_000, "requests_per_minute": 100_000, "backfill_conversations": "all"},
    ),
    Kind("salesforce", _salesforce, {"requests_per_minute": 100_000}, lag_s=7),
)


@cache
def _settings_type(plugin: str) -> Any:
    return plugins_here().connectors[plugin].settings_type


class Account:
    """An account that runs, while this is entered."""

    def __init__(self, kind: Kind, seed: int) -> None:
        self.kind = kind
        self.simulator = kind.simulator(seed)
        self.simulator.page_size = PAGE_SIZE
        self.chance = Random(seed)
        self.settings: dict[str, Any] = {"plugin": kind.plugin, **kind.more}
        self.environ = dict(ENVIRON)
        self.acts = sorted(self.simulator.acts - kind.left_out)
        self.happened_at = 0

    def __enter__(self) -> "Account":
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="account")
        self._thread.start()
        self._configure(self._do(self.simulator.start(now_ms, None)))
        self.ask(lambda: self.simulator.seed(OBJECTS, since=now_ms() - 6 * HOUR_MS))
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self.simulator.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def ask(self, work: Callable[[], T]) -> T:
        """Do something with the simulator, where it runs."""

        async def done() -> T:
            return work()

        return self._do(done())

    def happen(self, acts: int) -> None:
        """So many things happen."""
        for name in self.chance.choices(self.acts, k=acts):
            self.ask(lambda name=name: self.simulator.act(name))
        self.happened_at = now_ms()

    def push_to(self, url: str | None) -> None:
        """Send webhooks there from now on."""
        self.ask(lambda: self.simulator.push_to(url))

    def truth(self) -> list[Event]:
        """What is true by now."""
        return self.ask(lambda: list(self.simulator.truth()))

    def _do(self, work: Awaitable[T]) -> T:
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)  # type: ignore[arg-type]
        return future.result(DEADLINE_S)

    def _configure(self, told: Mapping[str, Any]) -> None:
        """Settings as a person would write them: secrets stand in the environment."""
        model = _settings_type(self.kind.plugin)
        for key, value in told.items():
            if key in model.model_fields and is_secret(model, key):
                self.environ[f"DESK_{key}".upper()] = str(value)
                value = {"env": f"DESK_{key}".upper()}
            self.settings[key] = value


@dataclass
class Lives:
    """A folder on which commands run one after another, and what became of them: kills by where they were."""

    folder: Path
    kennel: Kennel
    account: Account
    kills: Counter[str] = field(default_factory=Counter)
    runs: list[Daemon] = field(default_factory=list)

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

    def killed(self, point: str, nth: int = 1) -> None:
        """A `gateway run` that is killed at the n-th pass of a point, or else when it has nothing more to do, while
        things happen."""
        with self.running(point, nth) as daemon:
            self.account.happen(3)
            with contextlib.suppress(subprocess.TimeoutExpired):
                daemon.child.wait(PATIENCE_S)

    def settle(self) -> Kept:
        """A gateway that nobody kills, until all that the account shows has been read and judged; all that it kept."""
        eventually(
            lambda: now_ms() > self.account.happened_at + self.account.kind.lag_s * 1_000,
            "all that has happened is shown",
        )
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
            environ=self.account.environ,
            log=str(log),
            arguments=list(words),
            passes=str(self.folder / "passes"),
            point=point,
            nth=nth,
        )
        return child, log


def wrong(found: Kept, clean: Kept, account: Account) -> Iterator[str]:
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
