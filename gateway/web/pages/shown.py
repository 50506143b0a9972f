"""What several pages show, as plain values made from what is stored. Pure; the templates add the looks."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from gateway.kernel.outbox import WAITING_COUNT_MAX
from gateway.kernel.store import EndpointRow
from gateway.model.contact import Contact
from gateway.rules.breaker import Health, Standing

STANDINGS: tuple[Standing | Literal["unknown"], ...] = ("disabled", "open", "paused", "failing", "unknown", "ok")
"""States of endpoints, the gravest first."""


@dataclass(frozen=True, slots=True)
class ShownEndpoint:
    """An endpoint. `state` is `unknown` for one that the configuration doesn't have any more; `sent` is the number of
    its last notice."""

    name: str
    state: Standing | Literal["unknown"]
    health: Health
    sent: int
    waiting: str
    oldest: int | None
    last_error: str


def endpoints(rows: Sequence[EndpointRow], configured: Collection[str], now: int) -> list[ShownEndpoint]:
    """Every endpoint: what needs a person first, then by name."""
    made = [
        ShownEndpoint(
            row.name,
            row.health.standing(now) if row.name in configured else "unknown",
            row.health,
            row.sequence,
            f"{row.waiting}+" if row.waiting >= WAITING_COUNT_MAX else str(row.waiting),
            row.oldest_waiting_at,
            row.last_error or "",
        )
        for row in rows
    ]
    return sorted(made, key=lambda endpoint: (STANDINGS.index(endpoint.state), endpoint.name))


def ref_words(contact: Contact) -> str:
    """The vendors' objects behind a contact, as commands take them."""
    return ", ".join(f"{strand.connector}:{strand.ref.kind}:{strand.ref.id}" for strand in contact.strands)
