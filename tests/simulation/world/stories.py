"""What customers and agents do in some days: contacts opened, answered in time, late or never, ended, reopened.

A story gives the instants at which things truly happen; how late and in which order they are told is for the sender.
The same dice give the same story. Some instants lie exactly on a promise, one millisecond before it or after it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from gateway.model.instant import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, format_instant
from tests.differential.walls import changes

Content = dict[str, Any]
Planned = tuple[int, Content]
"""The true instant at which something happens, and the event that tells of it."""

SECOND, MINUTE, HOUR, DAY = SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS

CONTACTS_A_DAY = 22
PROMISES = (10 * MINUTE, 15 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR)
"""Lengths of the policies' promises: replies come just then."""

CARDS = ("4111 1111 1111 1111", "5500-0000-0000-0004")
"""Card numbers that customers write; none of them may ever be kept or told."""

WORDS = ("my card was declined", "the app logs me out", "where is my refund", "thank you", "that did not help")
TAGS: tuple[tuple[str, ...], ...] = ((), (), (), ("vip",), ("fraud",), ("refund",), ("vip", "refund"))


def first_instant(rng: Random, zones: Sequence[str], *, days: float = 1.0) -> int:
    """When a story begins: mostly so that the clocks of one of the zones change within its days; on a whole second."""
    known = [change.at for change in changes() if change.zone in zones]
    at = rng.choice(known) - rng.randrange(int(days * DAY)) if rng.random() < 0.8 else rng.choice(known) - 40 * DAY
    return at - at % SECOND


def tell(
    rng: Random,
    connectors: Sequence[str],
    start: int,
    end: int,
    *,
    hot: Sequence[int] = (),
    contacts_a_day: float = CONTACTS_A_DAY,
    hurried_a_day: float = 0.0,
) -> dict[str, list[Planned]]:
    """The plan of each connector, in the order of time. Contacts gather round the instants of `hot`: a change of the
    clocks, a reload. So many more are `hurried`: each of their answers is on its way when it falls due."""
    plans: dict[str, list[Planned]] = {name: [] for name in connectors}
    count = max(1, round((end - start) / DAY * contacts_a_day))
    crowd: list[int] = []
    for number in range(count):
        connector = rng.choice(connectors)
        opened_at = _opening(rng, start, end, hot, crowd)
        crowd.append(opened_at)
        matter = _Matter(rng, f"{connector}-{number}", opened_at, end)
        matter.live()
        plans[connector] += matter.planned
    for number in range(count, count + round((end - start) / DAY * hurried_a_day)):
        connector = rng.choice(connectors)
        matter = _Matter(rng, f"{connector}-{number}", rng.randrange(start, end), end)
        matter.hurry()
        plans[connector] += matter.planned
    for plan in plans.values():
        plan.sort(key=lambda planned: (planned[0], planned[1]["type"] != "contact.opened", planned[1]["id"]))
    return plans


def _opening(rng: Random, start: int, end: int, hot: Sequence[int], crowd: Sequence[int]) -> int:
    within = [at for at in hot if start <= at < end]
    chance = rng.random()
    if crowd and chance < 0.1:
        return rng.choice(crowd)
    if within and chance < 0.4:
        at = rng.choice(within) + rng.choice([0, -1, rng.randint(-6 * HOUR, 3 * HOUR), rng.randint(-HOUR, HOUR)])
    else:
        at = rng.randrange(start, end)
        at -= at % rng.choice([1, SECOND, 15 * MINUTE])
    return min(max(at, start), end - 1)


