"""What the tests with other people's clients share: the versions that must be there."""

import pytest

from tests.clients.peers import PEERS, PINS, WANTED
from tests.support.peers import missing, pinned


@pytest.fixture(scope="session", autouse=True)
def _peers() -> None:
    """Both are here, as pinned."""
    assert missing(pinned(PINS.read_text(encoding="utf-8"), PEERS)) == [], WANTED
