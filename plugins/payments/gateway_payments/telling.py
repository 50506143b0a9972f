"""What the facts of a matter say has happened, as events of one contact.

Laws. An id names a fact (`ch_…:dp_…:under_review`), so that better facts take the place of what was told. A contact is
open while anything about its charge wants an answer, on hold while all that isn't over waits for somebody else, and
closed when all is over; its priority is that of the most urgent thing that was ever at issue, its deadline the earliest
of what is open. What a charge and its customer are is told from the opening on, whenever it was read. What never wanted
an answer opens no contact, save disputes and reviews that were over when they were first seen.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final, NamedTuple

import msgspec

from gateway.plugin import (
    DAY_MS,
    UNSET,
    ContactAcknowledged,
    ContactObserved,
    ContactOpened,
    Customer,
    Event,
    FieldValue,
    Instant,
    MessageAdded,
    Person,
    Priority,
    Ref,
    Status,
    UnsetType,
)
from gateway_payments.failures import Ended, FailureRules, spells
from gateway_payments.matter import Issue, Matter, Payment, Seen, Shown, Stage, What, both

_TAGS: Final[Mapping[What, tuple[str, ...]]] = {
    "dispute": ("payment_dispute",),
    "warning": ("fraud", "early_fraud_warning"),
    "review": ("payment_review",),
    "refund": ("payment_dispute", "refund_failed"),
    "payout": ("payout_failed",),
    "verification": ("verification_delay",),
}
_HEADLINES: Final[Mapping[What, str]] = {
    "dispute": "Payment disputed",
    "warning": "Early fraud warning",
    "review": "Payment under review",
    "refund": "Refund failed",
    "payout": "Payout failed",
    "verification": "Verification needs input",
}
_ALWAYS: Final = frozenset({"dispute", "warning", "review"})
"""What counts even where it was over when it was first seen."""

_TOLD_LATE: Final = frozenset({"dispute", "review"})
"""What is told even so: that it was is worth a contact."""

_URGENCY: Final[tuple[Priority, ...]] = ("urgent", "high", "normal", "low")
_STAGES: Final[tuple[Stage, ...]] = ("open", "waits", "over", "none")
_NEVER: Final = 1 << 42
_CHANGES: Final = 3
"""The sequence of changes: what was done within the same second led to them."""

_STATUSES: Final[Mapping[Stage, Status]] = {"open": "open", "waits": "on_hold", "over": "closed"}
DUE_MAX_MS: Final = 365 * DAY_MS
"""A deadline that lies further ahead than this is none: no bank gives a year."""

TEXT_MAX: Final = 200
Fields = dict[str, FieldValue]


def tell(matter: Matter, rules: FailureRules) -> Iterator[Event]:
    """All events that the facts of a matter imply, in their order."""
    if not matter.refs:
        return
    ref = Ref(matter.refs[0].kind, matter.refs[0].id)
    if matter.failures:
        yield from _failures(ref, matter, rules)
    else:
        yield from _issues(ref, matter)


class _Step(NamedTuple):
    """Something at issue, `id`, has come into a status; `turn` counts how often it has."""

    at: int
    id: str
    rank: int
    status: str
    turn: int
    issue: Issue
    stage: Stage
    shown: Shown


@dataclass(slots=True)
class _So:
    """How the contact is after some steps."""

    matter: Matter
    latest: dict[str, _Step] = field(default_factory=dict)
    had_deadline: bool = False
    had_fields: dict[str, None] = field(default_factory=dict)

    def take(self, step: _Step) -> dict[str, Any]:
        """The contact's fields after one more step."""
        self.latest[step.id] = step
        pressing = sorted(self.latest.values(), key=lambda one: _pressing(one, self.matter))
        lead, most = pressing[0], pressing[0].stage
        alive = [one for one in pressing if one.stage == most]
        priority = min((_priority(one, self.matter) for one in pressing), key=_URGENCY.index)
        due = [one.shown.due_by for one in alive if one.stage == "open" and one.shown.due_by is not None]
        due = [due_by for due_by in due if due_by - step.at <= DUE_MAX_MS]
        fields = self._fields(pressing)
        said: dict[str, Any] = {
            "subject": _headline(lead),
            "priority": priority,
            "tags": self._tags(),
            "fields": self.had_fields | fields,
            "status": _STATUSES[most],
        }
        self.had_fields |= dict.fromkeys(fields)  # what was told of another is taken back
        self.had_deadline = self.had_deadline or bool(due)
        if self.had_deadline:
            said["deadline"] = Instant(min(due)) if due else None
        return said

    def _tags(self) -> tuple[str, ...]:
        tags = {tag for one in self.latest.values() for tag in _tags(one)}
        return tuple(sorted(tags))

    def _fields(self, pressing: Sequence[_Step]) -> Fields:
        """Of several of a kind the most pressing is shown, whole; the amount is that of the most pressing of all."""
        fields = _known(self.matter)
        shown = {one.issue.what: one for one in reversed(pressing)}
        for one in (one for one in reversed(pressing) if shown[one.issue.what] is one):
            fields |= {one.issue.what: one.id, **({"amount": one.shown.money} if one.shown.money else {})}
            fields |= one.shown.fields
        return fields


