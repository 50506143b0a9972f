"""The connector passes the kit, like anyone's."""

from pathlib import Path

from gateway_zendesk import Zendesk

from gateway.testing import ConnectorSuite


class TestZendesk(ConnectorSuite):
    """A test for each check."""

    connector = Zendesk
    samples = Path(__file__).parent / "samples"
    level = "silver"
    seeds = 2
