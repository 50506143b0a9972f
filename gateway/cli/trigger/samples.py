"""Sample notices of every type: a short story, judged, announced and written by the code that makes real ones.

Law. Nothing of a notice is made up here: the story and the policy are, and what follows from them is the rules' word. A
sample's ids are new each time, so that no receiver takes it for one that it has had.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec

from gateway.kernel.ports import Rng
from gateway.model.event import Event, convert_event
from gateway.model.identity import StrandKey, contact_id
from gateway.model.instant import MINUTE_MS, format_instant
from gateway.model.judgement import Effect, LedgerEntry, OperatorType
from gateway.policy.load import Loaded, load_policy
from gateway.rules.advance import Judged, Sourced
from gateway.rules.announce import announce
from gateway.rules.breaker import Health
from gateway.rules.notice import numbered
from gateway.rules.operator import operator_body, operator_effect
from gateway.rules.replay import replay
from gateway.rules.timeline import Timeline
from gateway.rules.view import notice_body

Contact = Mapping[str, Any]
"""Fields of an opening."""

CONNECTOR: Final = "sample"
ENDPOINT: Final = "another-endpoint"
"""The receiver that a notice `endpoint.*` is about: it is told to others, never to itself."""

POLICY: Final = """\
version: 1
name: sample
severity:
  - {id: urgent, when: 'contact.priority == "urgent"', severity: 1}
  - {id: normal, severity: 3}
queues:
  experts: {team: experts, tier: 2}
  general: {team: everybody, tier: 1}
routing:
  - {id: urgent, when: contact.severity == 1, queue: experts, skills: [incident], priority: 100}
  - {id: default, queue: general}
sla:
  - {id: resolution, metric: resolution, within: 1h, warn: [50%]}
  - {id: recovery, metric: csat_recovery, within: 24h, below: 50%}
roles:
  team_lead: {endpoints: [helpdesk]}
chains:
  late:
    steps:
      - {after: 0m, notify: [team_lead]}
      - {after: 15m, notify: [team_lead]}
escalation:
  - {id: late-resolution, on: sla.breached, metric: resolution, chain: late}
enrich:
  - {id: who-pays, enricher: payments}
"""

_ENDPOINT_TYPES: Final[tuple[OperatorType, ...]] = ("endpoint.failing", "endpoint.recovered", "endpoint.disabled")
_OPENING: Final[Contact] = {
    "kind": "ticket",
    "channel": "email",
    "subject": "A sample: nothing works",
    "priority": "urgent",
    "tags": ["sample"],
    "customer": {"id": "a-customer", "name": "Ada Customer", "email": "ada@customer.example"},
}
_FACTS: Final[Mapping[str, Any]] = {
    "currency": "EUR",
    "payments": 7,
    "paid": 1240.0,
    "refunded": 0.0,
    "disputed": 129.0,
    "lost": 0.0,
    "known": True,
    "customers": 1,
    "customer_id": "cus_a_sample",
    "since": "2025-03-02T09:00:00Z",
    "known_days": 365,
    "delinquent": False,
    "others": [],
    "failed_recently": 0,
    "disputes": 1,
    "open_disputes": 1,
    "lost_disputes": 0,
    "dispute_due_at": "2026-03-11T23:59:59Z",
    "dispute_reason": "product_not_received",
    "warnings": 0,
    "last_paid_at": "2026-02-19T14:12:00Z",
    "last_failed_at": "",
    "last_failure": "",
    "card_brand": "visa",
    "card_last4": "4242",
    "complete": True,
    "unseen": [],
}
_STORY: Final[tuple[tuple[int, str, Mapping[str, Any]], ...]] = (
    (1, "message.added", {"author": {"kind": "customer", "name": "Ada Customer"}, "text": "Nothing works."}),
    (2, "enrichment.received", {"enricher": "payments", "status": "unavailable", "reason": "no answer within 5 s"}),
    (70, "enrichment.received", {"enricher": "payments", "status": "ok", "facts": _FACTS}),
    (80, "escalation.acknowledged", {"by": "an-agent"}),
    (90, "message.added", {"author": {"kind": "agent", "id": "an-agent"}, "text": "It works again."}),
    (95, "status.changed", {"to": "solved"}),
    (100, "csat.received", {"score": 1, "min": 1, "max": 5}),
    (110, "message.added", {"author": {"kind": "customer", "name": "Ada Customer"}, "text": "It doesn't."}),
    (111, "status.changed", {"to": "open"}),
    (120, "status.changed", {"to": "closed"}),
)
"""Minutes after the opening, and what happens: late all along. The enricher is asked at the opening, and answers after
the first step of the escalation, which doesn't wait for it, and before the second."""

_IN_TIME: Final = (20, "status.changed", {"to": "solved"})
"""What would have kept the promise."""

