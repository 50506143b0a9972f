"""Every check, a module for each theme; they are run in this order."""

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

__all__ = ["access", "http", "imports", "limits", "normalize", "pulling", "settings", "simulator", "truth", "webhooks"]
