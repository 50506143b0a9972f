"""The connector passes the kit, like anyone's, but for what `kit.toml` says that Freshdesk hasn't got."""

from pathlib import Path

from gateway_freshdesk import Freshdesk

from gateway.testing import ConnectorSuite


class TestFreshdesk(ConnectorSuite):
    """A test for each check."""

    connector = Freshdesk
    samples = Path(__file__).parent / "samples"
    level = "silver"
    seeds = 2
