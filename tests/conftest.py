"""What every test of the core shares: logging as it was, how properties are searched, where published payloads are."""

import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, Phase, settings

from gateway.cli.options import choices

# No deadline: a slow machine is no failure. Derandomized: a run that passed passes again.
settings.register_profile("house", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("search", deadline=None, max_examples=2_000, suppress_health_check=[HealthCheck.too_slow])
# Few and never shrunk: that a mutant is caught matters, not how small the proof is.
settings.register_profile(
    "mutants",
    deadline=None,
    derandomize=True,
    max_examples=16,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))

# A shell that starts the tests in its background lets them, and every command that they start, ignore Ctrl-C.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

APART = {
    Path(__file__).parent / folder: f"make test-{word}"
    for folder, word in (("browser", "web"), ("clients", "clients"), ("sip", "sip"), ("stripe", "stripe"))
}
"""Tests in a real browser, and with real peers: what runs them, which alone installs what they need."""


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Says that something is left out."""
    left = [(folder, command) for folder, command in APART.items() if not _is_wanted(folder, config)]
    return [f"tests/{folder.name} is left out here: {command} runs it" for folder, command in left]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves them out where they aren't asked for by name."""
    return True if collection_path in APART and not _is_wanted(collection_path, config) else None


def _is_wanted(folder: Path, config: pytest.Config) -> bool:
    return any(Path(name.partition("::")[0]).resolve().is_relative_to(folder) for name in config.args)


@pytest.fixture(scope="session")
def published() -> Path:
    """The folder of payloads that vendors published; a test that wants them is skipped where they aren't."""
    folder = os.environ.get("GATEWAY_FIXTURES")
    if not folder:
        pytest.skip("GATEWAY_FIXTURES names no folder of published payloads")
    return Path(folder)


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """A command sets up logging for its process; here many share one, so each test leaves it as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    choices.log_level = None
