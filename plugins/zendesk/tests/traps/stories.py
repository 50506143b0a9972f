"""All the stories: to import them enters them into the table."""

from types import ModuleType
from typing import Final

from plugins.zendesk.tests.traps import account, content, reading, resuming

MODULES: Final[tuple[ModuleType, ...]] = (account, content, reading, resuming)
