"""Every check, a module for each theme."""

from gateway.testing.checks import (
    access,
    http,
    imports,
    limits,
    normalize,
    pulling,
    settings,
    simulator,
    truth,
    webhooks,
)

THEMES = ("settings", "imports", "normalize", "simulator", "webhooks", "pulling", "truth", "http", "access", "limits")
"""The modules, in the order in which an author meets what they ask."""

__all__ = ["access", "http", "imports", "limits", "normalize", "pulling", "settings", "simulator", "truth", "webhooks"]
