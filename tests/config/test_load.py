"""What a right gateway.yaml means."""

from pathlib import Path

import pytest

from gateway.config import Address, Config, Preset, load_config
from gateway.kernel.reach import INTERNET, PRIVATE_TOO
from gateway.rules.announce import subscribes

FULL = """\
version: 1
name: acme-support
listen: 0.0.0.0:9000
admin: "[::1]:9001"
database: sqlite:///data/gateway.db
policy: policy.yaml
body_limit: 512KiB
admin_token: {env: ADMIN_TOKEN}
connectors:
  zendesk:
    plugin: zendesk
    subdomain: acme
    base_url: https://acme.zendesk.com
    webhook_secret: {env: ZENDESK_SECRET}
endpoints:
  helpdesk:
    url: https://help.example.com/hooks
    secret: [{file: secrets/new}, {env: OLD_SECRET}]
    notices: ["sla.*", escalation.raised]
  local:
    url: http://127.0.0.1:9999/
    secret: {env: OLD_SECRET}
    allow_private: true
"""
NEW, OLD = "whsec_" + "canary00" * 4, "whsec_" + "canary11" * 4
ENVIRON = {"ADMIN_TOKEN": "admin-token-canary", "ZENDESK_SECRET": "zendesk-canary", "OLD_SECRET": OLD}


def written(folder: Path, text: str) -> Path:
    """A gateway.yaml with this text, and what it refers to beside it."""
    (folder / "data").mkdir()
    (folder / "secrets").mkdir()
    (folder / "secrets" / "new").write_text(f"{NEW}\n")
    (folder / "policy.yaml").write_text("version: 1\n")
    path = folder / "gateway.yaml"
    path.write_text(text)
    return path


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """The full example, loaded."""
    return load_config(written(tmp_path, FULL), ENVIRON)


def test_every_key_is_read(config: Config, tmp_path: Path) -> None:
    """Addresses and sizes are values, and paths start at the file's own folder, wherever the command was given."""
    assert (config.version, config.name) == (1, "acme-support")
    assert (config.listen, config.admin) == (Address("0.0.0.0", 9000), Address("::1", 9001))
    assert (str(config.listen), str(config.admin)) == ("0.0.0.0:9000", "[::1]:9001")
    assert config.database == tmp_path / "data" / "gateway.db"
    assert config.policy == tmp_path / "policy.yaml"
    assert config.body_limit == 512 * 1024
    assert config.admin_token is not None
    assert config.admin_token.get_secret_value() == "admin-token-canary"


def test_what_may_be_left_out_has_a_default(tmp_path: Path) -> None:
    """Only the version and the policy have to be written."""
    path = tmp_path / "gateway.yaml"
    path.write_text("version: 1\npolicy: preset:orion\n")

    config = load_config(path, {})

    assert config.policy == Preset("orion")
    assert (config.name, str(config.listen), str(config.admin)) == ("orion-gateway", "127.0.0.1:8080", "127.0.0.1:8081")
    assert (config.database, config.body_limit) == (tmp_path / "gateway.db", 1024 * 1024)
    assert (config.connectors, config.endpoints, config.admin_token) == ({}, {}, None)


def test_endpoints_keep_the_order_of_their_secrets(config: Config) -> None:
    """The new one is listed first; it comes from its file without the line's end."""
    helpdesk, local = config.endpoints["helpdesk"], config.endpoints["local"]

    assert [secret.get_secret_value() for secret in helpdesk.secrets] == [NEW, OLD]
    assert (helpdesk.name, helpdesk.notices, helpdesk.reach) == ("helpdesk", ("sla.*", "escalation.raised"), INTERNET)
    assert (local.notices, local.reach) == ((), PRIVATE_TOO)


def test_no_secret_shows(config: Config) -> None:
    """Neither repr nor str of the configuration, nor of any part, holds a secret."""
    parts = [config, *config.connectors.values(), *config.endpoints.values(), config.connectors["zendesk"].settings]

    assert not [part for part in parts if "canary" in repr(part) + str(part)]


def test_the_configuration_is_frozen(config: Config) -> None:
    """Nobody changes a running gateway's configuration by accident."""
    with pytest.raises(ValueError, match="frozen"):
        config.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("patterns", "type", "expected"),
    [
        (("sla.*",), "sla.breached", True),
        (("sla.*",), "escalation.raised", False),
        (("contact.opened", "escalation.*"), "escalation.raised", True),
        (("*",), "contact.solved", True),
        ((), "sla.breached", False),
        (("SLA.*",), "sla.breached", False),
    ],
)
def test_an_endpoint_subscribes_by_pattern(patterns: tuple[str, ...], type: str, expected: bool) -> None:
    """A notice is wanted if any of the patterns means it; case counts."""
    assert subscribes(patterns, type) is expected
