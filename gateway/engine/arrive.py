"""What every record passes before it is stored, whichever way it came: card numbers are hidden, and keys completed.

Law. A key that names its content names it as it is stored: a hash of what was hidden could be guessed.
"""

import hashlib
from collections.abc import Sequence

from msgspec.structs import replace

from gateway.engine.world import Link, World
from gateway.kernel.cards import hide_cards
from gateway.kernel.store import Added, StoreFull
from gateway.plugin import Record


def arrived(world: World, link: Link, records: Sequence[Record]) -> list[Record]:
    """The records as they may be stored. What was hidden is counted, and never told."""
    ready: list[Record] = []
    total = 0
    for record in records:
        body, hidden = hide_cards(record.body, link.id_keys)
        if record.exact and record.key is not None:
            key = f"{record.key}:{hashlib.sha256(body).hexdigest()[:16]}"
            record = replace(record, body=body, key=key, exact=False)
        elif hidden:
            record = replace(record, body=body)
        total += hidden
        ready.append(record)
    if total:
        link.count("cards_hidden", total)
        world.log.warning("cards_hidden", connector=link.name, count=total)
    return ready


async def keep(world: World, link: Link, records: Sequence[Record]) -> Added | None:
    """Put what was pushed or heard into the inbox, after the commit; None where the store is full: nothing was kept."""
    try:
        added = await world.store.add_records(link.name, arrived(world, link, records))
    except StoreFull:
        world.log.error("store_full", connector=link.name)
        return None
    link.worked()
    link.count("accepted", added.accepted)
    link.count("duplicates", added.duplicates)
    return added