def _issues(ref: Ref, matter: Matter) -> Iterator[Event]:
    matter = _each_told(ref, matter)
    steps = sorted(step for id, issue in matter.issues.items() for step in _steps(id, issue, matter))
    opening = next((step for step in steps if step.stage != "over"), None)
    opening = opening or next((step for step in steps if step.issue.what in _TOLD_LATE), None)
    if opening is None:
        return
    so = _So(matter)
    before: dict[str, Any] = {}
    for _, together in groupby(steps, key=lambda step: step.at):
        for place, step in enumerate(together):
            said = so.take(step)
            name = f"{step.id}:{step.status}" + (f":{step.turn}" if step.turn > 1 else "")
            if step is opening:
                yield ContactOpened(
                    kind="ticket", channel="other", customer=_customer(matter), **said, **_named(ref, "opened", step.at)
                )
            elif before and (changed := {key: value for key, value in said.items() if before.get(key, UNSET) != value}):
                yield ContactObserved(**changed, **_named(ref, name, step.at, _CHANGES + place))
            if before or step is opening:
                before = said
    yield from _answers(ref, matter, opening.at)


def _each_told(ref: Ref, matter: Matter) -> Matter:
    """With what was said of the charge's disputes, without a word which of them, said of each."""
    said = matter.issues.get(ref.id) if ref.kind == "charge" else None
    named = {id: issue for id, issue in matter.issues.items() if id != ref.id}
    if said is None or not any(issue.what == "dispute" for issue in named.values()):
        return matter
    told = {id: both(issue, said) if issue.what == "dispute" else issue for id, issue in named.items()}
    return msgspec.structs.replace(matter, issues=told)


def _answers(ref: Ref, matter: Matter, opened_at: int) -> Iterator[Event]:
    """That somebody works on it, and that the bank was answered."""
    for id, issue in sorted(matter.issues.items()):
        if issue.evidence_at is not None:
            at = max(issue.evidence_at, opened_at)
            yield ContactAcknowledged(by=matter.provider, **_named(ref, f"{id}:evidence", at, 1))
        if issue.answered_at is not None:
            at = max(issue.answered_at, opened_at)
            yield MessageAdded(
                author=Person(kind="agent", id=matter.provider),
                text="The dispute was answered with evidence.",
                **_named(ref, f"{id}:answered", at, 2),
            )


def _steps(id: str, issue: Issue, matter: Matter) -> Iterator[_Step]:
    """What became of one thing at issue, each status that it has come into."""
    seen = sorted((at, one.rank, status) for status, one in issue.seen.items() if one.stage != "none" for at in one.at)
    turns: dict[str, int] = {}
    began = False
    for status, together in groupby(seen, key=lambda one: one[2]):
        at, rank, _ = next(together)
        one = issue.seen[status]
        if not began and one.stage != "open" and issue.what not in _ALWAYS:
            continue
        if not began and one.stage == "open" and issue.began_at is not None:
            at = min(at, issue.began_at)
        began = True
        turns[status] = turns.get(status, 0) + 1
        yield _Step(at, id, rank, status, turns[status], issue, one.stage, one.shown)
        if one.stage == "open" and (ended := _made_good(at, one, issue, matter)) is not None:
            yield _Step(ended, id, rank + 1, "made_good", turns[status], issue, "over", one.shown)


def _made_good(at: int, failed: Seen, issue: Issue, matter: Matter) -> int | None:
    """When a refund or payout that has failed was made good by a later one, and when a warning was overtaken."""
    made = issue.made_at or at
    if issue.what == "payout":
        return min((max(paid.at, at) for paid in matter.paid if paid.made_at > made), default=None)
    if issue.what == "refund":
        later = (
            max(seen.at[0], at)
            for other, seen in _refunded(matter)
            if (other.made_at or 0) > made and seen.shown.amount >= failed.shown.amount
        )
        return min(later, default=None)
    if issue.what == "warning":
        whole = (seen for _, seen in _refunded(matter) if 0 < failed.shown.amount <= seen.shown.amount)
        overtaken = (max(seen.at[0], at) for seen in (*whole, *_disputed(matter)))
        return min(overtaken, default=None)
    return None


