"""An event that is told again of another contact leaves the one that it was told of first."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pytest

from tests.engine.rig import MINUTE, Rig, opening, reply, run

FIRST, MOVED = reply(MINUTE, id="reply"), reply(MINUTE, "2", id="reply", rev=1)
TOLD = (opening(), opening(ticket="2"), FIRST, MOVED)


async def answered(rig: Rig) -> dict[str, bool]:
    """Whether each contact has had its reply. Both are what their histories imply."""
    found = {}
    for ticket in ("1", "2"):
        contact = await rig.contact(ticket, connector="vendor")
        assert contact.state is not None
        assert contact.state == (await rig.replayed(contact)).state
        found[ticket] = any(clock.met_at is not None for clock in contact.state.clocks)
    return found


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=lambda order: "".join(map(str, order)))
@pytest.mark.parametrize("sizes", [(4,), (2, 2), (1, 1, 1, 1)], ids=str)
def test_it_counts_where_it_was_told_last(order: Sequence[int], sizes: Sequence[int]) -> None:
    """In any order of arrival, in one batch or in several."""

    async def story(rig: Rig) -> None:
        waiting = [TOLD[place] for place in order]
        for size in sizes:
            await rig.told(*waiting[:size])
            del waiting[:size]
            await rig.at(2 * MINUTE)
        assert await answered(rig) == {"1": False, "2": True}

    run(story)


def test_who_lost_an_answer_waits_again() -> None:
    """The promise that the event had kept is broken after all, and that it was kept is taken back."""

    async def story(rig: Rig) -> None:
        await rig.told(*TOLD[:3])
        await rig.at(20 * MINUTE)
        assert rig.types().count("sla.breached") == 1
        await rig.told(MOVED)
        await rig.settle()
        assert rig.types().count("sla.breached") == 2
        assert await answered(rig) == {"1": False, "2": True}

    run(story)


def test_what_is_older_moves_nothing() -> None:
    """A telling that loses to the one that is known leaves both contacts as they are."""

    async def story(rig: Rig) -> None:
        await rig.told(*TOLD[:2], MOVED)
        await rig.at(2 * MINUTE)
        said = rig.types()
        older: dict[str, Any] = FIRST
        await rig.told(older)
        await rig.settle()
        assert rig.types() == said
        assert await answered(rig) == {"1": False, "2": True}

    run(story)
