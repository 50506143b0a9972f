"""Zendesk's traps, all of them: to import their modules enters them into the table."""

from types import ModuleType
from typing import Final

from plugins.zendesk.tests.traps import account, content, reading, resuming
from plugins.zendesk.tests.traps.table import TABLE

__all__ = ["MODULES", "TABLE"]

MODULES: Final[tuple[ModuleType, ...]] = (account, content, reading, resuming)
