"""Freshdesk's traps, all of them: to import their modules enters them into the table."""

from types import ModuleType
from typing import Final

from plugins.freshdesk.tests.traps import account, content, reading
from plugins.freshdesk.tests.traps.table import TABLE

__all__ = ["MODULES", "TABLE"]

MODULES: Final[tuple[ModuleType, ...]] = (account, content, reading)
