"""The points outside of transactions: the outside has answered, and the store doesn't know yet."""

import pytest

from gateway.engine.pull import pull_once
from gateway.kernel.failpoint import listen
from tests.engine.rig import MINUTE, POLICY, Rig, opening, run
from tests.engine.test_backfill import Past, read_past, with_past
from tests.engine.test_enrich import ADA, ASKING, Payments
from tests.engine.test_fetch import fetch, push, with_known
from tests.engine.test_pull import TICKETS, page, with_pages
from tests.support.points import points
from tests.support.policies import loaded

STEPS = {"begun", "before_commit", "committed", "ended"}
"""The points of transactions and checkpoints: `tests/store/test_points.py`."""


async def _deliver(rig: Rig) -> None:
    await rig.post(opening())
    await rig.at(16 * MINUTE)


async def _look_up(rig: Rig) -> None:
    await with_known(rig)
    await push(rig, "1")
    await fetch(rig)


async def _pull(rig: Rig) -> None:
    await with_pages(rig, page("a", False, "1"))
    await pull_once(rig.world, rig.link("paged"), TICKETS)


async def _backfill(rig: Rig) -> None:
    await with_past(rig, Past(*range(3)))
    await read_past(rig)


async def _follow(rig: Rig) -> None:
    await rig.gateway.follow(loaded(POLICY.replace("15m", "20m")))


async def _enrich(rig: Rig) -> None:
    rig.enrichers["payments"], rig.policy = Payments(), ASKING
    await rig.restart()
    await rig.told(opening(customer=ADA))
    await rig.settle()
    await rig.gateway.enrich_once()


STORIES = {
    "backfill.pulled": (_backfill, "first_backfill.committed", "add_backfill_page.begun"),
    "delivery.answered": (_deliver, "delivery.sending", "finish_deliveries.begun"),
    "delivery.sending": (_deliver, "claim_deliveries.committed", "delivery.answered"),
    "enrich.answered": (_enrich, "claim_questions.committed", "settle_questions.begun"),
    "fetch.answered": (_look_up, "claim_fetches.committed", "finish_fetch.begun"),
    "page.pulled": (_pull, "open.committed", "add_page.begun"),
    "policy.kept": (_follow, "put_in_force.committed", ""),
}
"""Who passes a point, after which other and before which."""


def test_every_point_is_in_a_story() -> None:
    """None is left out."""
    assert {point for point in points() if point.rpartition(".")[2] not in STEPS} == STORIES.keys()


@pytest.mark.parametrize("point", STORIES)
def test_a_point_lies_between_two_others(point: str) -> None:
    """After what is durable, before what is not."""
    story, before, after = STORIES[point]
    passed: list[str] = []
    listen(passed.append)
    try:
        run(story)
    finally:
        listen(None)

    order = [passed.index(one) for one in (before, point, after) if one]
    assert order == sorted(order)
