"""Senders: which tries they make and when, what they believe, and what they send again."""

import json
from random import Random

import pytest

from gateway.connectors.events import EventsConnector, EventsSettings
from gateway.model.instant import HOUR_MS, MINUTE_MS, SECOND_MS
from gateway.plugin import Accepted, Request
from tests.simulation.world.around import SECRET, T0, Around, event, plan, replied, run
from tests.simulation.world.senders import Sender, scrambled
from tests.simulation.world.universe import Reply, Reset, Unreachable


@pytest.mark.parametrize(
    ("habit", "seconds"),
    [
        ("patient", [0, 10, 70, 370, 2_170, 9_370, 27_370, 63_370, 99_370, 142_570, 185_770, 228_970, 259_200]),
        ("brisk", [0, 2, 6, 14]),
        ("shopify", [0, 60, 300, 900, 2_400, 5_400, 9_600, 14_400]),
        ("once", [0]),
    ],
)
def test_a_sender_tries_again_as_its_vendor_does(habit: str, seconds: list[int]) -> None:
    """After each 5xx at its own instants, then never more: it has given up, and nothing is acknowledged."""

    async def story(around: Around) -> None:
        around.answers = [replied(500)] * 99
        await Sender(around, "events", habit, SECRET, plan(1)).run()

    around = run(story)

    gaps = [at - T0 - 1000 * second for (at, _, _), second in zip(around.posted, seconds, strict=True)]
    assert all(0 <= gap < 3_000 for gap in gaps), gaps
    (told,) = around.witness.told.values()
    assert (told.acked_at, told.received_at, told.given_up) == (None, None, True)


def test_a_2xx_ends_the_tries() -> None:
    """It is acknowledged when the sender sees it, and was taken when the request got to the door."""

    async def story(around: Around) -> None:
        around.answers = [Unreachable(), Reset(), replied(202)]
        around.took_s = 0.5
        sender = Sender(around, "events", "patient", SECRET, plan(1))
        await sender.run()
        assert not sender.idle
        await around.rest()
        assert sender.idle
        assert sender.unsure == {"e0": around.posted[1][0]}

    around = run(story)

    told = around.witness.told["events", "e0"]
    assert len(around.posted) == 3
    assert told.first_sent_at == T0
    assert told.received_at == around.posted[2][0]
    assert told.acked_at is not None
    assert told.received_at + 500 <= told.acked_at <= told.received_at + 1_500
    assert not told.given_up


def test_the_doors_own_instant_is_believed() -> None:
    """A gateway whose clock is wrong says when it took something."""

    async def story(around: Around) -> None:
        around.answers = [replied(202, received_at=42)]
        await Sender(around, "events", "once", SECRET, plan(1)).run()

    assert run(story).witness.told["events", "e0"].received_at == 42


@pytest.mark.parametrize(
    ("habit", "tries"), [("brisk", 1), ("once", 1), ("patient", 2), ("shopify", 2), ("zealous", 2)]
)
def test_a_4xx_is_reported(habit: str, tries: int) -> None:
    """Some vendors try again all the same."""

    async def story(around: Around) -> None:
        around.answers = [Reply(422, b"why", None, T0)]
        sender = Sender(around, "events", habit, SECRET, plan(1))
        await sender.run()
        await around.rest()
        (refusal,) = around.witness.refused
        assert (refusal.status, refusal.body, refusal.batch) == (422, b"why", "msg_events_0")

    assert len(run(story).posted) == tries


def test_retry_after_is_honoured() -> None:
    """It makes a wait longer, never shorter; a 429 is no fault."""

    async def story(around: Around) -> None:
        around.answers = [replied(503, 30), replied(429, 1), replied(202)]
        sender = Sender(around, "events", "patient", SECRET, plan(1))
        await sender.run()
        await around.rest()
        assert around.witness.refused == []

    first, second, third = (at for at, _, _ in run(story).posted)
    assert 30_000 <= second - first < 32_000
    assert 60_000 <= third - second < 62_000


