"""The systems that post events to the gateway, each with a real vendor's habit of trying again.

Laws. A sender signs each try with its own clock, honours `Retry-After`, and believes only what it sees: an event is
acknowledged when a 2xx has come back to it. Its events never change; only the grouping and the order of keys may, where
it sends again what was taken. What it is told never to send again (4xx but 429) is in the witness.

`Told.received_at` is set by the first request that holds the event and that the gateway's door answers with 2xx,
whether or not the answer arrives. A process that died over a request may have kept it all the same: `unsure` has the
first true instant at which an event was in such a request.
"""

import base64
import hashlib
import hmac
import json
import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from gateway.model.instant import HOUR_MS, MINUTE_MS, SECOND_MS
from tests.simulation.world.net import Link, Lost, Outside
from tests.simulation.world.universe import Reply, Reset
from tests.simulation.world.witness import Refusal, Told

Event = dict[str, Any]

BATCH_MAX = 5
BATCH_SPAN_MS = 20 * SECOND_MS
"""Events that go in one request lie no further apart."""

LATE_FIRST_MS = MINUTE_MS
LATE_MAX_MS = 8 * HOUR_MS
BEHIND_MAX_MS = MINUTE_MS
"""An event that others overtake is so late at most."""

WAIT_MAX_S = 86_400.0
"""The longest `Retry-After` that a sender keeps."""

ECHO_MAX_MS = 48 * HOUR_MS
ECHO_BEFORE = 8
"""So many earlier events may come again with those of an echo."""

REMEMBERED = 50
"""A sender that repeats itself remembers so many of its events."""

RESTART_POLL_S = 600.0
RESTART_POLLS = 36


@dataclass(frozen=True, slots=True)
class Habit:
    """How a vendor tries again: after which waits, with which deadlines, and whether a 4xx is tried again too."""

    waits_s: tuple[float, ...]
    deadline_s: tuple[float, float]
    after_4xx: bool = False
    echoes: bool = False


HABITS: Mapping[str, Habit] = {
    # Like Stripe: longer and longer, for three days.
    "patient": Habit(
        (10, 60, 300, 1_800, 7_200, 18_000, 36_000, 36_000, 43_200, 43_200, 43_200, 30_230), (20, 30), after_4xx=True
    ),
    # Like Dialpad: three more tries within a quarter of a minute, and none after a 4xx.
    "brisk": Habit((2, 4, 8), (5, 5)),
    # Like Shopify: eight tries within four hours.
    "shopify": Habit((60, 240, 600, 1_500, 3_000, 4_200, 4_800), (5, 5), after_4xx=True),
    # Like GitHub.
    "once": Habit((), (10, 10)),
    # Like nobody who admits it: sends again what was taken, too.
    "zealous": Habit((1, 5, 30, 120, 600, 3_600, 14_400, 43_200, 86_400, 86_400), (5, 15), after_4xx=True, echoes=True),
}


@dataclass(slots=True)
class Batch:
    """Events that go in one request, at an instant."""

    at: int
    id: str
    events: list[Event]


