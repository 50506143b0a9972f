"""Every check, a module for each theme."""

from gateway.testing.checks import (
    access,
    assembling,
    facts,
    http,
    imports,
    limits,
    listening,
    lookups,
    normalize,
    pulling,
    settings,
    simulator,
    truth,
    unavailable,
    webhooks,
)

THEMES = (
    "settings", "imports", "normalize", "simulator", "webhooks", "listening", "assembling", "pulling", "truth", "http",
    "access", "limits", "facts", "lookups", "unavailable",
)  # fmt: skip
"""The modules, in the order in which an author meets what they ask."""

__all__ = [
    "access", "assembling", "facts", "http", "imports", "limits", "listening", "lookups", "normalize", "pulling",
    "settings", "simulator", "truth", "unavailable", "webhooks",
]  # fmt: skip