@dataclass
class _Matter:
    """One contact on its way. `at` is the last instant at which something happened."""

    rng: Random
    name: str
    at: int
    end: int
    planned: list[Planned] = field(default_factory=list)
    kind: str = "ticket"
    ended: bool = False

    def live(self) -> None:
        """From the opening to whatever end."""
        self.open()
        if self.rng.random() < 0.12:
            return  # nobody ever answers
        if self.kind == "call":
            self.call()
        for _ in range(self.rng.choice([1, 1, 2, 2, 3, 4])):
            self.turn()
        if self.rng.random() < 0.7:
            self.finish()

    def hurry(self) -> None:
        """A chat in which each answer comes a moment before it is late."""
        self.kind = "chat"
        self.say("contact.opened", kind="chat", channel="chat", subject=self.rng.choice(WORDS))
        for _ in range(4):
            self.message("agent", 15 * MINUTE - self.rng.randrange(1, 2 * SECOND))
            self.message("customer", self.rng.randrange(MINUTE, 30 * MINUTE))
        self.say("status.changed", MINUTE, to="solved")

    # ── Events ───────────────────────────────────────────────────────────────────────────────────────────────────

    def say(self, type: str, wait: int = 0, **content: Any) -> None:
        """Let something happen after a wait. What would happen after the story's end is not told."""
        self.at += wait
        if self.at >= self.end:
            return
        event = {
            "type": type,
            "id": f"{self.name}-{self.rng.choice('xay')}{len(self.planned)}",
            "at": format_instant(self.at),
            "ref": {"kind": self.kind, "id": self.name},
            **content,
        }
        if type != "contact.opened" and self.rng.random() < 0.1:
            event["sequence"] = self.rng.randint(1, 3)
        self.planned.append((self.at, event))

    def open(self) -> None:
        """The contact appears; an outbound one waits for its customer."""
        rng = self.rng
        channel = rng.choice(["email", "email", "chat", "chat", "web", "phone"])
        self.kind = {"chat": "chat", "phone": "call"}.get(channel, "ticket")
        more: Content = {"subject": rng.choice(WORDS)}
        if rng.random() < 0.1:
            more["direction"] = "outbound"
        if tags := rng.choice(TAGS):
            more["tags"] = list(tags)
        if rng.random() < 0.5:
            more["priority"] = rng.choice(["urgent", "high", "normal", "low", None])
        if rng.random() < 0.4:
            more["customer"] = {"email": f"{self.name}@customers.example", "name": "Ada"}
        if rng.random() < 0.1:
            more["status"] = rng.choice(["open", "pending", "on_hold"])
        self.say("contact.opened", kind=self.kind, channel=channel, **more)

    def turn(self) -> None:
        """The customer says something, things happen, an agent answers in time or late."""
        rng = self.rng
        if rng.random() < 0.75:
            self.message("customer", rng.choice([0, rng.randrange(MINUTE, HOUR)]))
        for _ in range(rng.choice([0, 0, 1, 1, 2])):
            rng.choice([self.note, self.pause, self.observed, self.taken, self.edited])()
        if rng.random() < 0.85:
            self.message(rng.choices(["agent", "bot"], weights=[9, 1])[0], self.wait())
        if rng.random() < 0.4:
            self.say("status.changed", rng.choice([0, rng.randrange(MINUTE)]), to="pending")

    def wait(self) -> int:
        """How long until somebody answers: often just at a promise, or so that the news is on its way by then."""
        rng = self.rng
        promise = rng.choice(PROMISES)
        return rng.choice(
            [0, promise, promise - 1, promise + 1, promise - rng.randrange(2 * SECOND), rng.randrange(promise),
             rng.randrange(promise), 2 * promise, rng.randrange(SECOND, 5 * MINUTE)]
        )  # fmt: skip

    def message(self, author: str, wait: int) -> None:
        """A public message; some customers write down their card."""
        text = self.rng.choice(WORDS)
        if author == "customer" and self.rng.random() < 0.05:
            text = f"{text}: {self.rng.choice(CARDS)}"
        more: Content = {"auto": True} if author == "agent" and self.rng.random() < 0.05 else {}
        self.say("message.added", wait, author={"kind": author}, text=text, **more)

    def note(self) -> None:
        """An internal note is no reply."""
        wait = self.rng.randrange(10 * MINUTE)
        self.say("message.added", wait, author={"kind": "agent", "id": "kim"}, visibility="internal", text="a look")

    def pause(self) -> None:
        """It waits for somebody, and later goes on."""
        self.say("status.changed", self.rng.randrange(HOUR), to=self.rng.choice(["pending", "on_hold"]))
        if self.rng.random() < 0.7:
            self.say("status.changed", self.rng.choice([0, *PROMISES, self.rng.randrange(8 * HOUR)]), to="open")

    def observed(self) -> None:
        """A vendor's snapshot: other tags, another priority."""
        rng = self.rng
        shown: Content = rng.choice(
            [
                {"tags": list(rng.choice(TAGS))},
                {"priority": rng.choice(["urgent", "high", "normal", None])},
                {"status": rng.choice(["open", "on_hold"]), "assignee": "kim"},
            ]
        )
        self.say("contact.observed", rng.randrange(30 * MINUTE), **shown)

    def taken(self) -> None:
        """Somebody takes it, in one way or the other."""
        wait = self.rng.choice([0, self.rng.randrange(HOUR)])
        if self.rng.random() < 0.5:
            self.say("contact.acknowledged", wait, by="kim")
        else:
            self.say("contact.assigned", wait, assignee="kim", group="t1")

    def edited(self) -> None:
        """A message is edited or removed: that is no reply either."""
        ids = [event["id"] for _, event in self.planned if event["type"] == "message.added"]
        if ids:
            type = self.rng.choice(["message.edited", "message.removed"])
            self.say(type, self.rng.randrange(20 * MINUTE), message=self.rng.choice(ids))

    def call(self) -> None:
        """A call is queued, rings, and is answered or abandoned."""
        self.say("call.queued", self.rng.randrange(5 * SECOND), queue="general")
        self.say("call.ringing", self.rng.randrange(SECOND, 5 * MINUTE))
        if self.rng.random() < 0.7:
            self.say("call.answered", self.rng.choice([0, self.rng.randrange(2 * MINUTE)]), agent="kim")
            self.say("call.ended", self.rng.randrange(MINUTE, 20 * MINUTE))
        else:
            self.say("call.abandoned", self.rng.randrange(2 * MINUTE))

    def finish(self) -> None:
        """Solved; closed, reopened, merged or deleted after that, or nothing more."""
        rng = self.rng
        self.say("status.changed", rng.choice([0, self.wait()]), to=rng.choice(["solved", "solved", "closed"]))
        fate = rng.random()
        if fate < 0.25:
            self.say("status.changed", rng.randrange(6 * HOUR), to="open")
            self.turn()
            if rng.random() < 0.5:
                self.say("status.changed", self.wait(), to="solved")
        elif fate < 0.35:
            self.message("customer", rng.randrange(HOUR))
            self.say("status.changed", rng.randrange(2 * HOUR), to="open")
            self.turn()
        elif fate < 0.6:
            self.say("status.changed", rng.randrange(4 * HOUR), to="closed")
        elif fate < 0.65:
            self.say("contact.merged", rng.randrange(HOUR), into={"kind": self.kind, "id": "another"})
        elif fate < 0.7:
            self.say("contact.deleted", rng.randrange(HOUR))


_RESOLVED = "abcdefgh"
"""Last letters, of 32, of escalations that people end at once."""


@dataclass
class Desk:
    """The people who are called: some of the escalations of which an endpoint hears they acknowledge or resolve, once
    each."""

    rng: Random
    share: float = 0.4
    seen: set[str] = field(default_factory=set)

    def read(self, body: bytes, now: int) -> tuple[str, Content] | None:
        """What to tell after a notice was heard at a true instant, and by which connector; mostly nothing."""
        notice: Mapping[str, Any] = json.loads(body)
        if notice["type"] not in ("escalation.raised", "escalation.stepped"):
            return None
        data = notice["data"]
        escalation = data["escalation"]
        if escalation in self.seen or self.rng.random() >= self.share:
            return None
        self.seen.add(escalation)
        ref = data["contact"]["refs"][0]
        # By the escalation's own name: another draw would make it another life.
        deed = "resolved" if escalation[-1] in _RESOLVED else "acknowledged"
        event = {
            "type": f"escalation.{deed}",
            "id": f"{deed}-{escalation}",
            "at": format_instant(now),
            "ref": {"kind": ref["kind"], "id": ref["id"]},
            "escalation": escalation,
            "by": "kim",
        }
        return ref["connector"], event
