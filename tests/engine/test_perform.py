"""T3: a notice is tried until it is there or given up, the same words under the same id each time."""

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as replace_struct

import gateway.engine.perform as perform_module
from gateway.engine.retain import Retention
from gateway.kernel.ports import NetError, NetRequest, NetResponse
from gateway.kernel.signing import parse_secret, verify
from gateway.kernel.store import Performed, StoreFull
from gateway.model.instant import format_instant
from tests.engine.rig import HOUR, MINUTE, POLICY, SECOND, SECRET, T0, AnsweringNet, Rig, opening, run, until, url_of

WAITS_S = (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800)
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


def test_a_failing_delivery_is_tried_by_the_schedule() -> None:
    """At once, then after 5 s, 30 s, 2 m, 10 m, 30 m, 1 h, 2 h, 4 h, 8 h, a fifth longer at most."""

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
        (waiting,) = await rig.deliveries("ready")
        assert (waiting.tries, waiting.last_status, waiting.last_error) == (10, 500, "answered 500")
        assert [tried["attempt"] for tried in await rig.store.attempts(waiting.id)] == list(range(1, 11))

    run(story, policy=QUIET, subscriptions=ONE_NOTICE)


def test_a_delivery_is_given_up_after_seven_days_and_removed_seven_days_later() -> None:
    """Whether it was tried all the while or not at all; the loop does it, a few at a time."""

    async def story(rig: Rig) -> None:
        rig.net.down.add(url_of("helpdesk"))
        retention = Retention(rig.world)
        await rig.post(opening(), opening(ticket="2"))
        for day in range(7):
            await rig.at(day * 24 * HOUR)
            assert await retention.step() == 60.0
        assert [delivery.state for delivery in await rig.deliveries()] == ["ready", "ready"]
        rig.clock.at = T0 + 7 * 24 * HOUR + 1
        await retention.step()
        dead = await rig.deliveries("dead")
        assert [delivery.last_error for delivery in dead] == ["given up after seven days"] * 2
        rig.clock.at += 7 * 24 * HOUR
        await retention.step()
        assert len(await rig.deliveries()) == 2
        rig.clock.at += 1
        await retention.step()
        assert await rig.deliveries() == []

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
        ("Mon, 02 Mar 2026 09:02:00 GMT", 120, 120),
        ("1", 5, 6),
        ("0", 5, 6),
        ("-60", 5, 6),
        ("soon", 5, 6),
        ("1e9", 5, 6),
        ("١٢٠", 5, 6),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 3_600, 3_600),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 5, 6),
        ("99999999", 3_600, 3_600),
        ("9" * 5_000, 5, 6),
    ],
)
def test_retry_after_can_only_make_the_wait_longer(header: str, least_s: int, most_s: int) -> None:
    """Seconds are honoured or a date to come, up to an hour; whatever else is as if it weren't there."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        assert least_s <= await fail_once(rig, 429, header) <= most_s

    run(story, policy=QUIET, subscriptions=ONE_NOTICE)


@pytest.mark.parametrize("status", [100, 199, 300, 301, 302, 307, 308, 429, 500, 599, None])
def test_what_is_about_the_receiver_is_tried_again(status: int | None) -> None:
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


def test_gone_disables_the_endpoint_and_loses_nothing() -> None:
    """410: nothing goes out any more, and other endpoints are told; enabled by a person, all of it comes in order."""

    async def story(rig: Rig) -> None:
        rig.net.answers = [410]
        await rig.post(opening())
        await rig.at(HOUR)
        await rig.post(opening(HOUR, ticket="2"))
        await rig.at(2 * HOUR)
        assert [delivery.state for delivery in await rig.deliveries()][:4] == ["ready"] * 2 + ["delivered", "ready"]
        (told,) = rig.bodies("endpoint.disabled")
        assert (told["subject"], told["time"], told["data"]["endpoint"]) == (
            "helpdesk",
            format_instant(T0 + HOUR),
            "helpdesk",
        )
        assert "410" in told["data"]["reason"]
        assert len(sequences(rig, "helpdesk")) == 1
        assert await rig.store.enable_endpoint("helpdesk", rig.clock.now(), "ada")
        await rig.at(2 * HOUR + SECOND)
        assert sequences(rig, "helpdesk") == [1, 1, 2, 3, 4]
        assert [entry["event"] for entry in rig.log.entries if "endpoint" in entry["event"]] == ["endpoint_disabled"]

    run(story, policy=QUIET, subscriptions={"helpdesk": ("*",), "board": ("endpoint.*",)})


def test_a_notice_that_the_receiver_refuses_is_tried_three_times_and_lets_the_next_go() -> None:
    """Over ten minutes; the endpoint is as good as before."""

    async def story(rig: Rig) -> None:
        rig.net.answers = [422] * 3
        await rig.post(opening())
        await rig.settle()
        for offset in (2 * MINUTE, 13 * MINUTE):
            await rig.at(offset)
        assert [(delivery.type, delivery.state, delivery.tries) for delivery in await rig.deliveries()] == [
            ("contact.opened", "dead", 3),
            ("contact.routed", "delivered", 1),
        ]
        (row,) = await rig.store.endpoints()
        assert (row.health.standing(rig.clock.now()), row.health.failures) == ("ok", 0)

    run(story, policy=QUIET)


@pytest.mark.parametrize(
    ("answers", "state"),
    [
        ([None, None, 422, 204], "delivered"),
        ([500, 500, 500, 422, 404, 204], "delivered"),
        ([429, 410, 422, 422, 204], "delivered"),
        ([None, 422, 503, 422, 422], "dead"),
    ],
)
def test_what_failed_before_does_not_count_as_refused(answers: list[int | None], state: str) -> None:
    """A receiver that comes back and refuses for a minute loses nothing that had waited for it."""

    async def story(rig: Rig) -> None:
        rig.net.answers = list(answers)
        await rig.post(opening())
        await rig.settle()
        for _ in range(len(answers) - 1):
            (delivery,) = await rig.deliveries()
            assert delivery.state == "ready" and delivery.next_at is not None
            await rig.store.enable_endpoint("helpdesk", rig.clock.now(), "ada")
            (delivery,) = await rig.deliveries()
            assert delivery.next_at is not None
            rig.clock.at = max(delivery.next_at, rig.clock.at + 2 * SECOND)
            await rig.settle()
        (delivery,) = await rig.deliveries()
        assert (delivery.state, delivery.tries, rig.net.answers) == (state, len(answers), [])

    run(story, policy=QUIET, subscriptions=ONE_NOTICE)


def test_waits_of_what_is_refused_are_its_own() -> None:
    """A minute after the first refusal and nine after the second, whatever stood before them."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        waits = []
        for status in (500, 500, 422, 422):
            waits.append(await fail_once(rig, status))
            rig.clock.at += round(waits[-1] * 1000)
        assert all(least <= wait <= 1.2 * least for wait, least in zip(waits, (5, 30, 60, 540), strict=True)), waits

    run(story, policy=QUIET, subscriptions=ONE_NOTICE)


