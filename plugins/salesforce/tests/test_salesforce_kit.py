"""The connector passes the kit, like anyone's."""

from pathlib import Path

from gateway_salesforce import Salesforce

from gateway.testing import ConnectorSuite


class TestSalesforce(ConnectorSuite):
    """A test for each check."""

    connector = Salesforce
    samples = Path(__file__).parent / "samples"
    level = "gold"
    seeds = 1
