"""Every trap: its story holds, and fails without the rule. No trap of the list is forgotten."""

import pytest

from plugins.freshdesk.tests.traps.stories import MODULES, TABLE
from tests.support.traps import Trap, told, told_without


@pytest.mark.parametrize("trap", TABLE.traps.values(), ids=TABLE.traps.keys())
def test_a_trap_is_stepped_over(trap: Trap) -> None:
    """With the rule, the story ends well."""
    told(trap)


@pytest.mark.parametrize("trap", TABLE.traps.values(), ids=TABLE.traps.keys())
def test_without_its_rule_it_snaps(trap: Trap, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the rule, the story fails: so it would tell if the rule got lost."""
    told_without(trap, monkeypatch)


def test_every_trap_is_in_one_table() -> None:
    """Told, or said why it can't happen here."""
    TABLE.assert_whole(MODULES)