def test_a_pause_that_is_asked_for_holds_for_the_whole_endpoint() -> None:
    """A 503 or 429 with `Retry-After`: nothing else goes there meanwhile; other endpoints go on."""

    async def story(rig: Rig) -> None:
        rig.net.headers = {"retry-after": "120"}
        await rig.post(opening())
        assert await fail_once(rig, 503, "120") == 120
        await rig.post(opening(ticket="2"))
        await rig.at(MINUTE)
        assert sequences(rig, "helpdesk") == [1]
        await rig.at(2 * MINUTE)
        assert sequences(rig, "helpdesk") == [1, 2, 1]

    run(story, policy=QUIET, subscriptions=ONE_NOTICE)


def test_a_replayed_delivery_has_one_try() -> None:
    """Signed by today's secret, under the same id; then it is delivered or dead, whatever its schedule was."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        await rig.settle()
        (done,) = await rig.deliveries()
        for status, state in ((500, "dead"), (204, "delivered")):
            rig.clock.at += HOUR
            rig.net.answers = [status]
            assert await rig.store.replay_delivery(done.id, rig.clock.now(), "ada") == "due"
            assert await rig.store.replay_delivery(done.id + 1, rig.clock.now(), "ada") is None
            await rig.settle()
            (again,) = await rig.deliveries()
            assert (again.state, again.delivered_at is None, again.sequence) == (state, False, done.sequence)
        assert len({(request.headers["webhook-id"], request.body) for request in rig.net.sent}) == 1
        verify([parse_secret(SECRET)], rig.net.sent[2].headers, rig.net.sent[2].body, rig.clock.at, tolerance_s=0)

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
        await rig.restart()
        assert await rig.store.replay_delivery(dead.id, rig.clock.now(), "ada") == "due"
        await rig.settle()
        assert rig.types() == ["contact.opened"]
        assert not any(row.health.disabled_at for row in await rig.store.endpoints())

    run(story, policy=QUIET, subscriptions=ONE_NOTICE)


def test_a_crash_in_a_try_sends_the_same_again(tmp_path: Path) -> None:
    """The try was written before it was made: after the restart the same id and body go out as the next try."""

    async def story(rig: Rig) -> None:
        slow = SlowNet()
        rig.net = slow
        await rig.restart()
        await rig.post(opening())
        await rig.gateway.judge_once()
        assert await rig.gateway._performer.advance() == 1
        await until(lambda: bool(slow.sent))
        rig.gateway._performer.cut_off()
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


def test_an_outcome_that_cant_be_stored_is_kept_until_it_can() -> None:
    """With the disk full nothing more is taken up, and nothing is sent twice when there is room again."""

    async def story(rig: Rig) -> None:
        finish = rig.store.finish_deliveries

        async def full(performed: Performed) -> tuple[int, ...]:
            raise StoreFull("no room")

        rig.store.finish_deliveries = full  # type: ignore[method-assign]
        await rig.post(opening())
        for _ in range(3):
            with pytest.raises(StoreFull):
                await rig.settle()
        assert [delivery.state for delivery in await rig.deliveries()] == ["leased"]
        rig.store.finish_deliveries = finish  # type: ignore[method-assign]
        await rig.at(perform_module.LEASE_MS - 1)
        assert [delivery.state for delivery in await rig.deliveries()] == ["delivered"]
        assert len(rig.net.sent) == 1

    run(story, policy=QUIET, subscriptions=ONE_NOTICE)


def test_whoever_was_overtaken_writes_nothing_and_the_rest_goes_on(tmp_path: Path) -> None:
    """A lease that ran out in a long stop was taken up by another: its outcome counts, ours doesn't."""

    async def story(rig: Rig) -> None:
        slow = SlowNet()
        rig.net = slow
        await rig.restart()
        await rig.post(opening(), opening(ticket="2"))
        await rig.gateway.judge_once()
        performer = rig.gateway._performer
        assert await performer.advance() == 2
        await until(lambda: len(slow.sent) == 2)
        rig.clock.at += perform_module.LEASE_MS
        (other,) = await rig.store.claim_deliveries(now=rig.clock.at, lease_ms=99_000, room={"helpdesk": 1})
        slow.open.set()
        await performer.landed()
        assert sorted(delivery.state for delivery in await rig.deliveries()) == ["delivered", "leased"]
        warned = [entry for entry in rig.log.entries if entry["event"] == "delivery_overtaken"]
        assert [entry["delivery"] for entry in warned] == [other.id]

    run(story, tmp_path / "gateway.db", policy=QUIET, subscriptions=ONE_NOTICE)


