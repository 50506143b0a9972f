"""Sites and receivers for tests of real processes, and the order of the tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.process import Site
from tests.acceptance.receiver import Receiver


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where several workers share the tests, the longest one comes first, so that the others run beside it."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.path.name != "test_demo.py")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that runs."""
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def site(tmp_path: Path, receiver: Receiver) -> Iterator[Site]:
    """A written folder whose notices go to the receiver; whatever it started ends with the test."""
    site = Site(tmp_path, endpoint=receiver.url)
    site.write()
    yield site
    site.clear()
