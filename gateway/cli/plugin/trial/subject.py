"""What is tried: a connector's class, from where it is installed or from a folder, and its settings in gateway.yaml."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from gateway.cli.failures import USAGE, Failed
from gateway.cli.plugin.chosen import the_plugin
from gateway.config import Config, ConnectorConfig, load_config
from gateway.kernel.reach import Reach


@dataclass(frozen=True, slots=True)
class Tried:
    """A connector of the configuration, with the class that is to be tried under its name."""

    name: str
    kind: Any
    settings: BaseModel = field(repr=False)
    reach: Reach
    config: Config


def to_be_tried(what: str, config: Path) -> Tried:
    """The connector of that name, else the one of the plugin of that name or path. Raises Problems, and Failed."""
    settled = load_config(config, os.environ)
    named = settled.connectors.get(what)
    kind = the_plugin(named.plugin if named is not None else what)
    connector = named or _only_one(settled, kind.plugin, config)
    settings = settled.connector_settings(connector.name, kind.settings_type)
    return Tried(connector.name, kind, settings, connector.reach, settled)


def _only_one(config: Config, plugin: str, path: Path) -> ConnectorConfig:
    found = [connector for connector in config.connectors.values() if connector.plugin == plugin]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(connector.name for connector in found)
        raise Failed(USAGE, f"{path} has several connectors of the plugin {plugin}: {names}", "give the name of one")
    hint = f"`gateway simulate {plugin}` prints settings for one that needs no vendor"
    raise Failed(USAGE, f"{path} has no connector with `plugin: {plugin}`", hint)
