"""What the bench of the rules judges: policies of a given size, the same conditions by hand, and one contact's events.

Each condition stands here twice: in the policy's language, and as the Python that a person would have written for it.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from gateway.model.contact import Contact
from gateway.model.event import convert_event, identified
from gateway.model.instant import HOUR_MS, MINUTE_MS, format_instant, parse_instant
from gateway.rules.advance import Sourced

Holds = Callable[[Contact], bool]

T0: Final = int(parse_instant("2026-03-02T09:00:00Z"))
"""When the contact opens, in milliseconds: a Monday, nine in the morning."""

METRICS: Final = ("first_reply", "next_reply", "periodic_update", "resolution", "agent_work", "acknowledgement")

FIELDS: Final = {"plan": "gold", "region": "emea", "seats": 250, "trial": False, "version": "7.2", "product": "desk"}
TAGS: Final = ("billing", "refund", "vip", "order", "eu", "web-form")


def _tag(n: int) -> tuple[str, Holds]:
    return f'"topic{n}" in contact.tags', lambda contact: f"topic{n}" in contact.tags


def _any_tag(n: int) -> tuple[str, Holds]:
    words = (f"fraud{n}", f"lockout{n}")
    text = f'contact.tags.exists(t, t in ["fraud{n}", "lockout{n}"])'
    return text, lambda contact: any(tag in words for tag in contact.tags)


def _priority(n: int) -> tuple[str, Holds]:
    text = f'contact.priority in ["urgent", "high"] && contact.channel == "chat" && contact.fields.seats > {n}.0'
    words = ("urgent", "high")
    return text, lambda contact: contact.priority in words and contact.channel == "chat" and _seats(contact) > n


def _seats(contact: Contact) -> float:
    seats = contact.fields["seats"]
    return float(seats) if isinstance(seats, int | float) else 0.0


def _field(n: int) -> tuple[str, Holds]:
    text = f'has(contact.fields.plan) && contact.fields.plan == "plan{n}"'
    return text, lambda contact: "plan" in contact.fields and contact.fields["plan"] == f"plan{n}"


def _customer(n: int) -> tuple[str, Holds]:
    text = f'contact.customer.known && contact.customer.domain == "company{n}.example"'
    return text, lambda contact: contact.customer.known and contact.customer.domain == f"company{n}.example"


def conditions(count: int) -> list[tuple[str, Holds]]:
    """So many conditions, all different, of five kinds: each as text and by hand."""
    kinds = (_tag, _any_tag, _priority, _field, _customer)
    return [kinds[n % len(kinds)](n) for n in range(count)]


_OTHER_SECTIONS: Final = """
queues: {general: {team: t1}, grave: {team: t2, tier: 2}}
routing:
  - {id: grave, when: contact.severity == 1, queue: grave}
  - {id: default, queue: general}
roles: {lead: {endpoints: [helpdesk]}}
chains: {grave: {steps: [{after: 0m, notify: [lead]}]}}
escalation:
  - {id: grave, when: contact.severity == 1, on: matched, chain: grave}
enrich:
  - {id: paid, when: contact.customer.known, enricher: payments, ttl: 1h}
actions:
  - {id: tell, when: contact.severity == 1, on: sla.breached, do: {tags_add: [breached]}}
"""


def plain(text: str) -> str:
    """A condition as it is written in YAML: in quotes only where it begins with one."""
    return f"'{text}'" if text.startswith('"') else text


def sla_policy(rules: int) -> str:
    """A policy with this many SLA rules that have a condition, and one or two rules in each of the other sections."""
    lines = ["version: 1", "name: bench", "severity:"]
    lines += ["  - {id: grave, when: '\"outage\" in contact.tags', severity: 1}", "sla:"]
    for n, (text, _) in enumerate(conditions(rules)):
        lines += [f"  - id: rule{n}", f"    when: {plain(text)}", f"    metric: {METRICS[n % 6]}", "    within: 8h"]
    lines += [f"  - {{id: {metric}, metric: {metric}, within: 8h}}" for metric in METRICS[:2]]
    return "\n".join(lines) + _OTHER_SECTIONS


def event(type: str, after: int, **fields: Any) -> Sourced:
    """An event of the contact, this many milliseconds after it opened."""
    ref = {"kind": "ticket", "id": "1"}
    content = {"type": type, "at": format_instant(T0 + after), "ref": ref, **fields}
    return Sourced("desk", identified(convert_event(content)))


def opening() -> Sourced:
    """The contact opens: by e-mail, with six tags, six fields and a known customer."""
    customer = {"id": "7", "email": "ada@company.example", "phone": "+1 555 0100"}
    facts = {"subject": "Where is my order?", "tags": TAGS, "fields": FIELDS, "priority": "normal"}
    return event("contact.opened", 0, kind="ticket", channel="email", customer=customer, **facts)


def message(after: int, author: str) -> Sourced:
    """Somebody writes."""
    return event("message.added", after, author={"kind": author}, text="The order has not arrived.")


def retagged(after: int, turn: int) -> Sourced:
    """Tags and priority change, which nearly every condition reads."""
    priority = ("high", "low", "normal")[turn % 3]
    return event("contact.observed", after, tags=[*TAGS, f"turn{turn}"], priority=priority)


def history() -> list[Sourced]:
    """Twenty events of a contact's life: messages of both sides, tags, priorities, pauses and an end."""
    said = [message(n * 10 * MINUTE_MS, ("agent", "customer")[n % 2]) for n in range(1, 13)]
    changed = [retagged(2 * HOUR_MS + n * MINUTE_MS, n) for n in range(1, 4)]
    words = ("pending", "open", "on_hold", "solved")
    statuses = [event("status.changed", 3 * HOUR_MS + n * MINUTE_MS, to=to) for n, to in enumerate(words)]
    return [opening(), *said, *changed, *statuses]


def conversation(messages: int) -> Sequence[Sourced]:
    """The opening, and so many messages after it, customer and agent in turn, a minute apart."""
    return [opening(), *(message(n * MINUTE_MS, ("agent", "customer")[n % 2]) for n in range(1, messages + 1))]