_CORRECTED_AT: Final = 70 * MINUTE_MS
_END: Final = 130 * MINUTE_MS


class BadContact(Exception):
    """What was said of the sample's contact can't be."""


def sample_notice(
    type: str, now: int, rng: Rng, *, source: str, link: str, contact: Contact, sequence: int
) -> tuple[str, bytes]:
    """The id and the body of a notice of that type that becomes true now. `contact`: fields of its opening. Raises
    BadContact, and ValueError for a type that the story doesn't have."""
    name = f"sample-{rng.token(6).hex()}"
    operator = next((word for word in _ENDPOINT_TYPES if word == type), None)
    if operator is not None:
        body = _about_endpoint(operator, now, source)
    elif type in ("sla.corrected", "escalation.cancelled"):
        body = _corrected(type, now, name, contact, source, link)
    else:
        body = _following(type, now, name, contact, source, link)
    return str(body["id"]), numbered(msgspec.json.encode(body), sequence)


def _about_endpoint(type: OperatorType, now: int, source: str) -> dict[str, Any]:
    health = Health(
        failing_since=None if type == "endpoint.recovered" else now - 20 * MINUTE_MS,
        failures=10,
        succeeded_at=now if type == "endpoint.recovered" else now - 21 * MINUTE_MS,
        disabled_why="it answered 410" if type == "endpoint.disabled" else "",
    )
    return operator_body(operator_effect(type, ENDPOINT, health, now), ENDPOINT, health, source)


def _following(type: str, now: int, name: str, contact: Contact, source: str, link: str) -> dict[str, Any]:
    """What follows from the story: told once to learn when it comes, and once more so that it comes now."""
    late = type != "sla.met"
    begun = now - _END
    told = _judged(_events(name, begun, contact, late=late), now)
    at = next((following.at for following in told.implied if following.type == type), None)
    if at is None:
        raise ValueError(f"no story has a notice of the type {type}")
    judged = _judged(_events(name, begun + now - at, contact, late=late), now)
    effects = announce(judged.implied, {}, now, live_from=0, whole=True).effects
    return _body(next(effect for effect in effects if effect.type == type), judged, name, source, link)


def _corrected(type: str, now: int, name: str, contact: Contact, source: str, link: str) -> dict[str, Any]:
    """What is taken back: first nobody answered in time, then it turns out that somebody had."""
    begun = now - _CORRECTED_AT
    believed = _judged(_events(name, begun, contact, late=True), now)
    said = announce(believed.implied, {}, now, live_from=0, whole=True).entries
    judged = _judged(_events(name, begun, contact, late=False), now)
    ledger: dict[str, LedgerEntry] = {entry.id: entry for entry in said}
    effects = [*announce(judged.implied, ledger, now, live_from=0, whole=True).effects]
    wanted = [effect for effect in effects if effect.type == type]
    # Of several that are corrected, the breach is what receivers care for.
    effect = next((it for it in wanted if it.detail.get("corrected_type") == "sla.breached"), wanted[0])
    return _body(effect, judged, name, source, link)


def _body(effect: Effect, judged: Judged, name: str, source: str, link: str) -> dict[str, Any]:
    if judged.state is None:
        raise ValueError("the story has no opening")
    id = contact_id(StrandKey(CONNECTOR, "ticket", name))
    policy = _policy().policy
    return notice_body(effect, id, judged.state, policy, name=policy.name, source=source, link=f"{link}/contacts/{id}")


def _events(name: str, begun: int, contact: Contact, *, late: bool) -> list[Event]:
    """The story, begun at an instant. Raises BadContact."""
    opening = {**_OPENING, **contact}
    try:
        told = [_event(name, begun, 0, "contact.opened", opening)]
    except (msgspec.ValidationError, ValueError, OverflowError) as error:
        raise BadContact(str(error)) from None
    for minutes, type, fields in _STORY if late else (_STORY[0], _IN_TIME):
        if type == "escalation.acknowledged":
            state = _judged(told, begun + minutes * MINUTE_MS).state
            fields = {**fields, "escalation": state.escalations[0].id if state else ""}
        told.append(_event(name, begun, minutes, type, fields))
    return told


def _event(name: str, begun: int, minutes: int, type: str, fields: Mapping[str, Any]) -> Event:
    # The id doesn't hold the time: what follows has the same id, whenever the story is told.
    named = {"type": type, "id": f"{name}/{minutes}/{type}", "ref": {"kind": "ticket", "id": name}}
    return convert_event({**fields, **named, "at": format_instant(begun + minutes * MINUTE_MS)})


def _judged(events: list[Event], until: int) -> Judged:
    return replay([Sourced(CONNECTOR, event) for event in events], Timeline.only(_policy().policy), until)


@lru_cache(maxsize=1)
def _policy() -> Loaded:
    return load_policy(POLICY, "sample")
