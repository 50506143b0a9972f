"""Every trap: its story holds, and fails without the rule. No trap of the list is forgotten."""

import asyncio

import pytest

from plugins.zendesk.tests.traps.stories import MODULES
from plugins.zendesk.tests.traps.table import ELSEWHERE, NUMBERS, TRAPS, Trap

WITHIN_S = 30.0


def told(trap: Trap) -> None:
    """Tell the story of a trap to its end."""

    async def within() -> None:
        async with asyncio.timeout(WITHIN_S):
            await trap.story()

    asyncio.run(within())


@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS.keys())
def test_a_trap_is_stepped_over(trap: Trap) -> None:
    """With the rule, the story ends well."""
    told(trap)


@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS.keys())
def test_without_its_rule_it_snaps(trap: Trap, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the rule, the story fails: so it would tell if the rule got lost."""
    trap.without(monkeypatch)
    with pytest.raises(AssertionError):
        told(trap)


def test_every_trap_is_in_one_table() -> None:
    """Told, or said why it can't happen here; never both, never neither."""
    assert sorted([*TRAPS, *ELSEWHERE]) == sorted(NUMBERS)
    assert {trap.story.__module__ for trap in TRAPS.values()} == {module.__name__ for module in MODULES}
