"""The purse as a plugin, as an entry point names it."""

from collections.abc import Callable

from gateway.plugin import Enricher, hookimpl
from tests.support.purse import Purse


@hookimpl
def gateway_enrichers(register: Callable[[type[Enricher]], None]) -> None:
    """Register it."""
    register(Purse)
