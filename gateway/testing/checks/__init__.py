"""Every check, a module for each theme."""

from gateway.testing.checks import (
    access,
    assembling,
    http,
    imports,
    limits,
    listening,
    normalize,
    pulling,
    settings,
    simulator,
    truth,
    webhooks,
)

THEMES = (
    "settings", "imports", "normalize", "simulator", "webhooks", "listening", "assembling", "pulling", "truth", "http",
    "access", "limits",
)  # fmt: skip
"""The modules, in the order in which an author meets what they ask."""

__all__ = [
    "access", "assembling", "http", "imports", "limits", "listening", "normalize", "pulling", "settings", "simulator",
    "truth", "webhooks",
]  # fmt: skip
