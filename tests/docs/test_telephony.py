"""What the how-tos for telephony show as the gateway's own configuration is one."""

from pathlib import Path

import pytest
from gateway_telephony_sip.settings import TelephonySettings

from gateway.config import load_config
from tests.support.pages import blocks, page

PAGES = ("kamailio", "opensips", "freeswitch", "asterisk")
REST = "version: 1\nlisten: 127.0.0.1:0\nadmin: 127.0.0.1:0\ndatabase: sqlite:///gateway.db\npolicy: preset:orion\n"


@pytest.mark.parametrize("name", PAGES)
def test_the_settings_of_a_page_are_right(name: str, tmp_path: Path) -> None:
    """Its blocks, one after the other, are the connector's settings: captures, and a redirect server."""
    path = tmp_path / "gateway.yaml"
    path.write_text(REST + "".join(blocks(page(f"how-to/connect-{name}.md"), "yaml")))

    settings = load_config(path, {"HEP_KEY": "k"}).connector_settings("phones", TelephonySettings)

    assert settings.hep is not None and settings.hep.udp is not None and settings.redirect is not None
    assert str(settings.hep.udp) == "192.0.2.10:9060"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_whether_it_was_run(name: str) -> None:
    """Only what a test of ours runs may pass for tried."""
    head = page(f"how-to/connect-{name}.md").split("\n## ")[0]

    assert ("**Run with**" in head, "**Not run here.**" in head) == (name == "kamailio", name != "kamailio")
