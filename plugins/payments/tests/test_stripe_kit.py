"""The connector passes the kit, like anyone's."""

from pathlib import Path

from gateway_payments.stripe.connector import Stripe

from gateway.testing import ConnectorSuite


class TestStripe(ConnectorSuite):
    """A test for each check."""

    connector = Stripe
    samples = Path(__file__).parent / "samples"
    level = "gold"
    seeds = 2
