"""One site: gateways that are killed one after another on the same files, while others send, receive and are pulled.

Kills pile up: what one leaves is what the next one starts with. In the end a last gateway is let run until all is
quiet, and everything is looked at.
"""

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.acceptance.kept import kept, on_store
from tests.acceptance.process import DEADLINE_S, ENVIRON, POLICY, Daemon, Site, eventually
from tests.acceptance.proofs import (
    called_late,
    not_delivered,
    not_raised_once,
    not_replayed,
    not_whole,
    out_of_order,
)
from tests.crash import leftover
from tests.crash.answered import answers, not_answered
from tests.crash.forked import Kennel
from tests.crash.kennel import COUNT
from tests.crash.outside import Senders, Vendor, receiver
from tests.crash.plan import Kill
from tests.support.points import points

CONFIG = """\
version: 1
listen: 127.0.0.1:0
admin: 127.0.0.1:0
database: sqlite:///gateway.db
policy: policy.yaml
connectors:
  events: {{plugin: events, secret: {{env: EVENTS_SECRET}}}}
  flow: {{plugin: flow, folder: "{vendor}"}}
enrichers:
  who: {{plugin: flow, folder: "{vendor}", timeout: 2s}}
endpoints:
  helpdesk: {{url: "{helpdesk}", allow_private: true, secret: {{env: HELPDESK_SECRET}}, notices: ["*"]}}
  backup: {{url: "{backup}", allow_private: true, secret: {{env: HELPDESK_SECRET}}, notices: ["escalation.*"]}}
"""
ENRICH = "enrich: [{id: who, when: contact.customer.known, enricher: who, ttl: 1m}]\n"
REPLY_WITHIN_MS = 1_000
BATCHES = 4
"""What one life is sent, at most; what the last one left over is sent as well."""

PATIENCE_S = 1.0
"""A point that isn't reached so long after all has been acknowledged is not waited for any more."""

TROUBLE_S = 0.05
TROUBLE = {
    "hasten_deliveries": ("backup", 0.6),
    "put_off_fetches": ("vendor", 1.0),
    "postpone_fetch": ("vendor", 0.5),
    "note_sync": ("vendor", 0.3),
    "renew_deliveries": ("hold", 0.2),
}
"""Whatever is wrong outside lasts so long after the last acknowledgement; some transactions need more of something."""

EXPECTED = {"fetch_given_up", "vendor_left_alone"}
"""What is logged as an error and is none: the vendor refuses some look-ups for good."""


class Violation(Exception):
    """A promise that was not kept."""


def policy(edition: int) -> str:
    """The policy; editions differ in something that changes nothing for anybody here."""
    other = f"  - {{id: end, metric: resolution, within: {100 + edition}h}}\nrouting:"
    return ENRICH + POLICY.replace("within: 2s", f"within: {REPLY_WITHIN_MS // 1_000}s").replace("routing:", other)


@dataclass
class Told:
    """How it went: kills by where they were, points by how often they were passed, and what was wrong."""

    kills: Counter[str] = field(default_factory=Counter)
    passes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    blamed: int = 0
    """Records that were parked because five gateways had died over them, and that an operator replayed."""

    folder: str = ""


