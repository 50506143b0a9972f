"""The connector passes the kit, like anyone's."""

from pathlib import Path

from gateway_payments.adyen.connector import Adyen

from gateway.testing import ConnectorSuite


class TestAdyen(ConnectorSuite):
    """A test for each check."""

    connector = Adyen
    samples = Path(__file__).parent / "adyen" / "samples"
    level = "silver"
    seeds = 2
