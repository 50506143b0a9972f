"""What several tests of the readers use: our own samples as bytes, with the line ends that SIP has."""

from collections.abc import Callable
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parent / "samples"


def sampled(name: str) -> bytes:
    """A sample as it would come over the wire."""
    return (SAMPLES / f"{name}.sip").read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@pytest.fixture
def sample() -> Callable[[str], bytes]:
    """Reads samples."""
    return sampled
