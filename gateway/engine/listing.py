"""Contacts in a listing, whatever has become of them: the cards of open ones as the store keeps them, those of others
made from their states by the policies that judged them.

Ended contacts may be a million. They are walked through along the index of what changed last, a bounded number for each
page, and one that nothing is found in so far is short, and says where the next one begins.
"""

from typing import Final

from gateway.engine.policies import Policies
from gateway.kernel.board import CARDS_MAX, Carded, CardPage, Order, Wanted
from gateway.kernel.chosen import OPEN, matches
from gateway.kernel.store import UNOPENED, ContactRow, Store
from gateway.kernel.values import judge_of, judged_by
from gateway.rules.card import Card, CardRef, card_of
from gateway.rules.policy import Policy

WALKED_MAX: Final = 500
"""Contacts that are looked at for one page: some twenty milliseconds."""

READ_AT_ONCE: Final = 100


def order_of(wanted: Wanted, order: Order) -> Order:
    """The order in which a listing comes: contacts of which any have ended come by their latest change, whatever was
    asked for."""
    return order if set(OPEN).issuperset(wanted.status) else "changed"


async def listed(
    store: Store, policies: Policies, wanted: Wanted, *, order: Order, limit: int, after: str | None = None
) -> CardPage:
    """A page of contacts of any status, `unopened` among them, in the order of `order_of`. Raises BadPlace, and
    StoreUnusable for a contact that can't be read."""
    if set(OPEN).issuperset(wanted.status):
        return await store.cards(wanted, order=order, limit=limit, after=after)
    most, found, walked = min(max(limit, 1), CARDS_MAX), list[Carded](), 0
    while walked < WALKED_MAX:
        asked = min(READ_AT_ONCE, WALKED_MAX - walked)
        placed = await store.contacts_by_change(wanted.status, limit=asked, after=after)
        timeline = await policies.to_read_by(judged_by(one.row for one in placed))
        for one in placed:
            after = one.place
            card = card_to_show(one.row, judge_of(one.row, timeline))
            if matches(card, wanted):
                found.append(Carded(id=one.row.id, version=one.row.version, card=card))
                if len(found) == most:
                    return CardPage(rows=tuple(found), next=after)
        walked += len(placed)
        if len(placed) < asked:
            return CardPage(rows=tuple(found))
    return CardPage(rows=tuple(found), next=after)


def card_to_show(row: ContactRow, policy: Policy) -> Card:
    """The card of a stored contact; of one whose opening hasn't come only its names and its last change are known."""
    if row.state is not None:
        return card_of(row.state, policy)
    return Card(
        subject="",
        kind="",
        channel="",
        direction="",
        status=UNOPENED,
        severity=0,
        priority=None,
        queue="",
        team="",
        tier=0,
        group=None,
        assignee=None,
        customer="",
        refs=tuple(CardRef(strand.connector, strand.kind, strand.id) for strand in row.strands),
        opened_at=int(row.updated_at),
        updated_at=int(row.updated_at),
        waiting_since=None,
        due=None,
        then=None,
        paused=False,
        calls=(),
    )
