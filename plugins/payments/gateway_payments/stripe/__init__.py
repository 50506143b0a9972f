"""Stripe for the gateway: signed events, the list of events, re-reads of what an event is about; and who paid what."""

from collections.abc import Callable

from gateway.plugin import Connector, Enricher, hookimpl
from gateway_payments.stripe.connector import Stripe
from gateway_payments.stripe.lookup import StripePurse


@hookimpl
def gateway_connectors(register: Callable[[type[Connector]], None]) -> None:
    """Register the connector."""
    register(Stripe)


@hookimpl
def gateway_enrichers(register: Callable[[type[Enricher]], None]) -> None:
    """Register the enricher."""
    register(StripePurse)
