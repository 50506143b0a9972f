"""Escalations as the slow judge understands them: raised, stepped, reminded, acknowledged, resolved."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.differential.promises import Promise
from tests.differential.walls import Opening
from tests.differential.words import Facts, duration, holds


@dataclass
class Call:
    """One escalation. Lengths in milliseconds of its chain's calendar."""

    rule: dict[str, Any]
    chain: dict[str, Any]
    raised: int
    promise: Promise | None
    waited: int = 0
    fired: int = 0
    last_fired: list[int] = field(default_factory=list)
    """For every step that has fired, how long the call had waited when it or its reminder fired last."""

    acknowledged: int | None = None
    since_acknowledged: int = 0
    leased: bool = False
    """Whether nothing has happened since the acknowledgement."""

    resolved: int | None = None

    def reminders(self) -> list[tuple[int, int]]:
        """Number of each step that repeats, from 0, and how long the call must have waited for its reminder."""
        fired = enumerate(zip(self.chain["steps"], self.last_fired, strict=False))
        return [(number, last + duration(step["reminder"])) for number, (step, last) in fired if "reminder" in step]

    @property
    def state(self) -> str:
        """In one word."""
        if self.resolved is not None:
            return "resolved"
        return "active" if self.acknowledged is None else "acknowledged"


class Calls:
    """Every escalation of one contact."""

    def __init__(self, policy: Mapping[str, Any], opening: Opening, say: Callable[[str, str], None]) -> None:
        self.policy = policy
        self.opening = opening
        self.say = say
        self.calls: list[Call] = []
        self.known: set[tuple[str, int | str]] = set()
        self.names: dict[str, tuple[str, int, int]] = {}
        """What each id of an escalation means: its rule, the instant of its raising, its number among those."""

    def pass_time(self, start: int, end: int) -> bool:
        """Let a stretch pass; False if something was due within it."""
        for call in self.calls:
            if call.resolved is not None or not self.opening.is_open(call.chain.get("calendar", "always"), start):
                continue
            if any(0 < left < end - start for left in self._left(call)):
                return False
            call.waited += end - start
            call.since_acknowledged += end - start
        return True

    def _left(self, call: Call) -> list[int]:
        """How long until each thing that may come."""
        found = [duration(step["after"]) - call.waited for step in call.chain["steps"][call.fired :]]
        found += [due - call.waited for _, due in call.reminders()]
        if "unack_after" in call.chain:
            found.append(duration(call.chain["unack_after"]) - call.since_acknowledged)
        return found

    def raise_what_is_due(self, facts: Facts, promises: Sequence[Promise], life: int | None, now: int) -> None:
        """Raise what has become true: for `matched` once in a life (None: in none), else once for each promise."""
        for rule in self.policy.get("escalation", []):
            if not holds(rule.get("when"), facts):
                continue
            if rule["on"] == "matched":
                if life is not None:
                    self._raise(rule, None, f"life {life}", now)
                continue
            for promise in promises:
                wanted = rule.get("metric") in (None, promise.metric)
                true = promise.breached is not None if rule["on"] == "sla.breached" else bool(promise.warned)
                if wanted and true and not promise.over and promise.rule is not None:
                    self._raise(rule, promise, id(promise), now)

    def _raise(self, rule: dict[str, Any], promise: Promise | None, cause: int | str, now: int) -> None:
        if (rule["id"], cause) not in self.known:
            self.known.add((rule["id"], cause))
            call = Call(rule, self.policy["chains"][rule["chain"]], now, promise)
            self.calls.append(call)
            self.say("escalation.raised", rule["id"])
            if duration(call.chain["steps"][0]["after"]) == 0:
                self._fire(call)

    def step(self, now: int) -> None:
        """Fire the steps and reminders that are due; an acknowledgement may run out."""
        for call in self.calls:
            if call.resolved is not None:
                continue
            if call.acknowledged is not None:
                if not call.leased or call.since_acknowledged < duration(call.chain.get("unack_after", "9999d")):
                    continue
                call.acknowledged = None
                call.last_fired = [call.waited] * call.fired
            steps = call.chain["steps"]
            while call.fired < len(steps) and call.waited >= duration(steps[call.fired]["after"]):
                self._fire(call)
                self.say("escalation.stepped", call.rule["id"])
            for number, due in call.reminders():
                if call.waited >= due:
                    call.last_fired[number] = call.waited
                    self.say("escalation.stepped", call.rule["id"])

    def _fire(self, call: Call) -> None:
        call.fired += 1
        call.last_fired.append(call.waited)

    def _meant(self, name: str) -> list[Call]:
        """The escalation of this id; none for one that doesn't exist."""
        rule, raised, number = self.names.get(name, ("", 0, 0))
        meant = [call for call in self.calls if (call.rule["id"], call.raised) == (rule, raised)]
        return meant[number : number + 1]

    def resolve(self, name: str, now: int) -> None:
        """Somebody says that an escalation is over."""
        for call in self._meant(name):
            if call.resolved is None:
                self._resolve(call, now)

    def acknowledge(self, name: str, now: int) -> None:
        """Somebody takes an escalation."""
        for call in self._meant(name):
            if call.resolved is None and call.acknowledged is None:
                call.acknowledged = now
                call.since_acknowledged = 0
                call.leased = True
                self.say("escalation.acknowledged", call.rule["id"])

    def happened(self, event: Mapping[str, Any]) -> None:
        """An event of the contact is a sign of life: what was acknowledged before it stays so."""
        for call in self.calls:
            if call.acknowledged != event["at"]:
                call.leased = False

    def look(self, facts: Facts, promises: Sequence[Promise], now: int) -> None:
        """Resolve what an event has made needless."""
        for call in self.calls:
            if call.resolved is not None:
                continue
            if call.promise is not None:
                gone = call.promise.met is not None or call.promise.cancelled is not None
            else:
                gone = not holds(call.rule.get("when"), facts)
            if gone:
                self._resolve(call, now)

    def end(self, now: int) -> None:
        """Resolve everything: the contact is ended."""
        for call in self.calls:
            if call.resolved is None:
                self._resolve(call, now)

    def _resolve(self, call: Call, now: int) -> None:
        call.resolved = now
        self.say("escalation.resolved", call.rule["id"])
