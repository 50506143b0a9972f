"""The doors run ahead of judging, up to a bound."""

import pytest

from gateway.engine import backlog as backlog_module
from gateway.engine.backlog import COUNT_EVERY_MS, YOUNG_MS
from gateway.plugin import Request
from tests.engine.rig import HOUR, T0, Rig, event, run


async def look(rig: Rig) -> bool:
    """Count what waits, and whether the doors are shut then."""
    outlook, _ = await rig.gateway._look()
    await rig.gateway._backlog.watch(rig.world, outlook)
    return rig.gateway._backlog.full


def test_only_beyond_the_bound_senders_are_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """With 503 and when to come again, nothing kept; once judging has caught up everything is taken again."""
    monkeypatch.setattr(backlog_module, "WAITING_MAX", 2)

    async def story(rig: Rig) -> None:
        for number in range(2):
            await rig.told(event("call.held", 0, ticket=str(number)))
        rig.clock.at = T0 + YOUNG_MS
        assert not await look(rig)
        assert await rig.post(event("call.held", 0)) == 202
        assert not await look(rig)
        rig.clock.at += COUNT_EVERY_MS
        assert await look(rig)
        request = Request("POST", {}, {}, b"", rig.clock.at)
        answer = await rig.gateway.receive("vendor", request)
        assert answer is not None
        assert (answer.status, answer.retry_after_s) == (503, 30)
        assert len(await rig.store.inbox(limit=9)) == 3
        await rig.settle()
        assert await rig.post(event("call.held", 1)) == 202

    run(story)


def test_a_young_backlog_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A burst of the last minute can't be that large; an old one is counted now and then only."""
    counted: list[int] = []

    async def story(rig: Rig) -> None:
        async def counting(most: int) -> bool:
            counted.append(most)
            return False

        monkeypatch.setattr(rig.store, "waits_beyond", counting)
        await rig.told(event("call.held", 0))
        for at in (0, YOUNG_MS - 1, HOUR, HOUR + COUNT_EVERY_MS - 1, HOUR + COUNT_EVERY_MS):
            rig.clock.at = T0 + at
            assert not await look(rig)
        assert counted == [backlog_module.WAITING_MAX] * 2

    run(story)
