"""Every check, a module for each theme; they are run in this order."""

from gateway.testing.checks import (
    imports,
    normalize,
    settings,
    simulator,
    webhooks,
)

__all__ = ["imports", "normalize", "settings", "simulator", "webhooks"]
