"""The kennel of the tests that fork commands."""

from collections.abc import Iterator

import pytest

from tests.crash import flow
from tests.crash.forked import Kennel


@pytest.fixture(scope="session")
def kennel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kennel]:
    """One for all."""
    packages = tmp_path_factory.mktemp("packages") / "packages"
    flow.install(packages)
    kennel = Kennel(packages)
    yield kennel
    kennel.close()
