"""The JSON Schema of gateway.yaml: it takes what the loader takes, plugins' settings too, and no secret as text."""

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ConfigDict, Field, InstanceOf, SecretStr

from gateway.config import load_config
from gateway.config.schema import config_schema
from gateway.config.values import parse_address, parse_database, parse_policy, parse_size
from gateway.connectors.events import EventsSettings
from gateway.kernel.document import Problems
from gateway.plugin import Secrets
from tests.config.test_load import ENVIRON, FULL, written
from tests.config.test_mistakes import KEY, TEN
from tests.support.pages import blocks, page
from tests.support.purse import PurseSettings
from tests.support.schemas import open_objects, read, undescribed, wrongs


class Inner(BaseModel):
    """Settings inside settings."""

    model_config = ConfigDict(extra="forbid")

    key: SecretStr | None = None
    """A secret of its own."""


class VendorSettings(BaseModel):
    """What a plugin may ask for."""

    model_config = ConfigDict(extra="forbid")

    token: SecretStr = Field(description="Told by the field itself.")
    webhook_secret: Secrets | None = None
    """One or many."""

    inner: Inner = Inner()
    """More of it."""

    per_minute: int = Field(default=100, ge=1)
    """How often."""


class OtherSettings(BaseModel):
    """Of another plugin, whose inner part has the same name."""

    class Inner(BaseModel):
        """Anything."""

        colour: str = "red"

    inner: Inner | None = None


class Strange:
    """What no schema can tell."""


class StrangeSettings(BaseModel):
    """Settings that can't be described."""

    strange: InstanceOf[Strange] | None = None


SCHEMA = config_schema(
    {"events": EventsSettings, "vendor": VendorSettings}, {"purse": VendorSettings, "stripe": PurseSettings}
)


def connector(*lines: str) -> str:
    """A configuration with one connector of the plugin `vendor`."""
    return "\n".join(
        [
            "version: 1",
            "policy: preset:orion",
            "connectors:",
            "  v:",
            "    plugin: vendor",
            *(f"    {line}" for line in lines),
        ]
    )


def test_it_is_a_schema() -> None:
    """Draft 2020-12, with a description of every key; what all connectors or enrichers share leaves room for more."""
    Draft202012Validator.check_schema(SCHEMA)

    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["$id"] == "urn:orion-gateway:schema:gateway"
    assert undescribed(SCHEMA) == []
    assert open_objects(SCHEMA) == [SCHEMA["$defs"]["ConnectorShape"], SCHEMA["$defs"]["EnricherShape"]]


def test_what_the_loader_takes_passes(tmp_path: Path) -> None:
    """The whole example of the reference, and one with every other spelling."""
    (example,) = blocks(page("reference/configuration.md"), "yaml")
    spellings = FULL.replace(
        "plugin: zendesk\n    subdomain: acme\n    base_url: https://acme.zendesk.com\n", "plugin: events\n"
    ).replace("webhook_secret:", "live_from: 2026-03-02T09:00:00+01:00\n    secret:")
    load_config(written(tmp_path, spellings), ENVIRON)

    assert wrongs(SCHEMA, read(example)) == []
    assert wrongs(SCHEMA, read(spellings)) == []


@pytest.mark.parametrize("line", [line for line in TEN.splitlines()[1:6] if ":" in line])
def test_what_is_wrong_fails(line: str, tmp_path: Path) -> None:
    """A value that the loader refuses by itself, wherever the value alone tells."""
    key = line.partition(":")[0]
    rest = {"version": "version: 1", "policy": "policy: preset:orion"} | {key: line}
    text = "\n".join(rest.values()) + "\n"
    (tmp_path / "gateway.yaml").write_text(text)

    with pytest.raises(Problems):
        load_config(tmp_path / "gateway.yaml", {})
    # Whether a file is there no editor can tell.
    assert (wrongs(SCHEMA, read(text)) == []) is (line == "policy: missing.yaml")


@pytest.mark.parametrize(
    "line",
    [
        "version: true",
        "listen: localhost",
        "listen: 127.0.0.1:65536",
        "body_limit: 100",
        "body_limit: 1TiB",
        "body_limit: true",
        "database: sqlite://",
        "database: 'sqlite:///:memory:'",
        "policy: 'preset:orin'",
        "policy: 7",
        "name: ''",
        "admin_token: canary",
        "admin_token: [{env: S}]",
        "connectors: [zendesk]",
        "connectors: {Z: {plugin: events, secret: {env: S}}}",
        "connectors: {z: {plugin: eventz, secret: {env: S}}}",
        "connectors: {z: {secret: {env: S}}}",
        "connectors: {z: {plugin: events, secrt: {env: S}}}",
        "connectors: {z: {plugin: events, secret: whsec_text}}",
        "connectors: {z: {plugin: events, secret: []}}",
        "connectors: {z: {plugin: events, secret: {env: S, file: x}}}",
        "connectors: {z: {plugin: events, secret: {env: S}, live_from: 2026-03-02}}",
        "endpoints: {e: {url: 'ftp://x.example', secret: {env: S}}}",
        "endpoints: {e: {url: 'https://a:b@x.example', secret: {env: S}}}",
        "endpoints: {e: {url: 'https://x.example'}}",
        "endpoints: {e: {url: 'https://x.example', secret: {env: S}, notices: [sla.breeched]}}",
        "endpoints: {e: {url: 'https://x.example', secret: {env: S}, allow_private: 'yes'}}",
        "endpoints: {e: {url: 'https://x.example', secret: {env: S}, allow_private: []}}",
        "endpoints: {e: {url: 'https://x.example', secret: {env: S}, allow_private: [here]}}",
        "endpoints: {e: {url: 'https://x.example', secret: {env: S}, allow_ports: [0]}}",
        "endpoints: {e: {url: 'https://x.example:080', secret: {env: S}}}",
        "endpoints: {e: {url: 'https://x.example/#a', secret: {env: S}}}",
        "connectors: {z: {plugin: events, secret: {env: S}, allow_private: [here]}}",
        "enrichers: {a-b: {plugin: purse, token: {env: S}}}",
        "enrichers: {in: {plugin: purse, token: {env: S}}}",
        "enrichers: {p: {plugin: vendor, token: {env: S}}}",
        "enrichers: {p: {plugin: purse, token: text}}",
        "enrichers: {p: {plugin: purse, token: {env: S}, timeout: 5}}",
        "enrichers: {p: {plugin: purse, token: {env: S}, timeout: 1m}}",
        "enrichers: {p: {plugin: purse, token: {env: S}, concurrency: 33}}",
        "enrichers: {p: {plugin: purse, token: {env: S}, live_from: 2026-03-02T09:00:00Z}}",
    ],
)
def test_one_wrong_value_fails(line: str) -> None:
    """One mistake, underlined."""
    lines = {"version": "version: 1", "policy": "policy: preset:orion"} | {line.partition(":")[0]: line}

    assert wrongs(SCHEMA, read("\n".join(lines.values()) + "\n")) != []


