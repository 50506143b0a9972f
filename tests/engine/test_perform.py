"""T3: a notice is tried until it is there or given up, the same words under the same id each time."""

import asyncio
from pathlib import Path

import pytest

import gateway.engine.perform as perform_module
from gateway.kernel.ports import NetRequest, NetResponse
from gateway.kernel.signing import parse_secret, verify
from gateway.kernel.store import Outcome, StoreFull
from tests.engine.rig import HOUR, MINUTE, POLICY, SECOND, SECRET, T0, AnsweringNet, Rig, opening, run, until, url_of

WAITS_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
ONE_NOTICE = {"helpdesk": ("contact.opened",)}
QUIET = POLICY[: POLICY.index("sla:")] + POLICY[POLICY.index("routing:") : POLICY.index("chains:")]


class SlowNet(AnsweringNet):
    """Answers nothing until it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.open = asyncio.Event()

    async def request(self, request: NetRequest, *, deadline_s: float, body_max: int = 16_384) -> NetResponse:
        """Wait, then answer."""
        self.sent.append(request)
        await self.open.wait()
        return NetResponse(204, {}, b"")


async def fail_once(rig: Rig, status: int | None, retry_after: str = "") -> float:
    """One try that is answered so; returns the seconds until the next."""
    rig.net.answers[:] = [status]
    rig.net.headers = {"retry-after": retry_after} if retry_after else {}
    await rig.settle()
    (delivery,) = await rig.deliveries()
    assert delivery.state == "ready" and delivery.next_at is not None
    return (delivery.next_at - rig.clock.at) / 1000


def test_a_failing_delivery_is_tried_ten_times_by_the_schedule() -> None:
    """At once, then after 5 s, 5 m, 30 m, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h, a fifth longer at most; then dead."""

    async def story(rig: Rig) -> None:
        rig.net.answers = [500] * 11
        await rig.post(opening())
        await rig.settle()
        assert len(rig.net.sent) == 1
        for tries, wait_s in enumerate(WAITS_S, 1):
            (delivery,) = await rig.deliveries("ready")
            assert delivery.next_at is not None
            assert wait_s * 1000 <= delivery.next_at - rig.clock.at <= wait_s * 1200
            rig.clock.at = delivery.next_at - 1
            await rig.settle()
            assert len(rig.net.sent) == tries
            rig.clock.at = delivery.next_at
            await rig.settle()
        assert len(rig.net.sent) == 10
        (dead,) = await rig.deliveries("dead")
        assert (dead.attempt, dead.next_at, dead.last_status, dead.last_error) == (10, None, 500, "answered 500")
        assert [tried["attempt"] for tried in await rig.store.attempts(dead.id)] == list(range(1, 11))
        await rig.at(365 * 24 * HOUR)
        assert len(rig.net.sent) == 10

    run(story, policy=QUIET, subscriptions=ONE_NOTICE)


def test_waits_differ() -> None:
    """What failed together isn't tried again together."""

    async def story(rig: Rig) -> None:
        rig.net.down.add(url_of("helpdesk"))
        await rig.post(*(opening(ticket=str(number)) for number in range(20)))
        await rig.settle()
        assert len({delivery.next_at for delivery in await rig.deliveries("ready")}) > 10

    run(story, policy=QUIET, subscriptions=ONE_NOTICE)


def test_each_try_says_the_same_under_the_same_id_at_its_own_time() -> None:
    """Id and body stay byte for byte; timestamp and signature are those of the try."""

    async def story(rig: Rig) -> None:
        rig.net.answers = [None, 503, 204]
        await rig.post(opening())
        for offset in (0, 10 * SECOND, HOUR):
            await rig.at(offset)
        assert len(rig.net.sent) == 3
        assert len({request.body for request in rig.net.sent}) == 1
        assert len({request.headers["webhook-id"] for request in rig.net.sent}) == 1
        stamps = [int(request.headers["webhook-timestamp"]) - T0 // 1000 for request in rig.net.sent]
        assert stamps == [0, 10, 3_600]
        for request, stamp in zip(rig.net.sent, stamps, strict=True):
            verify([parse_secret(SECRET)], request.headers, request.body, T0 + stamp * 1000, tolerance_s=0)
        (delivery,) = await rig.deliveries("delivered")
        assert (delivery.attempt, delivery.delivered_at) == (3, T0 + HOUR)
        tries = [(tried["status"], tried["error"]) for tried in await rig.store.attempts(delivery.id)]
        assert tries == [(None, "the connection was refused"), (503, "answered 503"), (204, None)]

    run(story, policy=QUIET, subscriptions=ONE_NOTICE)


@pytest.mark.parametrize(
    ("header", "least_s", "most_s"),
    [
        ("120", 120, 120),
        (" 120 ", 120, 120),
        ("1", 5, 6),
        ("0", 5, 6),
        ("-60", 5, 6),
        ("soon", 5, 6),
        ("1e9", 5, 6),
        ("١٢٠", 5, 6),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 5, 6),
        ("99999999", 86_400, 86_400),
        ("9" * 5_000, 5, 6),
    ],
)
def test_retry_after_can_only_make_the_wait_longer(header: str, least_s: int, most_s: int) -> None:
    """Seconds are honoured up to a day; what can't be read as seconds is as if it weren't there."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        assert least_s <= await fail_once(rig, 429, header) <= most_s

    run(story, policy=QUIET, subscriptions=ONE_NOTICE)


@pytest.mark.parametrize("status", [100, 199, 300, 301, 302, 307, 308, 400, 401, 404, 429, 500, 599, None])
def test_whatever_is_no_2xx_is_tried_again(status: int | None) -> None:
    """A redirect is a failure too, and nobody follows it."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        assert 5 <= await fail_once(rig, status) <= 6
        assert len(rig.net.sent) == 1

    run(story, policy=QUIET, subscriptions=ONE_NOTICE)