@dataclass
class Sender:
    """One system. `plan`: what it tells, each with the true instant at which it happens."""

    universe: Outside
    name: str
    habit: str
    secret: str
    plan: Sequence[tuple[int, Event]]
    unsure: dict[str, int] = field(default_factory=dict)
    under_way: int = 0
    """Batches and echoes that are not at their end."""

    planned: bool = False
    """Everything in the plan has been sent at least once."""

    def __post_init__(self) -> None:
        self.link = Link(self.universe, f"from {self.name}")
        self._dice = self.universe.dice(f"sender {self.name}")
        self._echoes = self.universe.dice(f"sender {self.name} echoes")
        self._habit = HABITS[self.habit]
        most_s = self.universe.swarm.sender_skew_s
        self.skew_ms = round(self.universe.dice(f"sender {self.name} clock").uniform(-most_s, most_s) * SECOND_MS)
        self._key = base64.b64decode(self.secret.removeprefix("whsec_"))
        self._sent: deque[Event] = deque(maxlen=REMEMBERED)
        self.told = {event["id"]: Told(self.name, event) for _, event in self.plan}
        self.universe.witness.told.update({(self.name, id): told for id, told in self.told.items()})
        self.batches = list(self._batches())

    @property
    def idle(self) -> bool:
        """Whether nothing will come from it any more."""
        return self.planned and not self.under_way

    def recover(self) -> None:
        """No faults on its way from now on."""
        self.link.recover()

    async def run(self) -> None:
        """Send what is planned, each batch at its instant, whatever becomes of the others."""
        for batch in self.batches:
            await self._sleep_until(batch.at)
            self.under_way += 1
            self.universe.spawn(f"{self.name} tells {batch.id}", self._deliver(batch))
        self.planned = True

    def also(self, event: Event) -> None:
        """Tell of something that wasn't planned, now."""
        self.told[event["id"]] = self.universe.witness.told[self.name, event["id"]] = Told(self.name, event)
        self.under_way += 1
        batch = Batch(self.universe.now(), f"msg_{self.name}_{event['id']}", [event])
        self.universe.spawn(f"{self.name} tells {batch.id}", self._deliver(batch))

    def _batches(self) -> list[Batch]:
        """The plan in the order in which it is sent; events close to each other go together, up to a few."""
        dice, swarm = self.universe.dice(f"sender {self.name} plan"), self.universe.swarm
        timed = [(at + _lag(dice, swarm), place, event) for place, (at, event) in enumerate(self.plan)]
        batches: list[Batch] = []
        first, most = 0, 0
        for at, _, event in sorted(timed, key=lambda one: one[:2]):
            if batches and len(batches[-1].events) < most and at - first <= BATCH_SPAN_MS:
                batches[-1].events.append(event)
                batches[-1].at = at
            else:
                first, most = at, dice.randint(1, BATCH_MAX)
                batches.append(Batch(at, f"msg_{self.name}_{len(batches)}", [event]))
        return batches

    async def _deliver(self, batch: Batch) -> None:
        try:
            if await self._until_taken(batch):
                return
            for event in batch.events:
                told = self.told[event["id"]]
                told.given_up = told.acked_at is None
            self.universe.trace("given up", self.name, batch.id)
        finally:
            self.under_way -= 1

    async def _until_taken(self, batch: Batch) -> bool:
        """Try as the habit says; whether a 2xx has been seen."""
        now = self.universe.now()
        for event in batch.events:
            self.told[event["id"]].first_sent_at = now
        self._sent += batch.events
        body = json.dumps({"events": batch.events}).encode()
        self._maybe_echo(batch, body)
        for wait_s in (*self._habit.waits_s, None):
            answer = await self._try(batch.id, body, batch.events)
            if answer is not None and 200 <= answer.status < 300:
                return True
            if answer is not None and 400 <= answer.status < 500 and not self._habit.after_4xx:
                return False
            if wait_s is not None:
                asked_s = 0.0 if answer is None else min(float(answer.retry_after_s or 0), WAIT_MAX_S)
                await self.universe.sleep(max(wait_s, asked_s))
        return False

    async def _try(self, id: str, body: bytes, events: Sequence[Event]) -> Reply | None:
        """One request. None: no answer was seen."""
        deadline_s = self._dice.uniform(*self._habit.deadline_s)
        headers = signed(self._key, id, self.universe.now() + self.skew_ms, body)
        try:
            answer = await self.link.carry(lambda: self._at_the_door(headers, body, events), deadline_s, id)
        except Lost as lost:
            self.universe.trace("unanswered", self.name, id, lost.reason)
            return None
        now = self.universe.now()
        self.universe.trace("told", self.name, id, answer.status)
        if 200 <= answer.status < 300:
            for event in events:
                told = self.told[event["id"]]
                told.acked_at = now if told.acked_at is None else told.acked_at
                told.given_up = False
        elif 400 <= answer.status < 500 and answer.status != 429:
            refused = Refusal(now, self.name, id, answer.status, answer.body)
            self.universe.witness.refused.append(refused)
        return answer

    async def _at_the_door(self, headers: Mapping[str, str], body: bytes, events: Sequence[Event]) -> Reply:
        at = self.universe.now()
        try:
            answer = await self.universe.post(self.name, headers, body)
        except Reset:
            for event in events:
                self.unsure.setdefault(event["id"], at)
            raise
        if 200 <= answer.status < 300:
            for event in events:
                told = self.told[event["id"]]
                if told.received_at is None:
                    told.received_at = answer.received_at
        return answer

    def _maybe_echo(self, batch: Batch, body: bytes) -> None:
        """Now and then, let what goes out come again: at once, soon, much later, or after the gateway's next start."""
        dice = self._echoes
        chance, kind = dice.random(), dice.randrange(4)
        if not self._habit.echoes or chance >= self.universe.swarm.sender_echo:
            return
        echo = [self._at_once, self._again, self._much_later, self._after_a_start][kind]
        self.under_way += 1
        self.universe.spawn(f"{self.name} echoes {batch.id}", self._echo(echo(batch, body)))

    async def _echo(self, sending: Any) -> None:
        try:
            await sending
        finally:
            self.under_way -= 1

    async def _at_once(self, batch: Batch, body: bytes) -> None:
        """The same request a second time, side by side with the first."""
        await self._try(batch.id, body, batch.events)

    async def _again(self, batch: Batch, body: bytes) -> None:
        """The same request some more times, whatever came of the first."""
        for wait_s in (1.0, 4.0, 30.0):
            await self.universe.sleep(wait_s)
            await self._try(batch.id, body, batch.events)

    async def _much_later(self, batch: Batch, body: bytes) -> None:
        """Its events among others, hours later."""
        await self.universe.sleep(_long_tail(self._echoes, HOUR_MS, ECHO_MAX_MS) / SECOND_MS)
        await self._regrouped(batch)

    async def _after_a_start(self, batch: Batch, body: bytes) -> None:
        """Its events among others, once another process of the gateway is there."""
        first = self.universe.process
        for _ in range(RESTART_POLLS):
            await self.universe.sleep(RESTART_POLL_S)
            if self.universe.process is not None and self.universe.process is not first:
                break
        await self._regrouped(batch)

    async def _regrouped(self, batch: Batch) -> None:
        """The same events, with some earlier ones, in other groups, order and order of keys."""
        dice = self._echoes
        own = {event["id"] for event in batch.events}
        earlier = [event for event in self._sent if event["id"] not in own]
        events = [*batch.events, *dice.sample(earlier, min(len(earlier), dice.randint(0, ECHO_BEFORE)))]
        dice.shuffle(events)
        number = 0
        while events:
            size = dice.randint(1, BATCH_MAX)
            group, events = events[:size], events[size:]
            body = json.dumps({"events": [scrambled(event, dice) for event in group]}, indent=dice.choice((None, 1)))
            await self._try(f"{batch.id}_echo_{number}", body.encode(), group)
            number += 1

    async def _sleep_until(self, at: int) -> None:
        if (wait_ms := at - self.universe.now()) > 0:
            await self.universe.sleep(wait_ms / SECOND_MS)


