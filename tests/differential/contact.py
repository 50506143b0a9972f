"""What happens to a contact, as the slow judge understands it: its facts, its promises, and the rules in force.

Events are applied one by one, in order; time passes elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.differential.calls import Calls
from tests.differential.promises import (
    AT_THE_OPENING,
    ENDED_BY_A_REPLY,
    ENDED_BY_THE_END,
    FAR,
    GO_ON,
    MET_BY_THE_END,
    METRICS,
    ONCE_A_LIFE,
    Promise,
)
from tests.differential.walls import Opening
from tests.differential.words import ENDED, GONE, PRIORITIES, Facts, first_match

Content = dict[str, Any]


@dataclass(frozen=True)
class Said:
    """Something that follows, at an instant; `rule` may be empty."""

    type: str
    at: int
    rule: str = ""


class Contact:
    """One contact with all that is promised for it. Before its opening there are no `facts`."""

    def __init__(self, policy: Mapping[str, Any], opening: Opening) -> None:
        self.policy = policy
        self.opening = opening
        self.place = {rule["id"]: number for number, rule in enumerate(policy["sla"])}
        self.facts: Facts | None = None
        self.promises: list[Promise] = []
        self.said: list[Said] = []
        self.calls = Calls(policy, opening, self.say)
        self.now = 0
        self.route: Content | None = None
        self.route_told: Content | None = None
        self.inbound = True
        self.in_force: dict[str, Content | None] = dict.fromkeys(METRICS)
        self.replied = False
        self.acknowledged = False
        self.question: Promise | None = None
        """The oldest message of the customer that no reply has followed, whether a first reply exists or not."""

        self.asked_in_the_end = False
        self.outbound_asked = False
        self.queued = ""
        self.life = 0
        self.at_reopen: list[str] = []
        self.started: list[Promise] = []
        """What the event has started: in the end, only that takes the rule in force."""

        self.status_before = "ended"
        """The status under which the promises ran until this event; one word for every end."""

        self.in_order: list[Promise] = []
        """The promises that a rule has counted, in the policy's order of rules, then by instance."""

    def say(self, kind: str, rule: str = "") -> None:
        """Something follows now."""
        self.said.append(Said(kind, self.now, rule))

    def ended(self) -> bool:
        """Whether the contact is ended."""
        assert self.facts is not None
        return self.facts.status in (*ENDED, *GONE)

    # ── Events ───────────────────────────────────────────────────────────────────────────────────────────────────

    def apply(self, event: Content) -> None:
        """Let an event happen at its instant."""
        self.now = event["at"]
        self.started.clear()
        kind = event["type"]
        if kind == "contact.opened" and self.facts is None:
            self._open(event)
            return
        if self.facts is None:
            return
        self.calls.happened(event)
        demanded = self.facts.deadline
        match kind:
            case "contact.opened" | "contact.observed":
                self._observe(event, status=event.get("status") if kind == "contact.observed" else None)
            case "status.changed":
                self._change(event["to"])
            case "message.added":
                self._message(event)
            case "contact.acknowledged":
                self._acknowledge()
            case "contact.merged" | "contact.deleted":
                self._go(kind.removeprefix("contact."))
            case "csat.received":
                self._rated(event)
            case "escalation.acknowledged":
                self.calls.acknowledge(event["escalation"], self.now)
            case "escalation.resolved":
                self.calls.resolve(event["escalation"], self.now)
            case "call.answered":
                self._reply("agent")
                self._end("speed_of_answer", met=True)
            case "call.abandoned" | "call.ended":
                self._end("speed_of_answer", met=False)
            case "call.queued" | "call.ringing":
                self._ring(kind)
        self._heed(demanded)
        self._judge_rules()

    def _open(self, event: Content) -> None:
        self.facts = Facts(event["kind"], event.get("status", "new"), channel=event.get("channel", "email"))
        self.inbound = event.get("direction", "inbound") == "inbound"
        self.say("contact.opened")
        self._update(event)
        if self.ended():
            self.at_reopen = list(AT_THE_OPENING)
        else:
            self._begin_life(AT_THE_OPENING)
        self._heed(None)
        self._judge_rules()

    def _begin_life(self, metrics: Sequence[str]) -> None:
        assert self.facts is not None
        for metric in metrics:
            if metric == "first_reply" and (self.replied or not (self.inbound or self.outbound_asked)):
                continue
            if metric == "acknowledgement" and self.acknowledged:
                continue
            if metric == "speed_of_answer" and self.facts.kind != "call":
                continue
            self._start(metric)

    def _update(self, event: Content) -> None:
        assert self.facts is not None
        self.facts.priority = event.get("priority", self.facts.priority)
        self.facts.tags = list(event.get("tags", self.facts.tags))
        self.facts.deadline = event.get("deadline", self.facts.deadline)

    def _heed(self, before: int | None) -> None:
        """See that what the vendor demands is promised; `before` is what was demanded before the event."""
        assert self.facts is not None
        demanded = self.facts.deadline
        if self.ended():
            return
        if demanded is None:
            self._end("deadline", met=True)
            return
        if not self._waits("deadline"):
            if demanded <= self.now and demanded == before:
                return  # It came and went while the contact was ended.
            self._start("deadline")
        for promise in self.promises:
            if promise.metric == "deadline" and not promise.over:
                promise.demand(demanded)

    def _observe(self, event: Content, status: str | None) -> None:
        self._update(event)
        if status is not None:
            self._change(status)

    def _change(self, status: str) -> None:
        assert self.facts is not None
        before, was_ended = self.facts.status, self.ended()
        if status in ENDED:
            self.facts.status = status
            if before != status:
                self.say(f"contact.{status}")
            if not was_ended:
                self._end_of_contact(met=True)
            return
        self.facts.status = status
        if was_ended:
            self._reopen()

    def _go(self, how: str) -> None:
        assert self.facts is not None
        was_ended = self.ended()
        self.facts.status = how
        for promise in self.promises:
            if promise.metric in (*GO_ON, "first_resolution"):
                promise.final = True
        if not was_ended:
            self._end_of_contact(met=False)
        else:
            self._cancel_all()
        if was_ended:
            self.at_reopen = [metric for metric in self.at_reopen if metric in ("first_reply", "acknowledgement")]
            self.asked_in_the_end = False

    def _cancel_all(self) -> None:
        for promise in self.promises:
            if not promise.over:
                self._over(promise, met=False)

    def _end_of_contact(self, *, met: bool) -> None:
        self.at_reopen = []
        for promise in self.promises:
            if promise.over:
                continue
            if promise.metric in ("first_reply", "acknowledgement"):
                self.at_reopen.append(promise.metric)
            if promise.metric in MET_BY_THE_END and met:
                self._over(promise, met=True)
            elif promise.metric in ENDED_BY_THE_END or not met:
                self._over(promise, met=False)
        self.question = None
        self.asked_in_the_end = False
        self.calls.end(self.now)

    def _reopen(self) -> None:
        assert self.facts is not None
        self.facts.reopened += 1
        self.life += 1
        self.say("contact.reopened")
        for promise in self.promises:
            if promise.metric in GO_ON and promise.over and not promise.final:
                promise.over = False
                promise.met = None
                promise.due = promise.due if promise.breached is not None else None
        self._begin_life(list(dict.fromkeys(self.at_reopen)))
        self.at_reopen = []
        if self.asked_in_the_end:
            self._question()
        self.asked_in_the_end = False

    def _start(self, metric: str) -> None:
        promise = Promise(metric, self.now)
        self.promises.append(promise)
        self.started.append(promise)

    def _waits(self, metric: str) -> bool:
        return any(promise.metric == metric and not promise.over for promise in self.promises)

    def _end(self, metric: str, *, met: bool) -> None:
        if metric in (*ONCE_A_LIFE, "handover_reply"):
            self.at_reopen = [waiting for waiting in self.at_reopen if waiting != metric]
        for promise in self.promises:
            if promise.metric == metric and not promise.over:
                self._over(promise, met=met)

    def _over(self, promise: Promise, *, met: bool) -> None:
        """End a promise: it is met, or it will never be."""
        promise.over = True
        if promise.rule is None:
            return
        if not met:
            promise.cancelled = self.now
            return
        promise.met = self.now
        if promise.breached is None:
            promise.due = self._deadline(promise)
            self.say("sla.met", promise.rule["id"])

    def _deadline(self, promise: Promise) -> int | str | None:
        assert self.facts is not None
        ghost = Promise(promise.metric, promise.start)
        if promise.elapsed >= promise.target:
            return self.now
        if not ghost.runs(self.status_before):
            return None
        due = self.opening.due(promise.calendar, self.now, promise.target - promise.elapsed)
        return FAR if due is None else due

    # ── Messages and calls ───────────────────────────────────────────────────────────────────────────────────────

    def _message(self, event: Content) -> None:
        author = event["author"]["kind"]
        if event.get("visibility", "public") != "public":
            return
        if author == "customer":
            self._ask()
        elif author in ("agent", "bot") and not event.get("auto", False):
            self._reply(author)

    def _ask(self) -> None:
        if not self.inbound and not self.outbound_asked:
            self.outbound_asked = True
            if self.ended():
                self.at_reopen.append("first_reply")
            else:
                self._start("first_reply")
        if self.ended():
            self.asked_in_the_end = True
        elif self.question is None:
            self._question()

    def _question(self) -> None:
        self.question = Promise("next_reply", self.now)
        if self.replied:
            self.promises.append(self.question)

    def _counts(self, metric: str, author: str) -> bool:
        rule = self.in_force[metric]
        return author == "agent" or bool(rule and rule.get("bots_count"))

    def _reply(self, author: str) -> None:
        for metric in ENDED_BY_A_REPLY:
            if self._counts(metric, author):
                self._end(metric, met=True)
        if self._counts("acknowledgement", author):
            self.acknowledged = True
        if self._counts("next_reply", author):
            self.question = None
            self.asked_in_the_end = False
        if self._counts("first_reply", author) and (self.inbound or self.outbound_asked):
            if not self.replied and self.question is not None:
                self.promises.append(self.question)
            self.replied = True
        for metric in ("periodic_update", "pausable_update"):
            if self._counts(metric, author):
                if self.ended():
                    self.at_reopen.append(metric)
                else:
                    self._start(metric)

    def _acknowledge(self) -> None:
        self.acknowledged = True
        self._end("acknowledgement", met=True)
        self._end("csat_recovery", met=True)

    def _rated(self, event: Content) -> None:
        rule = self.in_force["csat_recovery"]
        if rule is None:
            return
        share = (event["score"] - event["min"]) / (event["max"] - event["min"])
        if share < float(rule["below"].rstrip("%")) / 100 and not self._waits("csat_recovery"):
            self.say("csat.recovery_required", rule["id"])
            self._start("csat_recovery")

    def _ring(self, kind: str) -> None:
        if self.queued == "call.queued" or self.queued == kind:
            return
        self.queued = kind
        for promise in self.promises:
            if promise.metric == "speed_of_answer" and not promise.over and promise.breached is None:
                promise.start = self.now
                promise.elapsed = 0
                promise.unruled = {}

    # ── Rules ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _judge_rules(self) -> None:
        facts = self.facts
        assert facts is not None
        severity = first_match(self.policy.get("severity", []), facts)
        facts.severity = severity["severity"] if severity else PRIORITIES.get(facts.priority or "", 3)
        self._judge_route(facts)
        for metric in METRICS:
            rules = [rule for rule in self.policy["sla"] if rule["metric"] == metric]
            self.in_force[metric] = first_match(rules, facts)
        for promise in self.promises:
            if not promise.over and (promise in self.started or not self.ended()):
                promise.goes_by(self.in_force[promise.metric], self.now)
        self.status_before = "ended" if self.ended() else facts.status
        counted = [promise for promise in self.promises if promise.last_rule is not None]
        self.in_order = sorted(counted, key=lambda promise: self.place[promise.last_rule["id"]])  # type: ignore[index]

    def _judge_route(self, facts: Facts) -> None:
        rule = first_match(self.policy.get("routing", []), facts)
        route = None
        if rule is not None:
            tier = self.policy["queues"][rule["queue"]].get("tier", 1)
            route = {"rule": rule["id"], "queue": rule["queue"], "tier": tier, "priority": rule.get("priority", 0)}
        if route == self.route:
            return
        if route is not None and self.route is not None and route["tier"] > self.route["tier"]:
            if self.ended():
                self.at_reopen.append("handover_reply")
            else:
                self._start("handover_reply")
        self.route = route
        facts.queue, facts.tier = (route["queue"], route["tier"]) if route else (None, None)
