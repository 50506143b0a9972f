"""The hooks: they register classes, and nothing runs in them. A hook comes with the first real plugin that needs it."""

from collections.abc import Callable

import pluggy

from gateway.plugin.connector import Connector
from gateway.plugin.enricher import Enricher

PROJECT = "gateway"
"""The entry-point group, and pluggy's project name."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def gateway_connectors(register: Callable[[type[Connector]], None]) -> None:
    """Register connector classes: call `register(YourConnector)` for each."""


@hookspec
def gateway_enrichers(register: Callable[[type[Enricher]], None]) -> None:
    """Register enricher classes: call `register(YourEnricher)` for each."""
