"""Endpoints: what they prove, what they answer in which mood, and what the witness knows of it."""

from contextvars import copy_context
from random import Random
from typing import Any

import pytest

from gateway.kernel.ports import NetRequest
from gateway.model.instant import DAY_MS, HOUR_MS
from gateway.rules.retry import retry_after as read_retry_after
from tests.simulation.machine.loop import PARTY, SimLoop
from tests.simulation.world.around import SECRET, T0, Around, notice, one, run, send
from tests.simulation.world.endpoints import BAD_MODES, LEAVING, STEADY, WRETCHED, Endpoint, Phase, company
from tests.simulation.world.endpoints import retry_after as any_retry_after
from tests.simulation.world.net import SimNet


def test_a_steady_endpoint_takes_everything() -> None:
    """Whatever is wrong elsewhere; all of it is in the witness, proved and answered."""

    async def story(around: Around) -> None:
        endpoint = one(around, STEADY)
        statuses = {await send(around, endpoint, f"n{number}") for number in range(50)}
        assert statuses == {200, 202, 204}
        assert len(endpoint.taken) == 50
        assert endpoint.wrongs == []

    around = run(story, endpoint_bad=99.0, endpoint_down_days=3.0, endpoint_gone=True, endpoint_picky=0.5, net_lost=0.5)

    heard = around.witness.heard
    assert [one.id for one in heard] == [f"n{number}" for number in range(50)]
    assert all(one.proved and not one.reply_lost and one.status in (200, 202, 204) for one in heard)


def test_what_nobody_signed_is_refused_and_told() -> None:
    """A wrong body, a wrong key, no headers; and a body that changes under one id."""

    async def story(around: Around) -> None:
        endpoint = one(around, STEADY)
        net = SimNet(around)
        good = notice(around, endpoint)
        headers = dict(good.headers)
        for wrong in (
            NetRequest("POST", endpoint.url, headers, b"other"),
            NetRequest("POST", endpoint.url, {**headers, "webhook-signature": "v1,AAAA"}, good.body),
            NetRequest("POST", endpoint.url, {**headers, "webhook-timestamp": "now"}, good.body),
            NetRequest("POST", endpoint.url, {}, good.body),
            NetRequest("POST", endpoint.url, headers, b"\xff"),
        ):
            assert (await net.request(wrong, deadline_s=15.0)).status == 401
        both = {**headers, "webhook-signature": "v1,AAAA " + headers["webhook-signature"]}
        await net.request(NetRequest("POST", endpoint.url, both, good.body), deadline_s=15.0)
        assert endpoint.taken.keys() == {"n1"}
        assert sum("no signature" in wrong for wrong in endpoint.wrongs) == 5
        assert sum("two bodies" in wrong for wrong in endpoint.wrongs) > 0
        assert net.under_way == 0

    run(story)


def test_an_endpoint_may_mind_the_time() -> None:
    """Five minutes to both sides, if it does at all."""

    async def story(around: Around) -> None:
        endpoint = one(around)
        old = notice(around, endpoint)
        await around.sleep(400)
        answer = await SimNet(around).request(old, deadline_s=15.0)
        assert answer.status == (401 if around.swarm.endpoint_strict_time else 200)

    run(story, endpoint_strict_time=True)
    run(story)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("slow", {200, 202, 204, "timed out: no complete answer within 15 s"}),
        ("failing", {500, 502, 503, 504}),
        ("limiting", {429}),
        ("refusing", {"failed: the connection was refused"}),
        ("silent", {"timed out: no complete answer within 15 s"}),
        ("moved", {301}),
    ],
)
def test_an_endpoint_answers_by_its_mode(mode: Any, expected: set[int | str]) -> None:
    """What it takes and doesn't answer in time, it has heard; what it refuses to connect to, it hasn't."""

    async def story(around: Around) -> None:
        endpoint = one(around)
        endpoint.weather.down = Phase(T0, T0 + DAY_MS, mode)
        assert {await send(around, endpoint, f"n{number}") for number in range(60)} == expected
        endpoint.recover()
        assert await send(around, endpoint, "last") in (200, 202, 204)

    heard = run(story).witness.heard
    if mode == "refusing":
        assert [one.id for one in heard] == ["last"]
    elif mode in ("slow", "silent"):
        lost = [one for one in heard if one.reply_lost]
        assert len(lost) == 60 if mode == "silent" else 5 < len(lost) < 55
        assert all((one.status is None) == (mode == "silent") for one in lost)
    else:
        assert len(heard) == 61
        assert not any(one.reply_lost for one in heard)


