"""The connector and the enricher pass the kit, like anyone's."""

from pathlib import Path

from gateway_payments.stripe.connector import Stripe
from gateway_payments.stripe.lookup import StripePurse

from gateway.testing import ConnectorSuite, EnricherSuite


class TestStripe(ConnectorSuite):
    """A test for each check."""

    connector = Stripe
    samples = Path(__file__).parent / "samples"
    level = "gold"
    seeds = 2


class TestStripePurse(EnricherSuite):
    """A test for each check of an enricher."""

    enricher = StripePurse
    folder = Path(__file__).parent.parent
    level = "gold"
