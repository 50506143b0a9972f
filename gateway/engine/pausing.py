"""Pausing a connector, and resuming it: in the database, so that a restart keeps it and a command can do it.

Law. While it is paused its vendor is asked for nothing: no pull, no look-up, no page of the past, no check. What the
vendor pushes is taken and judged as ever, and time doesn't wait for what isn't asked for.
"""

from collections.abc import Collection
from typing import Final

from gateway.engine.acting import CantAct, actor, in_one_line
from gateway.engine.world import Link, World
from gateway.kernel.problems import did_you_mean
from gateway.kernel.reading import Pause
from gateway.kernel.store import Store

LOOK_EVERY_S: Final = 2.0
"""A resumed connector is noticed after so long, where nobody tells."""

REASON_MAX: Final = 200
"""Characters of a reason that are kept."""


async def pause(store: Store, connectors: Collection[str], name: str, by: str, now: int, reason: str = "") -> Pause:
    """Let a connector of these rest. Raises CantAct where there is none of that name, or it rests already."""
    kept = Pause(known(connectors, name), now, actor(by), in_one_line(reason, REASON_MAX))
    if not await store.pause_connector(kept):
        before = (await store.pauses()).get(name)
        raise CantAct("over", f"{name} is paused{f' by {before.by}' if before else ''} already")
    return kept


async def resume(store: Store, connectors: Collection[str], name: str, by: str, now: int) -> None:
    """Let a connector work again, also one that isn't configured any more. Raises CantAct where it isn't paused."""
    who, paused = actor(by), await store.pauses()
    name = known([*connectors, *paused], name)
    if not await store.resume_connector(name, now, who):
        raise CantAct("over", f"{name} is not paused")


def known(names: Collection[str], name: str, what: str = "connector") -> str:
    """The name, which is one of these. Raises CantAct."""
    if name not in names:
        hint = did_you_mean(name, names) or f"; there are {', '.join(sorted(set(names))) or 'none'}"
        raise CantAct("missing", f"there is no {what} {name[:100]!r}{hint}")
    return name


async def rests(world: World, link: Link) -> bool:
    """Whether the connector is paused now; the link has it from then on, for who can't wait for the store."""
    link.pause = (await world.store.pauses()).get(link.name)
    return link.pause is not None


def because(link: Link) -> str:
    """What waits for a paused connector waits for this."""
    return f"it is paused by {link.pause.by}" if link.pause else ""
