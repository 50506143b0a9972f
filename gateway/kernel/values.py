"""What is stored as plain values for JSON: times in RFC 3339, lengths in seconds, no bodies. Pure, for CLI and API."""

from collections.abc import Collection, Iterable

from gateway.kernel.access import AccessRow
from gateway.kernel.store import (
    UNOPENED,
    Attempt,
    AuditEntry,
    ContactRow,
    Delivery,
    EndpointRow,
    Listed,
    PolicyRow,
    SyncRow,
)
from gateway.model.instant import format_instant, format_known
from gateway.rules.breaker import Health
from gateway.rules.policy import Policy
from gateway.rules.timeline import FROM_THE_BEGINNING, NOTHING, Timeline
from gateway.rules.view import View, judgement_view

_NOT_KNOWN = (
    *("kind", "channel", "direction", "severity", "subject", "priority", "group", "assignee", "language", "deadline"),
)


def judge_of(row: ContactRow, policies: Timeline) -> Policy:
    """The policy that judged a contact last; by it alone its judgement is to be read."""
    return policies.at(NOTHING.since if row.state is None else row.state.policy_since).policy


def judged_by(rows: Iterable[ContactRow]) -> set[int]:
    """The policies by which these contacts are to be read: the instants from which each judges."""
    return {row.state.policy_since for row in rows if row.state is not None}


def contact_values(row: ContactRow, policies: Timeline, at: int) -> View:
    """A contact with its judgement; one whose opening hasn't come has the same fields, and nothing in them."""
    if row.state is not None:
        judgement = judgement_view(row.state, judge_of(row, policies), at)
        return {"id": row.id, **judgement, "next_due": format_known(row.next_due)}
    return {
        "id": row.id,
        **dict.fromkeys(_NOT_KNOWN),
        "status": UNOPENED,
        "tags": [],
        "fields": {},
        "customer": None,
        "facts": {},
        "refs": [{"connector": strand.connector, "kind": strand.kind, "id": strand.id} for strand in row.strands],
        "opened_at": None,
        "updated_at": format_instant(row.updated_at),
        "reopened": 0,
        "queue": None,
        "route": None,
        "clocks": [],
        "escalations": [],
        "next_due": format_known(row.next_due),
    }


def policy_values(row: PolicyRow) -> View:
    """A policy as it is kept. `since` is null for one that judges from the beginning."""
    return {
        "name": row.name,
        "hash": row.hash,
        "since": None if row.since == FROM_THE_BEGINNING else format_instant(row.since),
        "stored_at": format_instant(row.stored_at),
    }


def told_since(row: PolicyRow) -> int:
    """The instant that people are told as the policy's beginning: the day it came, of one that judges all before."""
    return row.stored_at if row.since == FROM_THE_BEGINNING else row.since


def delivery_values(delivery: Delivery) -> View:
    """A delivery on its way to an endpoint."""
    return {
        "id": delivery.id,
        "webhook_id": delivery.effect,
        "type": delivery.type,
        "contact": delivery.contact,
        "endpoint": delivery.endpoint,
        "sequence": delivery.sequence,
        "replay": delivery.replay,
        "state": delivery.state,
        "attempt": delivery.attempt,
        "tries": delivery.tries,
        "created_at": format_instant(delivery.created_at),
        "next_at": format_known(delivery.next_at),
        "delivered_at": format_known(delivery.delivered_at),
        "last_status": delivery.last_status,
        "last_error": delivery.last_error,
    }


def attempt_values(attempt: Attempt) -> View:
    """One try of a delivery."""
    return {**attempt, "at": format_instant(attempt["at"])}


def everyone(configured: Collection[str], rows: Iterable[EndpointRow]) -> list[EndpointRow]:
    """Every endpoint that is configured or known, by name; to one that isn't known yet nothing has gone."""
    known = {row.name: row for row in rows}
    names = sorted({*configured, *known})
    return [known.get(name) or EndpointRow(name=name, sequence=0, health=Health()) for name in names]


def endpoint_values(row: EndpointRow, now: int) -> View:
    """How an endpoint stands. `waiting` is counted as far as 10,000."""
    health = row.health
    return {
        "name": row.name,
        "state": health.standing(now),
        "why": health.disabled_why,
        "waiting": row.waiting,
        "oldest_waiting_at": format_known(row.oldest_waiting_at),
        "last_error": row.last_error,
        "failing_since": format_known(health.failing_since),
        "failures": health.failures,
        "retry_at": format_known(health.open_until),
        "paused_until": format_known(health.paused_until),
        "disabled_at": format_known(health.disabled_at),
        "last_success_at": format_known(health.succeeded_at),
        "last_sequence": row.sequence,
    }


def audit_values(entry: AuditEntry) -> View:
    """What somebody has done."""
    return {
        "id": entry.id,
        "at": format_instant(entry.at),
        "actor": entry.actor,
        "action": entry.action,
        "object": entry.object,
        "detail": entry.detail,
    }


def record_values(record: Listed) -> View:
    """A record of the inbox; `bytes` is the length of what it holds."""
    return {
        "id": record.id,
        "connector": record.connector,
        "state": record.state,
        "form": record.form,
        "key": record.key,
        "received_at": format_instant(record.received_at),
        "attempt": record.attempt,
        "reason": record.reason,
        "bytes": len(record.body),
    }


def share_of(run: SyncRow) -> tuple[float | None, float]:
    """The length of a run and how much of it is done, in ms of the past; no length where it can't be known."""
    if run.since is None or run.until is None:
        return (None, 0.0) if run.ended_at is None else (1.0, 1.0)
    length = float(max(1, run.until - run.since))
    if run.ended_at is not None:
        return length, length
    if run.reached is None:
        return (None, 0.0) if run.pages else (length, 0.0)
    return length, min(max(0.0, run.reached - run.since), length)


def sync_values(run: SyncRow) -> View:
    """A run over a stream. `waits_for` is why it doesn't go on, or, of one that is over, what ended it; `share` is how
    much of it is done, null where that can't be known."""
    length, done = share_of(run)
    return {
        "id": run.id,
        "connector": run.connector,
        "stream": run.stream,
        "lane": run.lane,
        "asked_at": format_instant(run.asked_at),
        "began_at": format_known(run.began_at),
        "ended_at": format_known(run.ended_at),
        "since": format_known(run.since),
        "until": format_known(run.until),
        "reached": format_known(run.reached),
        "share": None if length is None else round(done / length, 4),
        "pages": run.pages,
        "accepted": run.accepted,
        "duplicates": run.duplicates,
        "waits_for": run.failure,
    }


def access_values(row: AccessRow, now: int) -> View:
    """A token without what proves it."""
    return {
        "id": row.id,
        "name": row.name,
        "role": row.role,
        "state": row.state(now),
        "created_at": format_instant(row.created_at),
        "created_by": row.created_by,
        "expires_at": format_known(row.expires_at),
        "last_used_at": format_known(row.last_used_at),
        "revoked_at": format_known(row.revoked_at),
    }