def _refunded(matter: Matter) -> Iterator[tuple[Issue, Seen]]:
    """The refunds that have succeeded."""
    for issue in matter.issues.values():
        if issue.what == "refund" and "succeeded" in issue.seen:
            yield issue, issue.seen["succeeded"]


def _disputed(matter: Matter) -> Iterator[Seen]:
    """Every status of a dispute of the charge that is more than an inquiry."""
    for issue in matter.issues.values():
        if issue.what == "dispute":
            yield from (seen for seen in issue.seen.values() if seen.stage != "none" and not seen.shown.inquiry)


def _failures(ref: Ref, matter: Matter, rules: FailureRules) -> Iterator[Event]:
    """What became of a customer's failed payments."""
    opened = False
    for what in spells(matter.failures, matter.failed_last_at or 0, rules):
        fields = _known(matter) | {"failed_payments": what.failed}
        if isinstance(what, Ended):
            yield ContactObserved(status="solved", fields=fields, **_named(ref, f"quiet:{what.first}", what.at, 9))
            continue
        fields |= {"failure_code": what.failure.code or None, "amount": what.failure.money or None}
        said: dict[str, Any] = {
            "subject": _cut(" ".join(filter(None, ("Payment failed:", what.failure.code, what.failure.money)))),
            "priority": what.priority,
            "tags": ("card_testing", "fraud", "payment_failed") if what.testing else ("payment_failed",),
            "fields": {name: value for name, value in fields.items() if value is not None},
            "status": "open",
        }
        if not opened:
            customer = _customer(matter)
            yield ContactOpened(
                kind="ticket", channel="other", customer=customer, **said, **_named(ref, "opened", what.at)
            )
            opened = True
        else:
            yield ContactObserved(**said, **_named(ref, f"failed:{what.failure.id}", what.at, 1))


def _named(ref: Ref, name: str, at: int, sequence: int = 0) -> dict[str, Any]:
    return {"id": f"{ref.id}:{name}", "at": Instant(at), "ref": ref, "sequence": sequence}


def _pressing(step: _Step, matter: Matter) -> tuple[int, int, int, int, str]:
    """The smallest is what people should see first: what wants an answer, then what is urgent, then what is due first,
    then the oldest."""
    urgency = _URGENCY.index(_priority(step, matter))
    return _STAGES.index(step.stage), urgency, step.shown.due_by or _NEVER, step.at, step.id


def _priority(step: _Step, matter: Matter) -> Priority:
    """The severity of each: fraud and early warnings first."""
    if step.issue.what == "warning" or step.shown.fraud:
        return "urgent"
    if step.issue.what == "review" and any(payment.risk == "highest" for payment in matter.payments.values()):
        return "urgent"
    return "high"


def _tags(step: _Step) -> Iterator[str]:
    yield from _TAGS[step.issue.what]
    if step.shown.fraud:
        yield "fraud"
    if step.issue.what == "dispute" and step.shown.inquiry:
        yield "dispute_inquiry"


def _headline(step: _Step) -> str:
    reason = f": {step.shown.reason.replace('_', ' ')}" if step.shown.reason else ""
    amount = f", {step.shown.money}" if step.shown.money else ""
    return _cut(f"{_HEADLINES[step.issue.what]}{reason}{amount}")


def _known(matter: Matter) -> Fields:
    """What is known of the charge, whatever is at issue."""
    fields: Fields = {"provider": matter.provider}
    if matter.account:
        fields["account"] = matter.account
    fields |= {named.kind: named.id for named in reversed(matter.refs) if named.kind in ("charge", "payment_intent")}
    payment = _payment(matter)
    if payment is not None:
        fields |= {"amount": payment.money, **payment.fields} if payment.money else payment.fields
    return fields


def _payment(matter: Matter) -> Payment | None:
    """What is known best of the charge and who paid it."""
    known = sorted(matter.payments.items(), key=lambda item: (item[1].whole, item[1].at, item[0]))
    return known[-1][1] if known else None


def _customer(matter: Matter) -> Customer | UnsetType:
    payment = _payment(matter)
    if payment is None or not (payment.customer or payment.email or payment.phone or payment.name):
        return UNSET
    return Customer(id=payment.customer, email=payment.email, phone=payment.phone, name=payment.name)


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_MAX else f"{text[: TEXT_MAX - 1]}…"
