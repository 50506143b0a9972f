"""The connectors that the gateway ships itself. They come in through the door, like anyone's."""

from collections.abc import Mapping
from types import ModuleType

from gateway.connectors import events

BUILTIN: Mapping[str, ModuleType] = {"events": events}
"""What to hand to `find_plugins`: the plugins that need no entry point."""
