"""Failpoints: nothing without a listener, each point by its name with one."""

from collections.abc import Iterator

import pytest

from gateway.kernel.failpoint import listen, reached, reached_each


@pytest.fixture
def passed() -> Iterator[list[str]]:
    """The points that are passed during a test."""
    found: list[str] = []
    listen(found.append)
    yield found
    listen(None)


def test_nobody_listens_unless_told() -> None:
    """Points are passed without anything happening."""
    reached("a.b")
    reached_each(["a"], "begun")


def test_a_listener_hears_each_point(passed: list[str]) -> None:
    """In the order in which they are passed, until somebody else listens or nobody does."""
    reached("page.pulled")
    reached("delivery.sending")
    listen(None)
    reached("delivery.answered")

    assert passed == ["page.pulled", "delivery.sending"]


def test_a_shared_transaction_is_each_of_those_that_share_it(passed: list[str]) -> None:
    """Once each, in the order of their first."""
    reached_each(["note", "commit", "note"], "begun")

    assert passed == ["note.begun", "commit.begun"]


def test_what_a_listener_raises_comes_through() -> None:
    """The point is where it is raised."""

    def crash(point: str) -> None:
        raise KeyboardInterrupt(point)

    listen(crash)
    try:
        with pytest.raises(KeyboardInterrupt, match="page.pulled"):
            reached("page.pulled")
    finally:
        listen(None)
