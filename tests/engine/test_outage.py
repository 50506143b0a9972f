"""A receiver that is down for days: it gets everything, in order, at a rate it can bear, and nobody else notices."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from gateway.kernel.ports import NetError, NetRequest, NetResponse
from gateway.kernel.store import Batch, Notice
from gateway.model.instant import DAY_MS
from gateway.model.judgement import Effect
from tests.engine.rig import HOUR, MINUTE, SECOND, T0, AnsweringNet, Rig, run, url_of

CONTACTS = 40
EVERY = 20 * MINUTE
"""One notice for both receivers so often: three days make 216, of contacts in turn."""

STEP = 5 * MINUTE


class TimedNet(AnsweringNet):
    """Keeps when each request was sent, and to whom."""

    def __init__(self, rig: Rig) -> None:
        super().__init__()
        self.rig = rig
        self.times: list[tuple[str, int]] = []

    async def request(self, request: NetRequest, *, deadline_s: float, body_max: int = 16_384) -> NetResponse:
        """Answer as told."""
        self.times.append((request.url, self.rig.clock.at))
        return await super().request(request, deadline_s=deadline_s, body_max=body_max)

    def to(self, endpoint: str) -> list[int]:
        """When requests went to an endpoint."""
        return [at for url, at in self.times if url == url_of(endpoint)]


async def tell(rig: Rig, number: int, endpoints: tuple[str, ...] = ("dead", "well")) -> None:
    """A notice about one of the contacts, made now."""
    effect = Effect(id=f"n{number}", cause=f"n{number}", type="sla.breached", at=rig.clock.at)
    about = f"con_{number % CONTACTS}"
    body = b'{"id":"n%d","contact":"%s"}' % (number, about.encode())
    new = Notice(effect=effect, contact=about, body=body, endpoints=endpoints)
    await rig.store.commit(Batch(notices=(new,), now=rig.clock.at))


async def live(rig: Rig, until: int, said: int = 0) -> int:
    """Let time pass, step by step, with a steady stream of notices; how many were told."""
    while rig.clock.at < until:
        rig.clock.at += STEP
        if (rig.clock.at - T0) % EVERY == 0:
            await tell(rig, said)
            said += 1
        await rig.settle()
    return said


def received(rig: Rig, endpoint: str) -> list[dict[str, Any]]:
    """What an endpoint has taken, in order: while it was down it took nothing."""
    urls = [request.url for request in rig.net.sent]
    taken = [body for url, body in zip(urls, rig.bodies(), strict=True) if url == url_of(endpoint)]
    return taken


def in_order(bodies: list[dict[str, Any]]) -> bool:
    """Whether what was taken is in the order of the sequence, for each contact."""
    by_contact: dict[str, list[str]] = {}
    for body in bodies:
        by_contact.setdefault(body["contact"], []).append(body["sequence"])
    return all(numbers == sorted(numbers) for numbers in by_contact.values())


@pytest.mark.parametrize("rate", [None, 2.0])
def test_a_receiver_down_for_three_days_gets_everything(rate: float | None) -> None:
    """In order for each contact, one at a time at first, at its rate; another receiver noticed nothing of it."""

    async def story(rig: Rig) -> None:
        rig.net = TimedNet(rig)
        rig.endpoints = {name: replace(one, rate=rate) for name, one in rig.endpoints.items()}
        await rig.restart()
        rig.net.down.add(url_of("dead"))
        told = await live(rig, T0 + 3 * DAY_MS)
        (dead, *_) = await rig.store.endpoints()
        assert (dead.name, dead.waiting, dead.health.standing(rig.clock.at)) == ("dead", told, "open")
        failed = len(rig.net.sent) - told
        # A probe every five minutes, and the ten that opened the breaker.
        assert failed <= 3 * 24 * 12 + 10
        rig.net.down.clear()
        rig.net.sent.clear()
        rig.net.times.clear()
        told = await back(rig, told)
        bodies = received(rig, "dead")
        assert sorted(int(body["sequence"]) for body in bodies) == list(range(1, told + 1))
        assert in_order(bodies)
        if rate is not None:
            sends = rig.net.to("dead")
            assert max(Counter(at // SECOND for at in sends).values()) <= rate
        assert {delivery.state for delivery in await rig.deliveries()} == {"delivered"}

    run(story, subscriptions={"dead": (), "well": ()})


async def back(rig: Rig, told: int) -> int:
    """Let the receiver have what waits, in steps short enough for a rate to show; the stream goes on."""
    for second in range(20 * 60):
        rig.clock.at += SECOND
        if second % 300 == 0:
            await tell(rig, told)
            told += 1
        await rig.settle()
    return told


def test_another_receiver_notices_nothing() -> None:
    """It gets each notice at the very instant at which it gets it beside a receiver that is well."""
    instants = []
    for down in (True, False):

        async def story(rig: Rig, down: bool = down) -> None:
            rig.net = TimedNet(rig)
            await rig.restart()
            if down:
                rig.net.down.add(url_of("dead"))
            await live(rig, T0 + DAY_MS)
            instants.append(rig.net.to("well"))

        run(story, subscriptions={"dead": (), "well": ()})
    assert instants[0] == instants[1]
    assert len(instants[0]) == 72


def test_five_days_of_nothing_but_failures_disable_and_lose_nothing() -> None:
    """Operators are told when it fails, when it is disabled, once each; enabled, all of it comes, in order."""

    async def story(rig: Rig) -> None:
        rig.net = TimedNet(rig)
        await rig.restart()
        rig.net.down.add(url_of("dead"))
        told = await live(rig, T0 + 6 * DAY_MS)
        (row, *_) = await rig.store.endpoints()
        assert row.health.standing(rig.clock.at) == "disabled"
        assert row.health.disabled_why == "five days of nothing but failures"
        silent = rig.net.to("dead")[-1]
        assert T0 + 5 * DAY_MS <= silent < T0 + 5 * DAY_MS + HOUR
        assert [body["type"] for body in rig.bodies() if "type" in body] == ["endpoint.failing", "endpoint.disabled"]
        rig.net.down.clear()
        rig.net.sent.clear()
        await rig.restart()
        await rig.settle()
        assert rig.net.sent == []
        assert await rig.store.enable_endpoint("dead", rig.clock.at, "ada")
        told = await back(rig, told)
        bodies = received(rig, "dead")
        assert sorted(int(body["sequence"]) for body in bodies) == list(range(1, told + 1))
        assert in_order(bodies)

    run(story, subscriptions={"dead": (), "well": ("endpoint.*",)})


def test_an_open_breaker_is_still_open_after_a_restart_and_burns_no_tries() -> None:
    """What it stands at is in the store: the next process waits for the same instant, with the same deliveries."""

    async def story(rig: Rig) -> None:
        rig.net.down.add(url_of("dead"))
        for number in range(30):
            await tell(rig, number, ("dead",))
        await rig.settle()
        sent = len(rig.net.sent)
        assert 10 <= sent <= 17
        (row,) = [row for row in await rig.store.endpoints() if row.name == "dead"]
        assert row.health.open_until == T0 + 30 * SECOND
        await rig.restart()
        for early_ms, more in ((1, 0), (0, 1)):
            rig.clock.at = T0 + 30 * SECOND - early_ms
            await rig.settle()
            assert len(rig.net.sent) == sent + more
        tries = [len(await rig.store.attempts(one.id)) for one in await rig.deliveries()]
        assert sum(tries) == sent + 1
        rig.net.down.clear()
        await rig.at(2 * MINUTE)
        assert {delivery.state for delivery in await rig.deliveries()} == {"delivered"}
        (row,) = [row for row in await rig.store.endpoints() if row.name == "dead"]
        assert row.health.standing(rig.clock.at) == "ok"

    run(story, subscriptions={"dead": (), "well": ()})


def test_a_blocked_address_counts_as_a_failure_of_the_receiver() -> None:
    """The guard refuses each try; the breaker opens, and what waits is kept."""

    async def story(rig: Rig) -> None:
        class Blocked(AnsweringNet):
            async def request(self, request: NetRequest, *, deadline_s: float, body_max: int = 16_384) -> NetResponse:
                raise NetError("the address is private", blocked=True)

        rig.net = Blocked()
        await rig.restart()
        for number in range(12):
            await tell(rig, number, ("dead",))
        await rig.settle()
        (row,) = [row for row in await rig.store.endpoints() if row.name == "dead"]
        assert (row.health.standing(T0), row.waiting) == ("open", 12)

    run(story, subscriptions={"dead": (), "well": ()})


def test_each_endpoint_has_its_share_of_the_process() -> None:
    """However many there are, and however many each may have under way."""

    async def story(rig: Rig) -> None:
        rig.endpoints = {name: replace(one, concurrency=64) for name, one in rig.endpoints.items()}
        await rig.restart()
        await rig.settle()
        assert {lane.share for lane in rig.gateway._performer.lanes.values()} == {17}

    run(story, subscriptions={f"e{number}": () for number in range(30)})
