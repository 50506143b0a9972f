"""Many who ask the same get one rendering; whoever is told of a change gets one that has it."""

import asyncio

import pytest

from gateway.plugin import Finding
from gateway.web.live.feed import Feed
from gateway.web.live.shared import ANSWERS_MAX, KEPT_S, Shared
from tests.web.live.test_feed import listening
from tests.web.worlds import NOW, Whole, opened, run


class Kitchen:
    """Makes answers, and counts them."""

    def __init__(self, whole: Whole, feed: Feed | None = None) -> None:
        self.made = 0
        self.shared = Shared(whole.clock, whole.store, feed or Feed(whole.gateway))

    async def make(self) -> str:
        self.made += 1
        await asyncio.sleep(0)
        return f"answer {self.made}"

    async def answer(self, asked: str = "/") -> str:
        return await self.shared.answer(asked, self.make)


async def change(whole: Whole, number: int) -> None:
    """Something is written."""
    await whole.post(opened(number, NOW))


def test_a_hundred_who_ask_at_once_get_one_rendering() -> None:
    """The first makes it, the others wait for it; another address is another answer."""

    async def work(whole: Whole) -> None:
        kitchen = Kitchen(whole)
        answers = await asyncio.gather(*(kitchen.answer() for _ in range(100)))

        assert set(answers) == {"answer 1"}
        assert await kitchen.answer("/other") == "answer 2"
        assert await kitchen.answer() == "answer 1"

    run(work)


def test_an_answer_is_good_until_something_is_written_or_it_is_old() -> None:
    """With nobody listening: any write makes it anew, and so does time."""

    async def work(whole: Whole) -> None:
        kitchen = Kitchen(whole)
        assert await kitchen.answer() == "answer 1"
        await change(whole, 1)
        assert await kitchen.answer() == "answer 2"
        whole.clock.at += int(KEPT_S * 1000) - 1
        assert await kitchen.answer() == "answer 2"
        whole.clock.at += 1
        assert await kitchen.answer() == "answer 3"

    run(work)


def test_while_changes_are_told_an_answer_is_good_until_the_next_is() -> None:
    """A write that nobody has been told of makes no new rendering; the telling of it does."""

    async def work(whole: Whole) -> None:
        feed, _ = await listening(whole)
        kitchen = Kitchen(whole, feed)
        assert await kitchen.answer() == "answer 1"
        await change(whole, 1)
        assert await kitchen.answer() == "answer 1"
        await feed.step()
        assert await kitchen.answer() == "answer 2"

    run(work)


def test_a_connector_that_fails_makes_answers_anew() -> None:
    """It is written nowhere: who is told of it and asks gets no answer of before."""

    async def work(whole: Whole) -> None:
        feed, _ = await listening(whole)
        kitchen = Kitchen(whole, feed)
        await feed.step()
        assert await kitchen.answer() == "answer 1"
        whole.gateway.links["shop"].findings = (Finding(ok=False, what="the webhook is gone"),)
        await feed.step()
        assert await kitchen.answer() == "answer 2"

    run(work)


def test_a_failure_is_not_kept_and_fails_nobody_else() -> None:
    """Who asks next has it made again."""

    async def work(whole: Whole) -> None:
        kitchen = Kitchen(whole)

        async def fail() -> str:
            raise ValueError("no")

        with pytest.raises(ValueError, match="no"):
            await kitchen.shared.answer("/", fail)
        assert await kitchen.answer() == "answer 1"

    run(work)


def test_answers_that_nobody_asks_for_make_room() -> None:
    """At most so many are kept: the ones asked for last."""

    async def work(whole: Whole) -> None:
        kitchen = Kitchen(whole)
        await kitchen.answer("/first")
        for number in range(ANSWERS_MAX - 1):
            await kitchen.answer(f"/{number}")
        assert await kitchen.answer("/first") == "answer 1"
        await kitchen.answer("/one-more")
        made = kitchen.made

        assert await kitchen.answer("/first") == "answer 1"
        assert kitchen.made == made
        assert await kitchen.answer("/0") == f"answer {made + 1}"

    run(work)
