"""The shape of gateway.yaml: its keys, their types and defaults. What the values refer to is looked at in `load`."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, InstanceOf, SecretStr

from gateway.config.secret import as_secret, as_secrets
from gateway.config.values import (
    Address,
    Preset,
    parse_address,
    parse_database,
    parse_live_from,
    parse_policy,
    parse_size,
)

ENTRIES_MAX = 500
"""Connectors, or endpoints, of one gateway."""

AddressText = Annotated[InstanceOf[Address], BeforeValidator(parse_address)]
Secret = Annotated[InstanceOf[SecretStr], BeforeValidator(as_secret)]
SecretList = Annotated[tuple[InstanceOf[SecretStr], ...], BeforeValidator(as_secrets)]


class ConnectorShape(BaseModel):
    """A connector: which plugin it is, and beside it the plugin's own settings."""

    model_config = ConfigDict(extra="allow", frozen=True)

    plugin: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")
    allow_private: bool = Field(default=False, strict=True)
    live_from: Annotated[int | None, BeforeValidator(parse_live_from)] = None


class EndpointShape(BaseModel):
    """An endpoint: where notices go, how they are signed, and which types it wants beside those of its roles."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    secret: SecretList
    notices: tuple[str, ...] = Field(default=(), max_length=100)
    allow_private: bool = Field(default=False, strict=True)


class FileShape(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1]
    name: str = Field(default="orion-gateway", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")
    listen: AddressText = Address("127.0.0.1", 8080)
    admin: AddressText = Address("127.0.0.1", 8081)
    database: Annotated[str, BeforeValidator(parse_database)] = "gateway.db"
    policy: Annotated[InstanceOf[Preset] | str, BeforeValidator(parse_policy)]
    body_limit: Annotated[int, BeforeValidator(parse_size)] = 1024 * 1024
    connectors: dict[str, ConnectorShape] = Field(default_factory=dict, max_length=ENTRIES_MAX)
    endpoints: dict[str, EndpointShape] = Field(default_factory=dict, max_length=ENTRIES_MAX)
    admin_token: Secret | None = None
