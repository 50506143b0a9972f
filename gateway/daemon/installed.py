"""The plugins of this installation, and the types of what their enrichers tell. It imports little."""

from msgspec import Struct

from gateway.config import Config
from gateway.connectors import BUILTIN
from gateway.kernel.document import Document
from gateway.plugin.manager import Plugins, find_plugins


def plugins_here() -> Plugins:
    """The plugins of this installation, the built-in connector among them."""
    return find_plugins(BUILTIN)


def facts_types(config: Config, plugins: Plugins | None = None) -> dict[str, type[Struct] | None]:
    """The facts type of each enricher that is configured, None where its plugin can't be used."""
    if not config.enrichers:
        # To find plugins takes time, and policies without enrichers are the rule.
        return {}
    found = (plugins or plugins_here()).enrichers
    kinds = {name: found.get(enricher.plugin) for name, enricher in config.enrichers.items()}
    return {name: None if kind is None else kind.facts_type for name, kind in kinds.items()}


def facts_types_in(document: Document, plugins: Plugins | None = None) -> dict[str, type[Struct] | None] | None:
    """The same of a configuration of which nothing else need be right; None where it can't say which enrichers it
    means."""
    section = document.data.get("enrichers", {}) if isinstance(document.data, dict) else None
    if document.wrong or not isinstance(section, dict):
        return None
    found = (plugins or plugins_here()).enrichers if section else {}
    named = {str(name): entry.get("plugin") if isinstance(entry, dict) else None for name, entry in section.items()}
    kinds = {name: found.get(plugin) if isinstance(plugin, str) else None for name, plugin in named.items()}
    return {name: None if kind is None else kind.facts_type for name, kind in kinds.items()}
