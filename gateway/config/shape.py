"""The shape of gateway.yaml: its keys, their types and defaults. What the values refer to is looked at in `load`.

The text behind each field is what editors and the reference tell of the key.
"""

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, InstanceOf, SecretStr, WithJsonSchema, WrapValidator

from gateway.config.outward import ALLOW_PRIVATE_SCHEMA, PORTS_MAX, flag_or_networks, parse_network
from gateway.config.secret import as_secret, as_secrets
from gateway.config.values import (
    ADDRESS_SCHEMA,
    DATABASE_SCHEMA,
    KEY_FILE_SCHEMA,
    POLICY_SCHEMA,
    RATE_SCHEMA,
    SIZE_SCHEMA,
    TIMEOUT_SCHEMA,
    Address,
    Preset,
    parse_address,
    parse_database,
    parse_key_file,
    parse_live_from,
    parse_policy,
    parse_rate,
    parse_size,
    parse_timeout,
)
from gateway.kernel.json_schema import SECRET_SCHEMA, SECRETS_SCHEMA
from gateway.kernel.urls import URL_LENGTH_MAX
from gateway.policy.scalars import AT_SCHEMA, Version
from gateway.rules.breaker import RAMP_MAX

ENTRIES_MAX = 500
"""Connectors, or endpoints, of one gateway."""

ENRICHERS_MAX = 50

ENTRY_NAME = r"[a-z][a-z0-9_-]{0,62}"
"""A connector's name stands in a URL, an endpoint's in the policy: both are plain words."""

ENRICHER_NAME = r"(?!(?:false|in|null|true)$)[a-z][a-z0-9_]{0,62}"
"""An enricher's name stands behind a dot in conditions, where neither a dash can stand nor a word of their language."""

CONCURRENCY_MAX = 32
"""Look-ups of one enricher that may be under way at once."""

AddressText = Annotated[InstanceOf[Address], BeforeValidator(parse_address), WithJsonSchema(ADDRESS_SCHEMA)]
Secret = Annotated[InstanceOf[SecretStr], BeforeValidator(as_secret), WithJsonSchema(SECRET_SCHEMA)]
SecretList = Annotated[tuple[InstanceOf[SecretStr], ...], BeforeValidator(as_secrets), WithJsonSchema(SECRETS_SCHEMA)]
EntryName = Annotated[str, WithJsonSchema({"pattern": f"^{ENTRY_NAME}$"})]
EnricherName = Annotated[str, WithJsonSchema({"pattern": f"^{ENRICHER_NAME}$"})]
CalledUrl = Annotated[
    str,
    WithJsonSchema(
        {
            "type": "string",
            "maxLength": URL_LENGTH_MAX,
            "pattern": r"^[Hh][Tt]{2}[Pp][Ss]?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[1-9][0-9]{0,4})?"
            r"(?:[/?][^#\s\\]*)?$",
            "examples": ["https://help.example.com/hooks"],
        }
    ),
]
AllowedNetwork = Annotated[InstanceOf[IPv4Network] | InstanceOf[IPv6Network], BeforeValidator(parse_network)]
AllowPrivate = Annotated[
    tuple[AllowedNetwork, ...], WrapValidator(flag_or_networks), WithJsonSchema(ALLOW_PRIVATE_SCHEMA)
]
Port = Annotated[int, Field(strict=True, ge=1, le=65_535)]


class ConnectorShape(BaseModel):
    """A connector: which plugin it is, and beside it the plugin's own settings."""

    model_config = ConfigDict(extra="allow", frozen=True)

    plugin: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")
    """Which plugin serves it: `events` is built in, `gateway plugin list` shows the others."""

    allow_private: AllowPrivate = Field(default=(), json_schema_extra={"default": False})
    """Whether its URLs may be private or loopback addresses: all of them, or those of the networks in a list."""

    allow_ports: tuple[Port, ...] = Field(default=(), max_length=PORTS_MAX)
    """Ports that its URLs may have beside 80, 443 and those from 1024 on that no other service is known by."""

    live_from: Annotated[int | None, BeforeValidator(parse_live_from), WithJsonSchema(AT_SCHEMA)] = None
    """Effects that lie before it are recorded as suppressed and never go out; left out: its first start."""


