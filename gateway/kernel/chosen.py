"""Whether a card is wanted, and where it stands in a listing: what the store says in SQL, and what is listed without it
goes by. Pure.
"""

from typing import Final

from gateway.kernel.board import Order, Wanted
from gateway.model.words import ENDED, LIVES
from gateway.rules.card import Card

OPEN: Final = tuple(status for status in LIVES if status not in ENDED)
"""The statuses of an open contact."""

TEXT_MAX: Final = 100
"""Characters that are looked for at most."""

BREACHED, DUE, NOTHING_DUE = range(3)
"""How a card stands with its promise: the first part of what `due` sorts by."""

Key = tuple[int, int, int, str]


def searched(text: str) -> str:
    """A text as it is looked for."""
    return text[:TEXT_MAX].casefold()


def words_of(card: Card) -> str:
    """What a text is looked for in."""
    return "\n".join((card.subject, *(ref.id for ref in card.refs))).casefold()


def rank_of(card: Card) -> tuple[int, int]:
    """Breached, due or neither, and since or until when."""
    if card.due is None:
        return NOTHING_DUE, 0
    return BREACHED if card.due.breached else DUE, card.due.at


def next_due_of(card: Card) -> int | None:
    """The next deadline that isn't breached."""
    promise = card.then if card.due is not None and card.due.breached else card.due
    return None if promise is None else promise.at


def key_of(card: Card, id: str, order: Order) -> Key:
    """What a listing in this order sorts by."""
    if order == "due":
        return (*rank_of(card), card.severity, id)
    return (-(card.updated_at if order == "changed" else card.opened_at), 0, 0, id)


def matches(card: Card, wanted: Wanted) -> bool:
    """Whether a card is wanted."""
    due = card.due
    return (
        card.status in (wanted.status or OPEN)
        and _any(card.queue, wanted.queue)
        and _any(card.team, wanted.team)
        and _any(card.channel, wanted.channel)
        and _any(card.kind, wanted.kind)
        and (not wanted.severity or card.severity in wanted.severity)
        and (not wanted.connector or any(ref.connector in wanted.connector for ref in card.refs))
        and _any(card.assignee or "", wanted.assignee)
        and (not wanted.rule or (due.rule if due is not None else "") in wanted.rule)
        and (wanted.breached is None or wanted.breached == (due is not None and due.breached))
        and (wanted.escalated is None or _escalated(card, wanted.escalated))
        and (wanted.due_before is None or (due is not None and due.at < wanted.due_before))
        and (wanted.due_from is None or (due is not None and due.at >= wanted.due_from))
        and (not wanted.text or searched(wanted.text) in words_of(card))
    )


def _any(word: str, wanted: tuple[str, ...]) -> bool:
    return not wanted or word in wanted


def _escalated(card: Card, how: str) -> bool:
    if how == "any":
        return bool(card.calls)
    return called(card) == how


def called(card: Card) -> str:
    """How a card stands with its escalations: `none`, `acknowledged` where all are, else `active`."""
    if not card.calls:
        return "none"
    return "acknowledged" if all(call.acknowledged for call in card.calls) else "active"
