"""Salesforce's traps, all of them: to import their modules enters them into the table."""

from types import ModuleType
from typing import Final

from plugins.salesforce.tests.traps import limits, reading, resuming
from plugins.salesforce.tests.traps.table import TABLE

__all__ = ["MODULES", "TABLE"]

MODULES: Final[tuple[ModuleType, ...]] = (limits, reading, resuming)