@pytest.mark.parametrize("status", [200, 202, 204, 299])
def test_every_2xx_is_delivered(status: int) -> None:
    """Whatever the kind of success, there is no second try."""

    async def story(rig: Rig) -> None:
        rig.net.answers = [status]
        await rig.post(opening())
        await rig.at(HOUR)
        assert [(delivery.state, delivery.last_status) for delivery in await rig.deliveries()] == [
            ("delivered", status)
        ]
        assert len(rig.net.sent) == 1

    run(story, policy=QUIET, subscriptions=ONE_NOTICE)


def test_gone_is_dead_at_once() -> None:
    """410 says that nobody will ever listen again."""

    async def story(rig: Rig) -> None:
        rig.net.answers = [410]
        await rig.post(opening())
        await rig.at(HOUR)
        (delivery,) = await rig.deliveries()
        assert (delivery.state, delivery.attempt, delivery.last_status) == ("dead", 1, 410)

    run(story, policy=QUIET, subscriptions=ONE_NOTICE)


def test_a_dead_delivery_can_be_replayed_with_a_fresh_count() -> None:
    """Replayed by its id it goes out again at once, and has its whole schedule before it."""

    async def story(rig: Rig) -> None:
        rig.net.down.add(url_of("helpdesk"))
        await rig.post(opening())
        for day in range(12):
            await rig.at(day * 48 * HOUR)
        (dead,) = await rig.deliveries("dead")
        assert dead.attempt == 10
        assert await rig.store.replay_delivery(dead.id, rig.clock.now())
        assert not await rig.store.replay_delivery(dead.id + 1, rig.clock.now())
        await rig.settle()
        (again,) = await rig.deliveries("ready")
        assert again.next_at is not None
        assert 5_000 <= again.next_at - rig.clock.at <= 6_000
        rig.net.down.clear()
        await rig.at(24 * 48 * HOUR)
        assert [delivery.state for delivery in await rig.deliveries()] == ["delivered"]
        assert len({request.headers["webhook-id"] for request in rig.net.sent}) == 1

    run(story, policy=QUIET, subscriptions=ONE_NOTICE)


def test_a_later_notice_waits_for_the_earlier_one() -> None:
    """One in flight of a contact to an endpoint, in order; other contacts and other endpoints go on."""

    async def story(rig: Rig) -> None:
        rig.net.down.add(url_of("helpdesk"))
        await rig.post(opening(), opening(ticket="2"))
        await rig.settle()
        assert _sent(rig) == {
            ("helpdesk", "1"): ["contact.opened"],
            ("helpdesk", "2"): ["contact.opened"],
            ("board", "1"): ["contact.opened", "contact.routed"],
            ("board", "2"): ["contact.opened", "contact.routed"],
        }
        rig.net.down.clear()
        await rig.at(MINUTE)
        assert _sent(rig)["helpdesk", "1"] == ["contact.opened"] * 2 + ["contact.routed"]
        assert {delivery.state for delivery in await rig.deliveries()} == {"delivered"}

    run(story, policy=QUIET, subscriptions={"helpdesk": ("*",), "board": ("*",)})


def test_a_dead_notice_lets_the_next_one_go() -> None:
    """What was given up doesn't stand in the way for ever."""

    async def story(rig: Rig) -> None:
        rig.net.answers = [410]
        await rig.post(opening())
        await rig.settle()
        assert [(delivery.type, delivery.state) for delivery in await rig.deliveries()] == [
            ("contact.opened", "dead"),
            ("contact.routed", "delivered"),
        ]

    run(story, policy=QUIET)


def test_an_endpoint_that_is_gone_is_dead_with_the_reason() -> None:
    """Nothing is sent anywhere; when it is configured again, a replay delivers."""

    async def story(rig: Rig) -> None:
        helpdesk = rig.endpoints.pop("helpdesk")
        await rig.post(opening())
        await rig.settle()
        (dead,) = await rig.deliveries()
        why = "no endpoint helpdesk is configured; configure it and replay the delivery"
        assert (dead.state, dead.last_error, dead.attempt) == ("dead", why, 1)
        assert rig.net.sent == []
        rig.endpoints["helpdesk"] = helpdesk
        assert await rig.store.replay_delivery(dead.id, rig.clock.now())
        await rig.settle()
        assert rig.types() == ["contact.opened"]

    run(story, policy=QUIET, subscriptions=ONE_NOTICE)