def signed(key: bytes, id: str, at: int, body: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks, as a sender makes them that knows nothing of the gateway's code."""
    second = str(at // SECOND_MS)
    mark = hmac.new(key, f"{id}.{second}.".encode() + body, hashlib.sha256).digest()
    return {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": second,
        "webhook-signature": "v1," + base64.b64encode(mark).decode(),
    }


def scrambled(value: Any, dice: Random) -> Any:
    """The same JSON with its keys in another order."""
    if isinstance(value, dict):
        keys = list(value)
        dice.shuffle(keys)
        return {key: scrambled(value[key], dice) for key in keys}
    if isinstance(value, list):
        return [scrambled(one, dice) for one in value]
    return value


def _lag(dice: Random, swarm: Any) -> int:
    """How much later than it happens an event is sent: mostly not at all."""
    late, behind, size = dice.random(), dice.random(), dice.random()
    if late < swarm.sender_late:
        return round(LATE_FIRST_MS * math.exp(size * math.log(LATE_MAX_MS / LATE_FIRST_MS)))
    return round(size * BEHIND_MAX_MS) if behind < swarm.sender_shuffle else 0


def _long_tail(dice: Random, first: int, most: int) -> float:
    """From `first` to `most`, each order of magnitude as often."""
    return first * math.exp(dice.random() * math.log(most / first))
