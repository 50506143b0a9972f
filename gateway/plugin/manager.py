"""Finds the plugins, one by one: a plugin that can't be used is left out and named, and the others stay.

A plugin is an entry point of the group `gateway` whose object has the hooks. The built-in ones come in by the same way.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

import pluggy
from msgspec import Struct
from msgspec.structs import fields
from pydantic import BaseModel

from gateway.kernel.log import hide_secrets
from gateway.plugin import spec
from gateway.plugin.connector import Connector
from gateway.plugin.enricher import TTL_MAX_S, TTL_S, Enricher

ABILITIES: Mapping[str, tuple[str, ...]] = {
    "receives": ("receive",),
    "pulls": ("pull", "streams"),
    "fetches": ("fetch",),
    "listens": ("listen",),
    "assembles": ("facts_type", "join", "tell"),
    "authenticates": ("auth",),
    "limits": ("limits",),
    "simulates": ("simulator",),
}
"""The members of each ability, by the word that people read."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A plugin that was left out, by the name of its entry point, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plugins:
    """What was found: classes by the name that `plugin:` in gateway.yaml asks for, and what was left out."""

    connectors: dict[str, type[Connector]] = field(default_factory=dict)
    enrichers: dict[str, type[Enricher]] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)


class _Unusable(Exception):
    """Why a plugin is left out, in words for whoever installed it."""


def find_plugins(
    builtin: Mapping[str, ModuleType] | None = None, installed: Iterable[EntryPoint] | None = None
) -> Plugins:
    """All plugins: `builtin` modules first, then the entry points (by default those of this environment), by name."""
    found = Plugins()
    for name, module in (builtin or {}).items():
        _add(found, name, lambda module=module: module)
    points = entry_points(group=spec.PROJECT) if installed is None else installed
    for point in sorted(points, key=lambda point: (point.name, point.value)):
        _add(found, point.name, point.load)
    return found


def abilities(kind: type) -> tuple[str, ...]:
    """The abilities that a connector class has, in a fixed order: whoever has the members has the ability."""
    return tuple(word for word, members in ABILITIES.items() if all(hasattr(kind, member) for member in members))


def _add(found: Plugins, name: str, load: Any) -> None:
    try:
        connectors, enrichers = _register(name, load())
        _refuse_taken("connector", connectors, found.connectors)
        _refuse_taken("enricher", enrichers, found.enrichers)
    except _Unusable as error:
        found.broken.append(Broken(name, str(error)))
    except (Exception, SystemExit) as error:  # the isolation boundary of plugins: foreign code runs in `load` and hooks
        found.broken.append(Broken(name, hide_secrets(f"{type(error).__name__}: {error}")))
    else:
        found.connectors.update({kind.plugin: kind for kind in connectors})
        found.enrichers.update({kind.plugin: kind for kind in enrichers})


def _refuse_taken(what: str, kinds: Iterable[type[Any]], taken: Mapping[str, object]) -> None:
    own: set[str] = set()
    for kind in kinds:
        if kind.plugin in taken:
            raise _Unusable(f"another plugin has registered the {what} {kind.plugin!r} already")
        if kind.plugin in own:
            raise _Unusable(f"it registers the {what} {kind.plugin!r} twice")
        own.add(kind.plugin)


def _register(name: str, plugin: object) -> tuple[list[type[Connector]], list[type[Enricher]]]:
    """What one plugin registers. A manager of its own for each, so that nothing of a broken one remains."""
    connectors: list[Any] = []
    enrichers: list[Any] = []
    manager = pluggy.PluginManager(spec.PROJECT)
    manager.add_hookspecs(spec)
    manager.register(plugin, name=name)
    manager.check_pending()
    manager.hook.gateway_connectors(register=connectors.append)
    manager.hook.gateway_enrichers(register=enrichers.append)
    if not connectors and not enrichers:
        raise _Unusable(
            "it registers nothing: implement the hook gateway_connectors or gateway_enrichers with @hookimpl"
        )
    _refuse_unfit("connector", connectors, _lack_of_connector)
    _refuse_unfit("enricher", enrichers, _lack_of_enricher)
    return connectors, enrichers


def _refuse_unfit(what: str, kinds: Iterable[object], lack: Callable[[object], str]) -> None:
    for kind in kinds:
        if why := lack(kind):
            raise _Unusable(f"{getattr(kind, '__name__', repr(kind))} is no {what}: {why}")


def _lack_of_connector(kind: object) -> str:
    """What keeps `kind` from being a connector class; empty if nothing does."""
    return _lack(kind, ("normalize", "check"))


def _lack_of_enricher(kind: object) -> str:
    """What keeps `kind` from being an enricher class; empty if nothing does."""
    if why := _lack(kind, ("lookup", "check")):
        return why
    facts = getattr(kind, "facts_type", None)
    if not isinstance(facts, type) or not issubclass(facts, Struct):
        return "its `facts_type` is no msgspec Struct"
    # Raises where the types of its fields can't be found out.
    fields(facts)
    ttl_s = getattr(kind, "ttl_s", TTL_S)
    if not isinstance(ttl_s, int | float) or not 0 <= ttl_s <= TTL_MAX_S:
        return f"its `ttl_s` is no number of seconds from 0 to {TTL_MAX_S}"
    return ""


def _lack(kind: object, methods: Iterable[str]) -> str:
    """What keeps `kind` from being a class with these methods that the core can make; empty if nothing does."""
    if not isinstance(kind, type):
        return "register the class, not an instance of it"
    plugin = getattr(kind, "plugin", None)
    if not isinstance(plugin, str) or not plugin:
        return "it has no name in `plugin`"
    settings = getattr(kind, "settings_type", None)
    if not isinstance(settings, type) or not issubclass(settings, BaseModel):
        return "its `settings_type` is no pydantic model"
    for method in methods:
        if not callable(getattr(kind, method, None)):
            return f"it has no method `{method}`"
    return ""