def test_moods_come_and_go() -> None:
    """Mostly well, each bad mode some time; a wretched one is down for as long as the swarm says, once."""

    async def story(around: Around) -> None:
        moody, wretched = one(around), one(around, WRETCHED)
        modes: list[str] = []
        for _ in range(120 * 24):
            modes.append(moody.mode())
            await around.sleep(3_600)
        assert set(modes) == {"well", *BAD_MODES}
        assert modes.count("well") > 0.6 * len(modes)
        assert wretched.weather.down is not None
        assert wretched.weather.down.end - wretched.weather.down.start == 3 * DAY_MS
        assert moody.weather.down is None

    run(story, endpoint_bad=4.0, endpoint_down_days=3.0)


def test_who_leaves_says_so_once() -> None:
    """410, then it works again: only a person's command lets the gateway come back."""

    async def story(around: Around) -> None:
        endpoint = one(around, LEAVING)
        statuses = []
        for number in range(49):
            statuses.append(await send(around, endpoint, f"n{number}"))
            await around.sleep(3_600)
        assert statuses.count(410) == 1
        assert endpoint.gone_at is not None
        assert T0 <= endpoint.gone_at <= T0 + 2 * DAY_MS + HOUR_MS

    run(story, endpoint_gone=True)


def test_a_picky_endpoint_refuses_the_same_notices_each_time() -> None:
    """By their ids alone."""

    async def story(around: Around) -> None:
        endpoint = one(around)
        for number in range(100):
            status = await send(around, endpoint, f"n{number}")
            assert (status == 422) == endpoint.refuses(f"n{number}")
            assert (await send(around, endpoint, f"n{number}") == 422) == (status == 422)
        refused = {number for number in range(100) if endpoint.refuses(f"n{number}")}
        assert 3 < len(refused) < 30
        assert {int(one.id[1:]) for one in around.witness.heard if one.status == 422} == refused
        endpoint.recover()
        assert not any(endpoint.refuses(f"n{number}") for number in range(100))

    run(story, endpoint_picky=0.1)


def test_a_proxy_doubles_a_notice() -> None:
    """The endpoint hears it twice, byte for byte; the witness knows whose fault it is."""

    async def story(around: Around) -> None:
        endpoint = one(around)
        for number in range(40):
            assert await send(around, endpoint, f"n{number}") in (200, 202, 204)

    around = run(story, net_doubled=0.5)

    ids = [one.id for one in around.witness.heard]
    doubled = [fault.detail for fault in around.witness.faults if fault.kind == "net.doubled"]
    assert sorted(ids) == sorted([f"n{number}" for number in range(40)] + [each.split()[1] for each in doubled])
    assert 5 < len(doubled) < 35
    assert sum(one.reply_lost for one in around.witness.heard) == len(doubled)


def test_nobody_lives_at_another_host() -> None:
    """As a name that isn't known."""

    async def story(around: Around) -> None:
        endpoint = Endpoint(around, "elsewhere", [SECRET])
        assert await send(around, endpoint) == "failed: the host's name can't be resolved"

    run(story)


def test_what_a_process_has_open_dies_with_it() -> None:
    """A request that waits counts while its process lives; what it sent is heard all the same, its answer is lost."""

    class Mortal:
        dead = False
        paused = False

        def stepping(self, loop: SimLoop) -> bool:
            return not self.dead

    async def story(around: Around) -> None:
        endpoint, net, process = one(around), SimNet(around), Mortal()
        context = copy_context()
        context.run(PARTY.set, process)
        work = net.request(notice(around, endpoint), deadline_s=15.0)
        task = around.loop.create_task(work, context=context)
        await around.sleep(0)
        assert net.under_way == 1
        process.dead = True
        around.loop.drop(lambda party: party is process)
        assert net.under_way == 0
        await around.sleep(60)
        assert not task.done()
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        work.close()
        assert net.under_way == 0

    (heard,) = run(story).witness.heard
    assert (heard.status, heard.reply_lost) == (200, True)


def test_a_company_has_one_steady_member() -> None:
    """The first; the others differ by seed, and from each other."""
    found = set()
    for seed in range(20):

        async def story(around: Around) -> None:
            members = company(around, ["ops", "crm", "helpdesk"], [SECRET])
            assert list(members) == ["ops", "crm", "helpdesk"]
            characters = [member.character for member in members.values()]
            assert characters[0] is STEADY
            assert len(set(characters)) == 3
            found.add(tuple(characters))

        run(story, seed=seed)
    assert len(found) == 6


def test_retry_after_comes_in_every_shape() -> None:
    """Seconds, dates to come, dates gone by, nonsense, nothing; the gateway reads each without a fault."""
    dice = Random(1)
    headers = [any_retry_after(T0, dice.random(), dice.random(), dice.random()) for _ in range(500)]
    texts = [header["retry-after"] for header in headers if header]

    assert 150 < headers.count({}) < 250
    read = [read_retry_after(text, T0) for text in texts]
    assert None in read
    assert any(wait is not None and 0 < wait <= 601_000 for wait in read)
    assert any(text.endswith("GMT") and wait is not None for text, wait in zip(texts, read, strict=True))
    assert any(text.startswith("-") for text in texts)
