"""A command sets up logging for its process; here many commands share one, so each test leaves it as it was."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from gateway.cli.options import choices


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Undo what the commands of a test set up for the whole process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    choices.log_level = None
