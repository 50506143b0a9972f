"""Cards made anew: an upgrade may change what a card says; then every open contact gets its own before anyone looks.

A card is nothing that can be lost: it follows from the state and the policy that judged it. So there are no versions of
cards to be read; which form they have is noted once, and where it is another one, all are written again.
"""

from typing import Final

from msgspec.structs import replace

from gateway.engine.listing import card_to_show
from gateway.engine.policies import Policies
from gateway.engine.world import World
from gateway.kernel.chosen import OPEN
from gateway.kernel.store import Placed
from gateway.kernel.values import judge_of, judged_by
from gateway.rules.card import CARD_FORM

NOTE: Final = "cards"
"""Under this name the form of the cards is kept."""

BATCH: Final = 200


async def recard(world: World, policies: Policies) -> int:
    """Write every open contact's card again unless they are of this form; how many there were.

    For a gateway that hasn't begun to judge: a contact that somebody changes meanwhile gets its card by that.
    """
    store, form, count = world.store, b"%d" % CARD_FORM, 0
    if await store.noted(NOTE) == form:
        return 0
    placed: list[Placed] = await store.contacts_by_change(OPEN, limit=BATCH, after=None)
    while placed:
        timeline = await policies.to_read_by(judged_by(one.row for one in placed))
        rows = [replace(one.row, card=card_to_show(one.row, judge_of(one.row, timeline))) for one in placed]
        await store.put_cards(rows)
        count += len(rows)
        placed = await store.contacts_by_change(OPEN, limit=BATCH, after=placed[-1].place)
    await store.note(NOTE, form)
    if count:
        world.log.info("cards_made_anew", contacts=count)
    return count
