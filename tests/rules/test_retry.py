"""How long what failed has to wait. What becomes of a delivery is tested where it is sent, in tests/engine."""

import pytest

from gateway.rules.retry import growing_wait


@pytest.mark.parametrize(("failures", "wait"), [(1, 5.0), (2, 10.0), (3, 20.0), (7, 300.0), (10_000, 300.0)])
def test_each_failure_doubles_the_wait_up_to_the_longest(failures: int, wait: float) -> None:
    """However often it has failed: no number grows without end."""
    assert growing_wait(5, 300, failures) == wait
