"""What counts as told by a webhook: in time, late, or not at all."""

from gateway.model.identity import Ref
from gateway.rules.reconcile import SLACK_MS, Listed, compare

ONE, OTHER = Ref("ticket", "1"), Ref("ticket", "2")
AT = 1_000_000_000


def told(pushes: list[int], changed: int = AT, read: int = AT + 60_000) -> str:
    """What is said of one change."""
    (compared,) = compare([Listed(ONE, changed, read)], {ONE: pushes})
    return compared.told


def test_a_webhook_in_time() -> None:
    """It came between the change and the list; clocks may differ a little."""
    assert told([AT + 500]) == "told"
    assert told([AT - SLACK_MS]) == "told"
    assert told([AT + 60_000]) == "told"


def test_a_webhook_that_comes_after_the_list() -> None:
    """It is late, and missed nothing."""
    assert told([AT + 60_001]) == "late"
    assert told([AT + 60_001, AT + 1]) == "told"


def test_no_webhook_since_the_change() -> None:
    """One that came before it, or about another object, told nothing of it."""
    assert told([]) == "missed"
    assert told([AT - SLACK_MS - 1]) == "missed"
    (compared,) = compare([Listed(ONE, AT, AT)], {OTHER: [AT]})
    assert compared.told == "missed"


def test_a_change_that_is_listed_twice_counts_once() -> None:
    """As it was first read; another change of the same object is another one. They come in the order of time."""
    listed = [
        Listed(OTHER, AT + 9, AT + 99),
        Listed(ONE, AT, AT + 50),
        Listed(ONE, AT, AT + 20),
        Listed(ONE, AT + 5, AT),
    ]

    found = [(one.listed.ref.id, one.listed.changed_at - AT, one.listed.read_at - AT) for one in compare(listed, {})]

    assert found == [("1", 0, 20), ("1", 5, 0), ("2", 9, 99)]