def test_a_lease_holds_as_long_as_its_holder_lives() -> None:
    """Renewed while a try is under way, however slow; what is given back at the stop was never tried."""

    async def story(rig: Rig) -> None:
        slow = SlowNet()
        rig.net = slow
        await rig.restart()
        await rig.post(opening())
        await rig.gateway.judge_once()
        performer = rig.gateway._performer
        await performer.advance()
        await until(lambda: bool(slow.sent))
        for _ in range(5):
            rig.clock.at += perform_module.RENEW_MS
            await performer.advance()
        assert len(slow.sent) == 1
        slow.open.set()
        await performer.finish()
        assert [(delivery.state, delivery.attempt) for delivery in await rig.deliveries()] == [("delivered", 1)]

    run(story, policy=QUIET, subscriptions=ONE_NOTICE)


def test_a_clock_that_jumps_sends_nothing_twice_that_is_under_way() -> None:
    """All leases seem to be over at once: what is claimed anew is what is held already, in flight or waiting."""

    async def story(rig: Rig) -> None:
        slow = SlowNet()
        rig.net = slow
        rig.endpoints["helpdesk"] = replace(rig.endpoints["helpdesk"], concurrency=2)
        await rig.restart()
        await rig.post(opening(), opening(ticket="2"), opening(ticket="3"))
        await rig.gateway.judge_once()
        performer = rig.gateway._performer
        await performer.advance()
        await until(lambda: len(slow.sent) == 2)
        lane = performer.lanes["helpdesk"]
        claimed = await rig.store.claim_deliveries(now=rig.clock.at, lease_ms=10_000, room={"helpdesk": 1})
        lane.take(claimed, rig.clock.at)
        rig.clock.at += HOUR
        again = await rig.store.claim_deliveries(now=rig.clock.at, lease_ms=10_000, room={"helpdesk": 9})
        lane.take(again, rig.clock.at)
        assert len(again) == 3
        assert sorted(lane.held()) == sorted((delivery.id, delivery.attempt) for delivery in again)
        slow.open.set()
        await performer.landed()
        assert len(slow.sent) == 3
        assert [(delivery.state, delivery.attempt) for delivery in await rig.deliveries()] == [("delivered", 2)] * 3

    run(story, policy=QUIET, subscriptions=ONE_NOTICE)


