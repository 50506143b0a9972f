"""What a perfect connector must say of a simulated account, told from the account's own log of events.

Law: told is what is sure. Of a charge about which several things are at issue, the urgency and the status of the whole
are the connector's to weigh: of those only the times are told, and what a dispute became.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from gateway.plugin import (
    SECOND_MS,
    ContactAcknowledged,
    ContactObserved,
    ContactOpened,
    Customer,
    Event,
    Instant,
    MessageAdded,
    Person,
    Priority,
    Ref,
    Status,
)
from gateway_payments.stripe.simulator.account import Account, Json
from gateway_payments.stripe.simulator.desk import VERIFICATION, WARNING
from gateway_payments.stripe.simulator.spells import Failed, of_failures, of_payouts

PROVIDER: Final = "stripe"

_DISPUTE: Final[dict[str, Status]] = {
    "warning_needs_response": "open",
    "warning_under_review": "on_hold",
    "warning_closed": "closed",
    "needs_response": "open",
    "under_review": "on_hold",
    "won": "closed",
    "lost": "closed",
    "prevented": "closed",
}
_TOLD: Final = ("dispute", WARNING, "review", "refund", VERIFICATION)


@dataclass(slots=True)
class _Issue:
    """One thing at issue: since when it had which status, in our words too, and what was done about it."""

    id: str
    kind: str
    row: Json
    steps: list[tuple[int, str, Status]] = field(default_factory=list)
    evidence_at: int | None = None
    answered_at: int | None = None

    def take(self, row: Json, at: int) -> None:
        """Another event shows it."""
        named = _status(row)
        if named is not None and named[0] not in {status for _, status, _ in self.steps}:
            self.steps.append((at, *named))
        details = row.get("evidence_details", {})
        if self.evidence_at is None and details.get("has_evidence"):
            self.evidence_at = at
        if self.answered_at is None and details.get("submission_count", 0) > 0:
            self.answered_at = at


def truth(account: Account) -> list[Event]:
    """What is true of every charge and verification, in the order of their first event."""
    matters: dict[Ref, dict[str, _Issue]] = {}
    declined: list[Failed] = []
    unpaid: list[tuple[int, Json]] = []
    for happening in reversed(list(account.newest_first())):
        row: Json = msgspec.json.decode(happening.row)
        at = happening.created * SECOND_MS
        if happening.type == "charge.failed":
            declined.append((at, row["id"], row))
        elif happening.type == "payout.failed":
            unpaid.append((at, row))
        if row["object"] not in _TOLD:
            continue
        ref = Ref("verification", row["id"]) if row["object"] == VERIFICATION else Ref("charge", row["charge"])
        issues = matters.setdefault(ref, {})
        issue = issues.setdefault(row["id"], _Issue(row["id"], row["object"], row))
        issue.take(row, at)
    told = [event for ref, issues in matters.items() for event in _of(account, ref, list(issues.values()))]
    return [*told, *of_failures(account, declined), *of_payouts(unpaid)]


def _of(account: Account, ref: Ref, issues: list[_Issue]) -> Iterator[Event]:
    alive = [issue for issue in issues if issue.steps]
    if not alive:
        return
    first = min(alive, key=lambda issue: issue.steps[0][0])
    opened_at, alone = first.steps[0][0], len(alive) == 1
    whole: dict[str, Any] = {}
    if alone:
        whole = {"priority": _priority(account, first), "status": first.steps[0][2], "tags": _tags(first)}
    if (customer := _customer(account, ref)) is not None:
        whole["customer"] = customer
    yield ContactOpened(**_named(ref, "opened", opened_at), kind="ticket", channel="other", **whole)
    for issue in alive:
        before = issue.steps[0][2]
        for at, status, ours in issue.steps:
            changed, before = ours != before, ours
            if (at == opened_at and issue is first) or not (alone or issue.kind == "dispute"):
                continue
            if at == opened_at and not alone:
                continue  # which of two things of one second opens it is the connector's to say
            named = _named(ref, f"{issue.id}:{status}", at)
            yield ContactObserved(**named, status=ours) if alone and changed else ContactObserved(**named)
        if issue.evidence_at is not None:
            yield ContactAcknowledged(**_named(ref, f"{issue.id}:evidence", issue.evidence_at), by=PROVIDER)
        if issue.answered_at is not None:
            author = Person(kind="agent", id=PROVIDER)
            yield MessageAdded(**_named(ref, f"{issue.id}:answered", issue.answered_at), author=author)


def _status(row: Json) -> tuple[str, Status] | None:
    """What an object's status is called, and what it means to us; None while it means nothing."""
    match row["object"]:
        case "dispute":
            return row["status"], _DISPUTE[row["status"]]
        case "radar.early_fraud_warning":
            return ("actionable", "open") if row["actionable"] else ("not_actionable", "closed")
        case "review":
            return ("open", "open") if row["open"] else ("closed", "closed")
        case "refund":
            return ("failed", "open") if row["status"] == "failed" else None
        case _:
            ours: dict[str, Status] = {"requires_input": "open", "verified": "closed"}
            return (row["status"], ours[row["status"]]) if row["status"] in ours else None


def _priority(account: Account, issue: _Issue) -> Priority:
    if issue.kind == WARNING or issue.row.get("reason") == "fraudulent":
        return "urgent"
    if issue.kind == "review":
        charge = account.get("charge", issue.row["charge"])
        return "urgent" if charge["outcome"]["risk_level"] == "highest" else "high"
    return "high"


def _tags(issue: _Issue) -> tuple[str, ...]:
    fraud = ["fraud"] if issue.row.get("reason") == "fraudulent" else []
    inquiry = ["dispute_inquiry"] if issue.row.get("status") == "warning_needs_response" else []
    tags = {
        "dispute": ["payment_dispute", *fraud, *inquiry],
        WARNING: ["early_fraud_warning", "fraud"],
        "review": ["payment_review"],
        "refund": ["payment_dispute", "refund_failed"],
    }
    return tuple(sorted(tags.get(issue.kind, ["verification_delay"])))


def _customer(account: Account, ref: Ref) -> Customer | None:
    if ref.kind != "charge":
        return None
    row = account.find("customer", account.get("charge", ref.id)["customer"])
    if row is None or row.get("deleted"):
        return None
    return Customer(id=row["id"], email=row["email"], phone=row["phone"], name=row["name"])


def _named(ref: Ref, name: str, at: int) -> dict[str, Any]:
    return {"id": f"{ref.id}:{name}", "at": Instant(at), "ref": ref}