class EnricherShape(BaseModel):
    """An enricher: which plugin it is, and beside it the plugin's own settings."""

    model_config = ConfigDict(extra="allow", frozen=True)

    plugin: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")
    """Which plugin's enricher it is: `gateway plugin list` shows those that are installed."""

    allow_private: AllowPrivate = Field(default=(), json_schema_extra={"default": False})
    """Whether its URLs may be private or loopback addresses: all of them, or those of the networks in a list."""

    allow_ports: tuple[Port, ...] = Field(default=(), max_length=PORTS_MAX)
    """Ports that its URLs may have beside 80, 443 and those from 1024 on that no other service is known by."""

    timeout: Annotated[int, BeforeValidator(parse_timeout), WithJsonSchema(TIMEOUT_SCHEMA)] = Field(
        default=5_000, json_schema_extra={"default": "5s"}
    )
    """One look-up may take so long, from `100ms` to `60s`; then its facts are `unavailable`, and it is asked again
    later."""

    concurrency: int = Field(default=4, ge=1, le=CONCURRENCY_MAX, strict=True)
    """How many look-ups may be under way at once."""


class EndpointShape(BaseModel):
    """An endpoint: where notices go, how they are signed, and which types it wants beside those of its roles."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: CalledUrl
    """Where notices go: `https://` or `http://`, without credentials in it."""

    secret: SecretList
    """Signs the notices; of a list, or of several lines in a file, each one signs, so that a receiver can change
    over."""

    notices: tuple[str, ...] = Field(default=(), max_length=100)
    """Types that it wants beside those of its roles, with `*`: `"sla.*"`."""

    concurrency: int = Field(default=8, ge=1, le=RAMP_MAX, strict=True)
    """How many notices may be on their way to it at once."""

    rate: Annotated[float | None, BeforeValidator(parse_rate), WithJsonSchema(RATE_SCHEMA)] = None
    """At most so many notices a second, such as `10/s`, or a minute, such as `30/m`; left out: as many as it takes."""

    allow_private: AllowPrivate = Field(default=(), json_schema_extra={"default": False})
    """Whether the URL may be a private or loopback address: any, or one of the networks in a list."""

    allow_ports: tuple[Port, ...] = Field(default=(), max_length=PORTS_MAX)
    """Ports that the URL may have beside 80, 443 and those from 1024 on that no other service is known by."""

    token: Secret | None = None
    """What the receiver proves itself with when it asks `/api/v1/notices` for what it has missed; opens nothing
    else."""


class FileShape(BaseModel):
    """The configuration of one gateway."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Version
    """The version of this file's format."""

    name: str = Field(default="orion-gateway", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")
    """Who sends the notices: the `source` of each."""

    listen: AddressText = Field(default=Address("127.0.0.1", 8080), json_schema_extra={"default": "127.0.0.1:8080"})
    """Where vendors reach us: `/in/{connector}` and `/healthz`, nothing else. Port 0 is any free one."""

    admin: AddressText = Field(default=Address("127.0.0.1", 8081), json_schema_extra={"default": "127.0.0.1:8081"})
    """Where people reach us, with a token."""

    database: Annotated[str, BeforeValidator(parse_database), WithJsonSchema(DATABASE_SCHEMA)] = Field(
        default="gateway.db", json_schema_extra={"default": "sqlite:///gateway.db"}
    )
    """The file; its folder must be there."""

    key_file: Annotated[str, BeforeValidator(parse_key_file), WithJsonSchema(KEY_FILE_SCHEMA)] = "gateway.key"
    """The file with the key that seals the tokens of authorized connectors; `gateway init` makes it."""

    policy: Annotated[InstanceOf[Preset] | str, BeforeValidator(parse_policy), WithJsonSchema(POLICY_SCHEMA)]
    """A path, or `preset:NAME` for one that comes along."""

    body_limit: Annotated[int, BeforeValidator(parse_size), WithJsonSchema(SIZE_SCHEMA)] = Field(
        default=1024 * 1024, json_schema_extra={"default": "1MiB"}
    )
    """The longest body that is read, from `1KiB` to `64MiB`."""

    connectors: dict[EntryName, ConnectorShape] = Field(default_factory=dict, max_length=ENTRIES_MAX)
    """What comes in, by name; the name is the last part of `/in/{connector}`."""

    enrichers: dict[EnricherName, EnricherShape] = Field(default_factory=dict, max_length=ENRICHERS_MAX)
    """Who is asked about customers, by name; rules of `enrich` and `contact.facts.NAME` in conditions use these
    names."""

    endpoints: dict[EntryName, EndpointShape] = Field(default_factory=dict, max_length=ENTRIES_MAX)
    """Where notices go, by name; the policy's roles use these names."""

    admin_token: Secret | None = None
    """The token for `admin`; left out: made at each start. One that is set is never printed: write it behind
    `/?token=` yourself. `gateway token new` makes others theirs."""