def test_an_endpoint_that_was_enabled_by_a_command_is_not_overwritten() -> None:
    """What has landed is judged again by how the endpoint stands now."""

    async def story(rig: Rig) -> None:
        rig.net.answers = [410]
        await rig.post(opening())
        await rig.settle()
        assert await rig.store.enable_endpoint("helpdesk", rig.clock.now(), "ada")
        rig.clock.at += 2 * perform_module.REFRESH_MS
        rig.net.answers = [500]
        await rig.gateway._performer.advance()
        assert await rig.store.enable_endpoint("helpdesk", rig.clock.now(), "ada")
        await rig.gateway._performer.landed()
        (row,) = await rig.store.endpoints()
        assert (row.health.failures, row.health.standing(rig.clock.now())) == (1, "failing")

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
            while await performer.advance():
                pass
        await until(lambda: len(slow.sent) == 16)
        assert {name: len(lane.flying) for name, lane in performer.lanes.items()} == {"board": 8, "helpdesk": 8}
        slow.open.set()
        await performer.landed()
        await rig.settle()
        assert {delivery.state for delivery in await rig.deliveries()} == {"delivered"}
        assert len(slow.sent) == 60

    run(story, policy=QUIET, subscriptions={"helpdesk": ("contact.opened",), "board": ("contact.opened",)})


