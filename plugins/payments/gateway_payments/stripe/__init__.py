"""Stripe for the gateway: signed events, the list of events, and re-reads of what an event is about."""

from collections.abc import Callable

from gateway.plugin import Connector, hookimpl
from gateway_payments.stripe.connector import Stripe


@hookimpl
def gateway_connectors(register: Callable[[type[Connector]], None]) -> None:
    """Register the connector."""
    register(Stripe)
