"""The configuration of one gateway, as loaded: frozen values, and settings of connectors and enrichers on demand.

Their settings stay as they stand in the file until their plugin says what type they have; then they are checked like
the rest, every mistake with its place.
"""

from collections.abc import Iterator, Mapping
from copy import copy
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, InstanceOf, PrivateAttr, SecretStr

from gateway.config.outward import why_not
from gateway.config.secret import WHAT_TO_WRITE, Location, written_as_text
from gateway.config.values import Address, Preset
from gateway.kernel.document import Document, Problem, Problems
from gateway.kernel.reach import Reach

S = TypeVar("S", bound=BaseModel)


class ConnectorConfig(BaseModel):
    """One connector: its plugin, what it may call, and the plugin's settings, not checked yet.

    `live_from`, in milliseconds since the epoch: what lies before it is suppressed; None means its first start.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    plugin: str
    reach: InstanceOf[Reach]
    live_from: int | None
    # Not in the repr: whether all its secrets are kept elsewhere isn't known before the plugin says what they are.
    settings: Mapping[str, Any] = Field(repr=False)


class EnricherConfig(BaseModel):
    """One enricher: its plugin, what it may call, its limits, and the plugin's settings, not checked yet."""

    model_config = ConfigDict(frozen=True)

    name: str
    plugin: str
    reach: InstanceOf[Reach]
    timeout_s: float
    concurrency: int
    # Not in the repr, as a connector's.
    settings: Mapping[str, Any] = Field(repr=False)


class EndpointConfig(BaseModel):
    """One receiver of notices. Each secret signs; `notices` are patterns such as `sla.*`; `rate` is a second's; `token`
    is the receiver's own, with which it asks what it has missed."""

    model_config = ConfigDict(frozen=True)

    name: str
    url: str
    secrets: tuple[SecretStr, ...]
    notices: tuple[str, ...]
    concurrency: int
    rate: float | None
    reach: InstanceOf[Reach]
    token: SecretStr | None = None


class Config(BaseModel):
    """All of gateway.yaml. Paths are resolved against its folder; sizes are bytes."""

    model_config = ConfigDict(frozen=True)

    version: int
    name: str
    listen: InstanceOf[Address]
    admin: InstanceOf[Address]
    database: Path
    key_file: Path
    policy: InstanceOf[Preset] | Path
    body_limit: int
    connectors: Mapping[str, ConnectorConfig]
    enrichers: Mapping[str, EnricherConfig]
    endpoints: Mapping[str, EndpointConfig]
    admin_token: SecretStr | None

    _document: Document = PrivateAttr()

    @classmethod
    def of(cls, document: Document, **values: Any) -> "Config":
        """The configuration made of `values`, which knows its document for places of later problems."""
        config = cls(**values)
        config._document = document
        return config

    def problem(self, loc: tuple[str | int, ...], id: str, message: str, *, key: bool = False) -> Problem:
        """A problem at `loc` of the file, or at its key, found by whoever knows what its words refer to."""
        return self._document.problem(loc, id, message, key=key)

    def connector_settings(self, name: str, settings_type: type[S]) -> S:
        """The settings of the connector `name` as its plugin's type. Raises Problems, each at its place."""
        return self._settings("connectors", self.connectors[name], settings_type)

    def enricher_settings(self, name: str, settings_type: type[S]) -> S:
        """The settings of the enricher `name` as its plugin's type. Raises Problems, each at its place."""
        return self._settings("enrichers", self.enrichers[name], settings_type)

    def _settings(self, section: str, entry: ConnectorConfig | EnricherConfig, settings_type: type[S]) -> S:
        loc = (section, entry.name)
        settings = dict(entry.settings)
        if "allow_private" in settings_type.model_fields:
            settings["allow_private"] = bool(entry.reach.networks)
        problems = [
            self.problem(at, "bad-secret", WHAT_TO_WRITE) for at in written_as_text(settings_type, settings, loc)
        ]
        problems += self._wrong_urls(loc, entry)
        document = copy(self._document)
        document.data = {section: {entry.name: settings}}
        try:
            checked = document.validate(settings_type, loc)
        except Problems as found:
            # What else is wrong with a secret that must not stand there says nothing new, and may say something of it.
            told = {(problem.line, problem.column) for problem in problems}
            more = (problem for problem in found.problems if (problem.line, problem.column) not in told)
            raise Problems([*problems, *more]) from None
        if problems:
            raise Problems(problems)
        return checked

    def _wrong_urls(self, loc: Location, entry: ConnectorConfig | EnricherConfig) -> list[Problem]:
        return [
            self.problem(at, "bad-url", why)
            for at, url in _urls(entry.settings, loc)
            if (why := why_not(url, entry.reach))
        ]


def _urls(settings: Any, loc: Location, named: bool = False) -> Iterator[tuple[Location, str]]:
    """What stands in a plugin's settings, at any depth, under `url` or a key that ends in `_url`."""
    if isinstance(settings, str) and named:
        yield loc, settings
    elif isinstance(settings, Mapping):
        for key, value in settings.items():
            yield from _urls(value, (*loc, key), key == "url" or str(key).endswith("_url"))
    elif isinstance(settings, list):
        for index, value in enumerate(settings):
            yield from _urls(value, (*loc, index), named)
