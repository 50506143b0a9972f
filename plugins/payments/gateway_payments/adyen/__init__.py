"""Adyen for the gateway: signed standard webhooks, each notification by itself."""

from collections.abc import Callable

from gateway.plugin import Connector, hookimpl
from gateway_payments.adyen.connector import Adyen


@hookimpl
def gateway_connectors(register: Callable[[type[Connector]], None]) -> None:
    """Register the connector."""
    register(Adyen)
