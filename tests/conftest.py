"""What every test of the core shares: how properties are searched, and where published payloads are."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

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


@pytest.fixture(scope="session")
def published() -> Path:
    """The folder of payloads that vendors published; a test that wants them is skipped where they aren't."""
    folder = os.environ.get("GATEWAY_FIXTURES")
    if not folder:
        pytest.skip("GATEWAY_FIXTURES names no folder of published payloads")
    return Path(folder)