def test_an_answer_that_comes_too_late_is_none() -> None:
    """The gateway has it all the same, and gets it again."""

    async def story(around: Around) -> None:
        around.took_s = 6.0
        await Sender(around, "events", "brisk", SECRET, plan(1)).run()

    around = run(story)

    told = around.witness.told["events", "e0"]
    assert [round((at - T0) / 1000) for at, _, _ in around.posted] == [0, 7, 16, 29]
    assert (told.acked_at, told.received_at, told.given_up) == (None, around.posted[0][0], True)


def test_events_go_in_small_batches() -> None:
    """What happens close together goes together, five at most; what is far apart doesn't."""

    async def story(around: Around) -> None:
        close = [(T0 + number * SECOND_MS, event(number)) for number in range(40)]
        far = [(T0 + HOUR_MS + number * HOUR_MS, event(100 + number)) for number in range(5)]
        await Sender(around, "events", "once", SECRET, close + far).run()

    around = run(story)

    sizes = [len(events) for events in around.bodies()]
    assert sum(sizes) == 45
    assert set(sizes[:-5]) == {1, 2, 3, 4, 5}
    assert sizes[-5:] == [1] * 5
    ids = [headers["webhook-id"] for _, headers, _ in around.posted]
    assert len(set(ids)) == len(ids)


def test_events_may_be_late_and_out_of_order() -> None:
    """By hours, or by what lets others overtake them; without these faults never."""

    async def story(around: Around) -> None:
        await Sender(around, "events", "once", SECRET, plan(200, SECOND_MS * 30)).run()

    def order(around: Around) -> list[int]:
        return [int(event["id"][1:]) for events in around.bodies() for event in events]

    assert order(run(story)) == sorted(order(run(story)))
    shuffled, late = run(story, sender_shuffle=0.3), run(story, sender_late=0.1)
    for around in (shuffled, late):
        assert order(around) != sorted(order(around)) == list(range(200))
    assert 4 * HOUR_MS < late.posted[-1][0] - T0 - 200 * 30 * SECOND_MS < 9 * HOUR_MS


def test_what_a_sender_posts_is_taken_by_the_real_connector() -> None:
    """Signed by its own clock, in another grouping and order of keys too: the same records, whatever the echo."""

    async def story(around: Around) -> None:
        await Sender(around, "events", "zealous", SECRET, plan(60, MINUTE_MS)).run()

    around = run(story, sender_echo=0.8, sender_skew_s=60.0)

    connector = EventsConnector("events", EventsSettings(secret=[SECRET]), None)  # type: ignore[arg-type]
    records: dict[str, set[bytes]] = {}
    for at, headers, body in around.posted:
        taken = connector.receive(Request("POST", headers, {}, body, at))
        assert isinstance(taken, Accepted)
        for record in taken.records:
            assert record.key is not None
            records.setdefault(record.key, set()).add(record.body)
    assert len(records) == 60
    assert all(len(bodies) == 1 for bodies in records.values())
    assert len(around.posted) > 100
    assert len({body for _, _, body in around.posted}) > 70
    assert around.posted[-1][0] > T0 + 3 * HOUR_MS


def test_a_zealous_sender_notices_a_restart() -> None:
    """What was taken comes again after the next start."""

    async def story(around: Around) -> None:
        sender = Sender(around, "events", "zealous", SECRET, plan(1))
        sender.under_way += 1
        work = sender._echo(sender._after_a_start(sender.batches[0], b""))
        around.spawn("echo", work)
        await around.sleep(3_700)
        around.process = None
        await around.sleep(1_000)
        assert around.posted == []
        around.process = "second"
        await around.rest()
        assert sender.under_way == 0

    ((at, _, _),) = run(story).posted
    assert at - T0 == pytest.approx(4_800_000, abs=1_000)


def test_scrambled_keys_say_the_same() -> None:
    """Equal as JSON, other bytes."""
    value = {"a": [{"x": 1, "y": {"p": 1, "q": 2}}], "b": None, "c": "1"}
    others = {json.dumps(scrambled(value, Random(seed))) for seed in range(20)}

    assert all(json.loads(other) == value for other in others)
    assert len(others) > 5