def test_a_plugins_settings_are_known() -> None:
    """By its name: its keys and no others, secrets as places at any depth, its own words for each key."""
    right = connector(
        "token: {env: A}", "webhook_secret: [{env: A}, {file: b}]", "inner: {key: {file: x}}", "allow_private: true"
    )

    assert wrongs(SCHEMA, read(right)) == []
    assert wrongs(SCHEMA, read(connector("token: {env: A}", "per_minute: 0"))) != []
    assert wrongs(SCHEMA, read(connector("token: {env: A}", "inner: {key: text}"))) != []
    assert wrongs(SCHEMA, read(connector("token: text"))) != []
    assert wrongs(SCHEMA, read(connector())) != []
    told = SCHEMA["$defs"]["connector-vendor"]["properties"]
    assert told["token"]["description"] == "Told by the field itself."
    assert told["per_minute"]["description"] == "How often."


def test_an_enrichers_settings_are_known_beside_the_cores_own() -> None:
    """By its plugin, as a connector's."""
    text = (
        "version: 1\npolicy: preset:orion\nenrichers: {p: {plugin: purse, token: {env: S}, timeout: 800ms, "
        "concurrency: 32, allow_ports: [25], inner: {key: {file: x}}}}\n"
    )

    assert wrongs(SCHEMA, read(text)) == []
    assert "per_minute" in SCHEMA["$defs"]["enricher-purse"]["properties"]


def test_plugins_do_not_share_their_parts() -> None:
    """Two that have an inner part of the same name keep their own."""
    schema = config_schema({"vendor": VendorSettings, "other": OtherSettings}, {})
    text = connector("inner: {colour: blue}").replace("plugin: vendor", "plugin: other")

    assert wrongs(schema, read(text)) == []
    assert wrongs(schema, read(text.replace("plugin: other", "plugin: vendor\n    token: {env: A}"))) != []


def test_settings_that_can_not_be_described_may_be_anything() -> None:
    """A stranger's types don't take the schema from the others."""
    schema = config_schema({"events": EventsSettings, "strange": StrangeSettings}, {})
    text = connector("whatever: 1").replace("plugin: vendor", "plugin: strange")

    assert wrongs(schema, read(text)) == []
    assert wrongs(schema, read(text.replace("plugin: strange", "plugin: events"))) != []


@pytest.mark.parametrize("key", ["listen", "database", "policy", "body_limit"])
@pytest.mark.parametrize(
    "value",
    [
        *(
            "127.0.0.1:8080",
            "[::1]:0",
            "host:00080",
            "a:99999",
            "[x]:1",
            ":1",
            "a:1 ",
            "policy.yaml",
            "preset:orion",
            "preset:",
        ),
        *(
            "sqlite:///x",
            "sqlite:////x/y",
            "sqlite:///x/",
            "sqlite:///",
            "sqlite:///a?b",
            "1MiB",
            "512 KiB",
            "1024",
            "1 GiB",
        ),
        *(1024, 1023, 64 * 1024 * 1024, 64 * 1024 * 1024 + 1, True, None, 1.5, ""),
    ],
)
def test_a_value_that_is_taken_passes(key: str, value: object) -> None:
    """By the very function that reads it."""
    parse = {"listen": parse_address, "database": parse_database, "policy": parse_policy, "body_limit": parse_size}[key]
    try:
        parse(value)
    except ValueError:
        return

    assert wrongs({**SCHEMA["properties"][key]}, value) == []


def test_a_file_that_is_taken_passes_with_a_secret_of_any_kind(tmp_path: Path) -> None:
    """Places and lists of places."""
    for secret in ("{env: S}", "[{env: S}]", "[{env: S}, {file: s}]"):
        (tmp_path / "s").write_text(KEY)
        text = (
            f"version: 1\npolicy: preset:orion\nendpoints: {{e: {{url: 'HTTPS://x.example/a?b', secret: {secret}}}}}\n"
        )
        (tmp_path / "gateway.yaml").write_text(text)
        load_config(tmp_path / "gateway.yaml", {"S": KEY})

        assert wrongs(SCHEMA, read(text)) == []