def test_what_is_held_stays_while_the_breaker_is_open() -> None:
    """A claim that was under way when it opened brings more to hold: whoever still sends must not send that too."""

    class OpeningNet(AnsweringNet):
        rig: Rig

        async def request(self, request: NetRequest, *, deadline_s: float, body_max: int = 16_384) -> NetResponse:
            lane = self.rig.gateway._performer.lanes["helpdesk"]
            if len(self.sent) == 1:  # the second of all: the breaker opens while it is sent, and more waits behind it
                health = replace_struct(lane.state.health, failures=10, open_until=self.rig.clock.at + 30 * SECOND)
                lane.state = replace_struct(lane.state, health=health)
            return await super().request(request, deadline_s=deadline_s, body_max=body_max)

    async def story(rig: Rig) -> None:
        rig.net.rig = rig  # type: ignore[attr-defined]
        rig.endpoints["helpdesk"] = replace(rig.endpoints["helpdesk"], concurrency=1)
        await rig.build(T0)
        await rig.post(opening())
        await rig.settle()  # it is quick: it may hold some ahead
        await rig.post(opening(0, "2"), opening(0, "3"))
        await rig.gateway.judge_once()
        await rig.gateway.perform_once()
        assert len(rig.net.sent) == 2
        assert [len(rig.gateway._performer.lanes["helpdesk"].waiting)] == [1]

    run(story, policy=QUIET, subscriptions=ONE_NOTICE, net=OpeningNet())


def test_a_try_has_fifteen_seconds_in_all_and_a_short_answer() -> None:
    """The deadline goes to the net, which holds it over the body too; an answer that never ends is no answer."""

    async def story(rig: Rig) -> None:
        class Strict(AnsweringNet):
            async def request(self, request: NetRequest, *, deadline_s: float, body_max: int = 16_384) -> NetResponse:
                self.sent.append(request)
                raise NetError(f"no complete answer within {deadline_s:g} s, {body_max} bytes")

        rig.net = Strict()
        await rig.restart()
        await rig.post(opening())
        await rig.settle()
        (waiting,) = await rig.deliveries("ready")
        assert waiting.last_error == "no complete answer within 15 s, 16384 bytes"

    run(story, policy=QUIET, subscriptions=ONE_NOTICE)


def test_a_crash_between_outcome_and_commit_sends_the_same_once_more(tmp_path: Path) -> None:
    """The receiver has it, we don't know: after the restart it goes out again, same id, same sequence, same bytes."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        await rig.gateway.judge_once()
        await rig.gateway._performer.advance()
        await until(lambda: bool(rig.net.sent))
        await rig.restart()
        await rig.settle()
        first, second = rig.net.sent
        assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
        assert [(delivery.state, delivery.tries) for delivery in await rig.deliveries()] == [("delivered", 1)]

    run(story, tmp_path / "gateway.db", policy=QUIET, subscriptions=ONE_NOTICE)


def test_what_lands_at_an_endpoint_that_was_disabled_meanwhile_counts() -> None:
    """It was under way: a success is a success; what was held and not tried waits, with no try burnt."""

    async def story(rig: Rig) -> None:
        await rig.post(*(opening(ticket=str(number)) for number in range(20)))
        while await rig.gateway.judge_once():
            pass
        rig.net.answers = [204, 410]
        await rig.settle()
        states = Counter(delivery.state for delivery in await rig.deliveries())
        assert states["delivered"] == len(rig.net.sent) - 1
        assert sum(states.values()) == 20
        waiting = await rig.deliveries("ready")
        assert sorted({delivery.tries for delivery in waiting}) == [0, 1]
        assert sum(delivery.tries for delivery in waiting) == 1

    run(story, policy=QUIET, subscriptions=ONE_NOTICE)


def test_no_secret_and_no_body_is_in_the_log() -> None:
    """What is logged of a delivery says where, what and how it ended."""

    async def story(rig: Rig) -> None:
        rig.net.answers = [500]
        await rig.post(opening(subject="private words"))
        await rig.settle()
        logged = str(rig.log.entries)
        assert "delivery_failed" in logged
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


def sequences(rig: Rig, endpoint: str) -> list[int]:
    """The numbers of the notices that were sent to an endpoint, in the order of the sending."""
    return [
        int(body["sequence"])
        for request, body in zip(rig.net.sent, rig.bodies(), strict=True)
        if request.url == url_of(endpoint)
    ]
