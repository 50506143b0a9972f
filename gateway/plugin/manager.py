"""Finds the plugins, one by one: a plugin that can't be used is left out and named, and the others stay.

A plugin is an entry point of the group `gateway` whose object has the hooks. The built-in ones come in by the same way.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

import pluggy
from pydantic import BaseModel

from gateway.kernel.log import hide_secrets
from gateway.plugin import spec
from gateway.plugin.connector import Connector

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
    """What was found: connector classes by the name that `plugin:` in gateway.yaml asks for, and what was left out."""

    connectors: dict[str, type[Connector]] = field(default_factory=dict)
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
        registered = _register(name, load())
        for kind in registered:
            if kind.plugin in found.connectors:
                raise _Unusable(f"another plugin has registered the connector {kind.plugin!r} already")
    except _Unusable as error:
        found.broken.append(Broken(name, str(error)))
    except (Exception, SystemExit) as error:  # the isolation boundary of plugins: foreign code runs in `load` and hooks
        found.broken.append(Broken(name, hide_secrets(f"{type(error).__name__}: {error}")))
    else:
        found.connectors.update({kind.plugin: kind for kind in registered})


def _register(name: str, plugin: object) -> list[type[Connector]]:
    """What one plugin registers. A manager of its own for each, so that nothing of a broken one remains."""
    registered: list[Any] = []
    manager = pluggy.PluginManager(spec.PROJECT)
    manager.add_hookspecs(spec)
    manager.register(plugin, name=name)
    manager.check_pending()
    manager.hook.gateway_connectors(register=registered.append)
    if not registered:
        raise _Unusable("it registers nothing: implement the hook gateway_connectors with @hookimpl")
    for kind in registered:
        if lack := _lack(kind):
            raise _Unusable(f"{getattr(kind, '__name__', repr(kind))} is no connector: {lack}")
    return registered


def _lack(kind: object) -> str:
    """What keeps `kind` from being a connector class; empty if nothing does."""
    if not isinstance(kind, type):
        return "register the class, not an instance of it"
    plugin = getattr(kind, "plugin", None)
    if not isinstance(plugin, str) or not plugin:
        return "it has no name in `plugin`"
    settings = getattr(kind, "settings_type", None)
    if not isinstance(settings, type) or not issubclass(settings, BaseModel):
        return "its `settings_type` is no pydantic model"
    for method in ("normalize", "check"):
        if not callable(getattr(kind, method, None)):
            return f"it has no method `{method}`"
    return ""