def test_a_crash_in_a_try_sends_the_same_again(tmp_path: Path) -> None:
    """The try was written before it was made: after the restart the same id and body go out as the next try."""

    async def story(rig: Rig) -> None:
        slow = SlowNet()
        rig.net = slow
        await rig.restart()
        await rig.post(opening())
        await rig.gateway.judge_once()
        assert await rig.gateway._performer.step() == 1
        await until(lambda: bool(slow.sent))
        for _, task in rig.gateway._performer.flying.values():
            task.cancel()
        rig.net = AnsweringNet()
        await rig.restart()
        await rig.settle()
        (first,), (second,) = slow.sent, rig.net.sent
        assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
        (delivery,) = await rig.deliveries()
        assert (delivery.state, delivery.attempt) == ("delivered", 2)

    run(story, tmp_path / "gateway.db", policy=QUIET, subscriptions=ONE_NOTICE)


def test_a_stop_that_cant_wait_cuts_deliveries_off(tmp_path: Path) -> None:
    """No outcome is written, since it is no fault of the receiver's; the next start sends the same at once."""

    async def story(rig: Rig) -> None:
        slow = SlowNet()
        rig.net = slow
        await rig.restart()
        rig.gateway.start()
        await rig.post(opening())
        await until(lambda: bool(slow.sent))
        stopping = asyncio.ensure_future(rig.gateway.stop())
        await asyncio.sleep(0)
        stopping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stopping
        (delivery,) = await rig.deliveries()
        assert (delivery.state, await rig.store.attempts(delivery.id)) == ("leased", [])
        rig.net = AnsweringNet()
        await rig.restart()
        await rig.settle()
        assert [(delivery.state, delivery.attempt) for delivery in await rig.deliveries()] == [("delivered", 2)]
        assert rig.net.sent[0].body == slow.sent[0].body

    run(story, tmp_path / "gateway.db", policy=QUIET, subscriptions=ONE_NOTICE)


def test_an_outcome_that_cant_be_stored_is_no_disaster() -> None:
    """With the disk full the lease runs out, and the same goes out again; nothing raises."""

    async def story(rig: Rig) -> None:
        finish = rig.store.finish_delivery

        async def full(outcome: Outcome) -> None:
            raise StoreFull("no room")

        rig.store.finish_delivery = full  # type: ignore[method-assign]
        await rig.post(opening())
        await rig.settle()
        assert [delivery.state for delivery in await rig.deliveries()] == ["leased"]
        rig.store.finish_delivery = finish  # type: ignore[method-assign]
        await rig.at(perform_module.LEASE_MS)
        assert [delivery.state for delivery in await rig.deliveries()] == ["delivered"]
        assert len({request.headers["webhook-id"] for request in rig.net.sent}) == 1
        assert len(rig.net.sent) == 2

    run(story, policy=QUIET, subscriptions=ONE_NOTICE)


def test_a_slow_endpoint_takes_no_more_than_its_share() -> None:
    """At most eight at once to one endpoint, so that the others are served; none is forgotten."""

    async def story(rig: Rig) -> None:
        slow = SlowNet()
        rig.net = slow
        await rig.restart()
        performer = rig.gateway._performer
        for first, behind in ((0, 2), (2, 30)):
            await rig.post(*(opening(ticket=str(number)) for number in range(first, behind)))
            while await rig.gateway.judge_once():
                pass
            while await performer.step():
                pass
        in_flight = [endpoint for endpoint, _ in performer.flying.values()]
        assert {name: in_flight.count(name) for name in ("board", "helpdesk")} == {"board": 8, "helpdesk": 8}
        slow.open.set()
        await performer.finish()
        await rig.settle()
        assert {delivery.state for delivery in await rig.deliveries()} == {"delivered"}
        assert len(slow.sent) == 60

    run(story, policy=QUIET, subscriptions={"helpdesk": ("contact.opened",), "board": ("contact.opened",)})


def test_no_secret_and_no_body_is_in_the_log() -> None:
    """What is logged of a delivery says where, what and how it ended."""

    async def story(rig: Rig) -> None:
        rig.net.answers = [500]
        await rig.post(opening(subject="private words"))
        await rig.settle()
        logged = str(rig.log.entries)
        assert "delivery_tried" in logged
        assert SECRET.removeprefix("whsec_") not in logged
        assert "private words" not in logged

    run(story, policy=QUIET, subscriptions=ONE_NOTICE)


def _sent(rig: Rig) -> dict[tuple[str, str], list[str]]:
    """Types that were sent, by endpoint and ticket."""
    sent: dict[tuple[str, str], list[str]] = {}
    for request, body in zip(rig.net.sent, rig.bodies(), strict=True):
        ticket = body["data"]["contact"]["refs"][0]["id"]
        endpoint = request.url.removeprefix("https://").partition(".")[0]
        sent.setdefault((endpoint, ticket), []).append(body["type"])
    return sent