@dataclass
class Scene:
    """The site and all who are around it."""

    folder: Path
    packages: Path
    kennel: Kennel
    seed: str
    told: Told = field(default_factory=Told)
    senders: Senders = field(default_factory=Senders)
    edition: int = 0

    def __post_init__(self) -> None:
        self.chance = Random(self.seed)
        self.folder.mkdir(parents=True)
        self.vendor = Vendor(self.folder / "vendor")
        self.helpdesk, self.moods = receiver(f"{self.seed}/helpdesk")
        self.backup, self.backup_moods = receiver(f"{self.seed}/backup")
        environ = {**ENVIRON, "PYTHONPATH": str(self.packages)}
        self.site = Site(self.folder, environ=environ, policy=policy(0))
        self.passes = self.folder / "passes"
        self.passes.write_bytes(bytes(COUNT.size * len(points())))
        self.told.folder = str(self.folder)

    @contextlib.contextmanager
    def open(self) -> Iterator["Scene"]:
        """Let the receivers run; in the end nothing runs that was started here."""
        with self.helpdesk, self.backup:
            self._write_policy()
            try:
                yield self
            finally:
                self.site.clear()
                counts = [number for (number,) in COUNT.iter_unpack(self.passes.read_bytes())]
                self.told.passes.update(dict(zip(points(), counts, strict=True)))

    # ── A life ───────────────────────────────────────────────────────────────────────────────────────────────────
    def live(self, kill: Kill) -> None:
        """Start a gateway, keep it busy, and let it be killed. Raises Violation."""
        left = leftover.leases(self.site.database_file)
        daemon = self._start(kill)
        by_hand = threading.Event()
        timers: list[threading.Timer] = []

        def end_it(delay_s: float) -> None:
            timers.append(threading.Timer(delay_s, lambda: (by_hand.set(), daemon.kill())))
            timers[-1].start()

        if not kill.point and kill.acknowledgements is None:
            end_it(kill.delay_s)
        if self._is_ready(daemon):
            self._has_no_lease_of(left)
            self._busy(daemon, kill, end_it)
            patience_s = PATIENCE_S if kill.point else DEADLINE_S
            with contextlib.suppress(subprocess.TimeoutExpired):
                daemon.child.wait(patience_s)
        if daemon.child.poll() is None:
            by_hand.set()
            daemon.kill()
        code = daemon.ended()
        for timer in timers:
            timer.cancel()
            timer.join()
        if code != -signal.SIGKILL:
            raise Violation(f"a gateway that was to be killed ({kill}) ended with {code}: {daemon.said()[-2_000:]}")
        if wrong := leftover.unlike_its_journal(self.site.database_file):
            raise Violation(f"killed ({kill}), it left what its journal doesn't say: {wrong[:5]}")
        where = kill.point if kill.point and not by_hand.is_set() else ("cold" if kill.cold else "at random")
        self.told.kills[where] += 1

    def _busy(self, daemon: Daemon, kill: Kill, end_it: Callable[[float], None]) -> None:
        """Trouble first, while all is sent; then calm."""
        trouble = {one for one in ("vendor", "backup", "helpdesk", "hold") if self.chance.random() < 0.4}
        needed, trouble_s = TROUBLE.get(kill.point.partition(".")[0], ("", TROUBLE_S))
        trouble.add(needed)
        self.vendor.down("vendor" in trouble)
        self.backup_moods.down = "backup" in trouble
        self.moods.restless = "helpdesk" in trouble
        if "hold" in trouble:
            self.helpdesk.hold()
        self.vendor.more(self.chance, 1.0 if kill.point.startswith("give_up_fetch.") else 0.3)
        self.senders.more(max(0, BATCHES - len(self.senders.waiting)))
        reload_at = self.chance.randint(1, 3) if self.chance.random() < 0.35 else 0

        def acknowledged(number: int) -> None:
            if number == kill.acknowledgements:
                end_it(kill.delay_s)
            if number == reload_at:
                self._reload(daemon)

        self.vendor.say()
        self.senders.send(daemon.listen, acknowledged)
        self.vendor.say()
        with contextlib.suppress(subprocess.TimeoutExpired):
            daemon.child.wait(trouble_s)
        self.calm()
        # Fewer were acknowledged than were to be waited for: it is killed now.
        if not kill.point and kill.acknowledgements is not None:
            end_it(kill.delay_s)

    def calm(self) -> None:
        """Let everybody answer as they should."""
        self.vendor.down(False)
        self.moods.restless = self.backup_moods.down = False
        self.helpdesk.release()

    def _start(self, kill: Kill) -> Daemon:
        """Start a gateway whose notices go to addresses of its own."""
        life = len(self.site.started)
        config = CONFIG.format(
            vendor=self.vendor.folder, helpdesk=f"{self.helpdesk.url}/{life}", backup=f"{self.backup.url}/{life}"
        )
        self.site.config.write_text(config, encoding="utf-8")
        return self.site.spawn() if kill.cold else self._fork(kill)

    def _fork(self, kill: Kill) -> Daemon:
        log = self.folder / f"run{len(self.site.started)}.log"
        log.touch()
        child = self.kennel.start(
            folder=str(self.folder),
            environ=ENVIRON,
            log=str(log),
            arguments=["run", "--config", str(self.site.config), "--log-format", "json"],
            passes=str(self.passes),
            point=kill.point,
            nth=kill.nth,
        )
        daemon = Daemon(child, log)
        self.site.started.append(daemon)
        return daemon

    def _is_ready(self, daemon: Daemon) -> bool:
        """Wait until it accepts requests; or until it has ended, which is no."""
        eventually(lambda: daemon.child.poll() is not None or daemon.announced, "it listens, or ends", poll_s=0.003)
        return daemon.announced and daemon.child.poll() is None

    def _has_no_lease_of(self, left: set[tuple[str, object, int]]) -> None:
        """Nobody holds any more what the one before held: it is dead."""
        if still := left & leftover.leases(self.site.database_file):
            raise Violation(f"leases of a dead gateway are still there: {sorted(map(str, still))[:5]}")

    def _reload(self, daemon: Daemon) -> None:
        self.edition += 1
        self._write_policy()
        if daemon.child.poll() is None:
            daemon.child.send_signal(signal.SIGHUP)

    def _write_policy(self) -> None:
        new = self.folder / "policy.new"
        new.write_text(policy(self.edition), encoding="utf-8")
        os.replace(new, self.folder / "policy.yaml")

    # ── The end ──────────────────────────────────────────────────────────────────────────────────────────────────
    def settle(self) -> list[str]:
        """Let a last gateway run until nothing waits; what is wrong then."""
        left = leftover.leases(self.site.database_file)
        daemon = self._start(Kill())
        if not self._is_ready(daemon):
            raise Violation(f"a gateway doesn't start any more: {daemon.said()[-2_000:]}")
        self._has_no_lease_of(left)
        second = self._fork(Kill())
        if self._is_ready(second):
            raise Violation("a second gateway runs on the same database")
        self._trouble_at_length(daemon)
        self.calm()
        if self.senders.waiting:
            raise Violation(f"a gateway that nobody kills has gone: {daemon.said()[-2_000:]}")
        self._wait_until_quiet()
        while blamed := leftover.given_up(self.site.database_file):
            self.told.blamed += len(blamed)
            for record in blamed:
                on_store(self.site.database_file, lambda store, record=record: store.replay_record(record, 0, "scene"))
            self._wait_until_quiet()
        if (code := daemon.stop()) != 0:
            raise Violation(f"the last gateway ended with {code}: {daemon.said()[-2_000:]}")
        return [*self._logged(), *self._wrong()]

    def _trouble_at_length(self, daemon: Daemon) -> None:
        """Let what is wrong outside last until the gateway leaves it alone: lives are too short for that."""
        before = self._passed("put_off_fetches.committed")
        self.vendor.down(True)
        self.backup_moods.down = True
        self.vendor.more(self.chance)
        self.senders.more(BATCHES)
        self.senders.send(daemon.listen)
        eventually(
            lambda: (
                leftover.breaker_is_open(self.site.database_file, "backup")
                and self._passed("put_off_fetches.committed") > before
            ),
            "the vendor and an endpoint are left alone for a while",
        )

    def _passed(self, point: str) -> int:
        return int(COUNT.unpack_from(self.passes.read_bytes(), COUNT.size * points().index(point))[0])

    def _wait_until_quiet(self) -> None:
        ends = time.monotonic() + DEADLINE_S
        rows = self.vendor.rows
        while any((waits := leftover.waiting(self.site.database_file, rows)).values()):
            if time.monotonic() > ends:
                raise Violation(f"it never becomes quiet: {waits}")
            time.sleep(0.02)

    def _logged(self) -> Iterator[str]:
        for daemon in self.site.started:
            # The last line of one that was killed may have been cut off.
            lines = [json.loads(line) for line in daemon.said().splitlines() if line[:1] + line[-1:] == "{}"]
            for line in lines:
                if line["level"] in ("error", "critical") and line["event"] not in EXPECTED:
                    yield f"{daemon.log.name} has an error: {line}"

    def _wrong(self) -> Iterator[str]:
        if (said := leftover.sound(self.site.database_file)) != "ok":
            yield f"the file is damaged: {said}"
        yield from (f"of {id} not all is known that was told" for id in leftover.half_known(self.site.database_file))
        found = kept(self.site.database_file)
        # Of what wasn't handed over yet when the process died some was stored nevertheless: nobody was told so.
        heard = self.vendor.heard() | (self.vendor.sent.keys() & set(found.events))
        due = {contact for batch in self.senders.acknowledged for contact in batch.due} | self.vendor.due
        due |= {self.vendor.sent[id] for id in heard}
        told = [*self.senders.told(), *self.vendor.told, *heard, *answers(found)]
        yield from not_whole(found, told, self.vendor.refused)
        yield from not_answered(found)
        yield from not_replayed(found)
        for delivery, tries in found.attempts.items():
            if [one["status"] for one in tries].count(204) != 1:
                yield f"delivery {delivery} was noted as taken not once: {tries}"
        for endpoint, came, moods in (
            ("helpdesk", self.helpdesk, self.moods),
            ("backup", self.backup, self.backup_moods),
        ):
            yield from not_delivered(found, came, endpoint)
            yield from out_of_order(found, came, endpoint)
            for id in moods.again_for_nothing():
                yield f"notice {id} came to {endpoint} again, though it had been taken, and the gateway lived on"
        yield from not_raised_once(self.helpdesk, due)
        called = {one.contact for one in found.deliveries} & self.vendor.past
        yield from (f"contact {id} was read in hindsight, and somebody was called for it" for id in sorted(called))
        if not self.told.blamed:  # a reply that was taken for what kills gateways was not taken for a reply
            yield from called_late(found, REPLY_WITHIN_MS)


def play(scene: Scene, kills: Sequence[Kill]) -> Told:
    """Every kill, and the end."""
    with scene.open():
        number = 0
        try:
            for kill in kills:
                number += 1
                scene.live(kill)
            scene.told.wrong.extend(scene.settle())
        except (Violation, AssertionError) as wrong:
            scene.told.wrong.append(f"after {number} of {len(kills)} kills: {wrong}")
        except Exception:  # a fault of this harness, told as such: other sites go on
            scene.told.wrong.append(f"after {number} of {len(kills)} kills: {traceback.format_exc()}")
    return scene.told
