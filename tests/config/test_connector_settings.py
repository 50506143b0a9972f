"""A connector's settings: checked against its plugin's type, each mistake at its place in gateway.yaml."""

from ipaddress import ip_network
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, SecretStr

from gateway.config import Config, load_config
from gateway.kernel.document import Problems
from gateway.kernel.reach import PRIVATE_TOO, Reach


class Anything(BaseModel):
    """Settings that take whatever stands there."""

    model_config = ConfigDict(extra="allow")


class Inner(BaseModel):
    """Settings inside settings."""

    model_config = ConfigDict(extra="forbid")

    key: SecretStr | None = None


class Settings(BaseModel):
    """What a plugin may ask for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = "https://vendor.example.com"
    webhook_secret: tuple[SecretStr, ...] = ()
    token: SecretStr | None = None
    inner: Inner = Inner()
    per_minute: int = 100


class Private(Settings):
    """A plugin that wants to know whether it may call private addresses."""

    allow_private: bool = False


def loaded(folder: Path, lines: str) -> Config:
    """A configuration whose one connector, `v`, has these lines of settings."""
    path = folder / "gateway.yaml"
    path.write_text(f"version: 1\npolicy: preset:orion\nconnectors:\n  v:\n    plugin: vendor\n{lines}")
    return load_config(path, {"A": "canary-a", "B": "canary-b"})


def test_settings_come_as_the_plugins_type(tmp_path: Path) -> None:
    """Secrets are read wherever they stand, one or a list of them; `plugin` is the core's and not handed on."""
    lines = "    webhook_secret: [{env: A}, {env: B}]\n    inner: {key: {env: B}}\n    per_minute: 7\n"

    settings = loaded(tmp_path, lines).connector_settings("v", Settings)

    assert [secret.get_secret_value() for secret in settings.webhook_secret] == ["canary-a", "canary-b"]
    assert settings.inner.key is not None
    assert settings.inner.key.get_secret_value() == "canary-b"
    assert (settings.per_minute, settings.token) == (7, None)


def test_live_from_is_an_instant(tmp_path: Path) -> None:
    """It is a time with a zone, the core's own; without it a connector is live from its first start."""
    config = loaded(tmp_path, "    live_from: 2026-03-02T09:00:00+01:00\n")

    assert config.connectors["v"].live_from == 1_772_438_400_000
    assert loaded(tmp_path, "").connectors["v"].live_from is None
    with pytest.raises(Problems, match=r"gateway.yaml:6:16: GW112: .*no zone"):
        loaded(tmp_path, "    live_from: 2026-03-02T09:00:00\n")


def test_allow_private_belongs_to_the_core(tmp_path: Path) -> None:
    """A private base_url needs `allow_private: true`, which the plugin sees only if it asks for it."""
    config = loaded(tmp_path, "    base_url: http://127.0.0.1:4010\n    allow_private: true\n")

    assert config.connectors["v"].reach == PRIVATE_TOO
    assert config.connector_settings("v", Settings).base_url == "http://127.0.0.1:4010"
    assert config.connector_settings("v", Private).allow_private


def test_a_list_of_networks_allows_exactly_these(tmp_path: Path) -> None:
    """Networks and single addresses; ports have a list of their own; the plugin only sees that something is allowed."""
    text = "    base_url: https://10.20.0.9:444\n    allow_private: [10.20.0.0/16, 'fd12:3456::/48', 10.1.2.3]\n"
    config = loaded(tmp_path, text + "    allow_ports: [444]\n")

    networks = tuple(ip_network(network) for network in ("10.20.0.0/16", "fd12:3456::/48", "10.1.2.3"))
    assert config.connectors["v"].reach == Reach(networks, frozenset({444}))
    assert config.connector_settings("v", Private).allow_private
    with pytest.raises(Problems, match="GW151: port 444 is neither 80 nor 443.*write `allow_ports:"):
        loaded(tmp_path, text).connector_settings("v", Private)
    with pytest.raises(Problems, match="GW151: the host is a private"):
        loaded(tmp_path, text.replace("//10.20", "//10.21").replace(":444", "")).connector_settings("v", Private)


def test_urls_are_looked_at_wherever_they_stand(tmp_path: Path) -> None:
    """Under `url` and every key that ends in `_url`, at any depth, in lists too."""
    lines = (
        "    inner: {token_url: http://10.0.0.1/, deeper: [{url: 'http://[::1]/'}]}\n"
        "    feed_url: [https://ok.example/, http://2130706433/]\n"
        "    note: http://10.0.0.1/\n"
    )
    with pytest.raises(Problems) as found:
        loaded(tmp_path, lines).connector_settings("v", Anything)

    assert [problem.id for problem in found.value.problems] == ["bad-url"] * 3


def test_every_mistake_shows_at_its_place(tmp_path: Path) -> None:
    """Secrets as text, wherever they stand, a private URL, a wrong type and an unknown key: all at once."""
    lines = (
        "    base_url: http://192.168.1.2/\n"
        "    webhook_secret: [{env: A}, canary-text]\n"
        "    token: canary-text\n"
        "    inner: {key: canary-text}\n"
        "    per_minute: lots\n"
        "    per_hour: 1\n"
    )
    config = loaded(tmp_path, lines)

    with pytest.raises(Problems) as caught:
        config.connector_settings("v", Settings)

    assert [(problem.line, problem.column, problem.id) for problem in caught.value.problems] == [
        (6, 15, "bad-url"),
        (7, 32, "bad-secret"),
        (8, 12, "bad-secret"),
        (9, 18, "bad-secret"),
        (10, 17, "bad-value"),
        (11, 5, "unknown-key"),
    ]
    assert "canary" not in str(caught.value)
    assert "canary" not in repr(config)


def test_a_secret_that_is_text_is_refused_even_alone(tmp_path: Path) -> None:
    """pydantic would take the text; the house does not."""
    with pytest.raises(Problems, match="write {env: NAME}"):
        loaded(tmp_path, "    token: canary\n").connector_settings("v", Settings)


def test_later_problems_have_their_place_too(tmp_path: Path) -> None:
    """Who finds that a plugin doesn't exist can say where it is asked for."""
    problem = loaded(tmp_path, "").problem(("connectors", "v", "plugin"), "unknown-plugin", "no such plugin")

    assert (problem.line, problem.column, problem.id) == (5, 13, "unknown-plugin")
