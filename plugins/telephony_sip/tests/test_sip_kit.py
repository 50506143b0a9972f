"""The connector passes the kit, like anyone's."""

from pathlib import Path

from gateway_telephony_sip import TelephonySip

from gateway.testing import ConnectorSuite


class TestTelephonySip(ConnectorSuite):
    """A test for each check."""

    connector = TelephonySip
    samples = Path(__file__).parent / "samples"
    level = "gold"
    seeds = 4
