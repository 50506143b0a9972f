"""Who lives around the gateway: which tries senders make, what becomes of requests, what endpoints and feeds answer."""

import asyncio
import base64
import itertools
import json
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from gateway.connectors.events import EventsConnector, EventsSettings
from gateway.kernel.ports import NetError, NetRequest
from gateway.kernel.signing import parse_secret, sign
from gateway.model.instant import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, format_instant, parse_instant
from gateway.plugin import Accepted, Fetch, Pulls, RateLimited, Ref, Request, Transient, VendorError
from gateway.plugin.connector import Fetches
from gateway.rules.retry import retry_after as read_retry_after
from tests.simulation.endpoints import BAD_MODES, LEAVING, MOODY, STEADY, WRETCHED, Character, Endpoint, Phase, company
from tests.simulation.endpoints import retry_after as any_retry_after
from tests.simulation.feed import Feed
from tests.simulation.loop import SimLoop
from tests.simulation.net import Link, Lost, Posted, SimNet
from tests.simulation.process import Reset, Unreachable
from tests.simulation.senders import Sender, scrambled
from tests.simulation.witness import Witness

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
T0 = parse_instant("2026-03-02T09:00:00Z")


@dataclass
class Faults:
    """Which faults there are: none, unless a test says so."""

    net_slow: float = 0.0
    net_lost: float = 0.0
    net_reply_lost: float = 0.0
    net_doubled: float = 0.0
    net_outages: float = 0.0
    net_outage_s: float = 600.0
    endpoint_bad: float = 0.0
    endpoint_bad_s: float = 3_600.0
    endpoint_modes: tuple[str, ...] = BAD_MODES
    endpoint_down_days: float = 0.0
    endpoint_gone: bool = False
    endpoint_picky: float = 0.0
    endpoint_strict_time: bool = False
    sender_late: float = 0.0
    sender_shuffle: float = 0.0
    sender_skew_s: float = 0.0
    sender_echo: float = 0.0
    feed_failing: float = 0.0
    feed_hanging: float = 0.0
    feed_raises: float = 0.0
    feed_overlap: float = 0.0
    feed_thin: float = 0.0


Answer = Posted | Exception


@dataclass
class Around:
    """A universe without a gateway: whoever posts is answered as a test says, 202 when it says nothing."""

    loop: SimLoop
    swarm: Faults
    seed: int = 1
    witness: Witness = field(default_factory=Witness)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    process: object = "first"
    answers: list[Answer] = field(default_factory=list)
    took_s: float = 0.0
    posted: list[tuple[int, Mapping[str, str], bytes]] = field(default_factory=list)
    traced: list[tuple[object, ...]] = field(default_factory=list)
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)
    _dice: dict[str, Random] = field(default_factory=dict)

    def now(self) -> int:
        """True time."""
        return T0 + round(self.loop.time() * 1000)

    def dice(self, stream: str) -> Random:
        """The chance of that name."""
        return self._dice.setdefault(stream, Random(f"{self.seed} {stream}"))

    async def sleep(self, seconds: float) -> None:
        """Virtual time."""
        await asyncio.sleep(seconds)

    def spawn(self, name: str, work: Coroutine[Any, Any, None]) -> object:
        """A task that is held."""
        task = self.loop.create_task(work, name=name)
        self.tasks.add(task)
        return task

    def trace(self, kind: str, *details: object) -> None:
        """Kept, with its instant."""
        self.traced.append((self.now(), kind, *details))

    async def post(self, connector: str, headers: Mapping[str, str], body: bytes) -> Posted:
        """The door."""
        self.posted.append((self.now(), headers, body))
        answer = self.answers.pop(0) if self.answers else Posted(202)
        await self.sleep(self.took_s)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def rest(self) -> None:
        """Let everything that was begun come to its end. What failed there fails here."""
        while pending := [task for task in self.tasks if not task.done()]:
            await asyncio.wait(pending)
        for task in self.tasks:
            task.result()

    def bodies(self) -> list[list[dict[str, Any]]]:
        """The events of each request."""
        return [json.loads(body)["events"] for _, _, body in self.posted]


def run(story: Callable[[Around], Coroutine[Any, Any, None]], *, seed: int = 1, **faults: Any) -> Around:
    """Tell a story under virtual time."""
    loop = SimLoop()
    around = Around(loop, Faults(**faults), seed)
    try:
        loop.run_until_complete(story(around))
        loop.run_until_complete(around.rest())
    finally:
        loop.close()
    return around


def event(number: int, at: int = T0, ticket: str = "1") -> dict[str, Any]:
    """An agent's reply."""
    return {
        "type": "message.added",
        "id": f"e{number}",
        "at": format_instant(at),
        "ref": {"kind": "ticket", "id": ticket},
        "author": {"kind": "agent"},
    }


def plan(count: int, every_ms: int = HOUR_MS) -> list[tuple[int, dict[str, Any]]]:
    """So many events, each so long after the other."""
    return [(T0 + number * every_ms, event(number, T0 + number * every_ms)) for number in range(count)]


def notice(around: Around, endpoint: Endpoint, id: str = "n1", body: bytes = b'{"type":"x"}') -> NetRequest:
    """A request as the gateway makes it."""
    return NetRequest("POST", endpoint.url, sign([parse_secret(SECRET)], id, around.now() // 1000, body), body)


async def send(around: Around, endpoint: Endpoint, id: str = "n1", deadline_s: float = 15.0) -> int | str:
    """One try of a notice: its status, or why there is none."""
    try:
        answer = await SimNet(around).request(notice(around, endpoint, id), deadline_s=deadline_s)
    except NetError as error:
        return f"{'timed out' if error.timed_out else 'failed'}: {error.reason}"
    return answer.status


def one(around: Around, character: Character = MOODY) -> Endpoint:
    """The only endpoint of a universe."""
    endpoint = Endpoint(around, "helpdesk", [SECRET], character)
    around.endpoints["helpdesk"] = endpoint
    return endpoint


# ── Senders ──────────────────────────────────────────────────────────────────────────────────────────────────────────


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
        around.answers = [Posted(500)] * 99
        await Sender(around, "events", habit, SECRET, plan(1)).run()

    around = run(story)

    gaps = [at - T0 - 1000 * second for (at, _, _), second in zip(around.posted, seconds, strict=True)]
    assert all(0 <= gap < 3_000 for gap in gaps), gaps
    (told,) = around.witness.told.values()
    assert (told.acked_at, told.received_at, told.given_up) == (None, None, True)


def test_a_2xx_ends_the_tries() -> None:
    """It is acknowledged when the sender sees it, and was taken when the request got to the door."""

    async def story(around: Around) -> None:
        around.answers = [Unreachable(), Reset(), Posted(202)]
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
        around.answers = [Posted(202, received_at=42)]
        await Sender(around, "events", "once", SECRET, plan(1)).run()

    assert run(story).witness.told["events", "e0"].received_at == 42


@pytest.mark.parametrize(
    ("habit", "tries"), [("brisk", 1), ("once", 1), ("patient", 2), ("shopify", 2), ("zealous", 2)]
)
def test_a_4xx_is_reported(habit: str, tries: int) -> None:
    """Some vendors try again all the same."""

    async def story(around: Around) -> None:
        around.answers = [Posted(422, b"why")]
        sender = Sender(around, "events", habit, SECRET, plan(1))
        await sender.run()
        await around.rest()
        (refusal,) = sender.refused
        assert (refusal.status, refusal.body, refusal.batch) == (422, b"why", "msg_events_0")

    assert len(run(story).posted) == tries


def test_retry_after_is_honoured() -> None:
    """It makes a wait longer, never shorter; a 429 is no fault."""

    async def story(around: Around) -> None:
        around.answers = [Posted(503, b"", 30), Posted(429, b"", 1), Posted(202)]
        sender = Sender(around, "events", "patient", SECRET, plan(1))
        await sender.run()
        await around.rest()
        assert sender.refused == []

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


# ── The way ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def served() -> str:
    """The other side of a way."""
    return "served"


async def carried(around: Around, every_s: float = 0.0) -> list[str]:
    """What the sender of each of many requests sees, one after the other."""
    link, seen = Link(around, "a"), []
    for number in range(300):
        await around.sleep(every_s)
        try:
            seen.append(await link.carry(served, 10.0, str(number)))
        except Lost as lost:
            seen.append("timed out" if lost.timed_out else lost.reason)
    return seen


def test_without_faults_everything_arrives() -> None:
    """At once, or nearly."""

    async def story(around: Around) -> None:
        assert set(await carried(around)) == {"served"}
        assert 3 < around.loop.time() < 60

    run(story)


@pytest.mark.parametrize(
    "faults",
    [{"net_slow": 0.3}, {"net_lost": 0.1}, {"net_reply_lost": 0.1}, {"net_doubled": 0.1}, {"net_outages": 100.0}],
    ids=lambda faults: next(iter(faults)),
)
def test_a_seed_repeats_and_another_differs(faults: dict[str, float]) -> None:
    """The same fates at the same instants."""
    seen: list[list[str]] = []

    async def story(around: Around) -> None:
        seen.append(await carried(around, 60.0))

    first, again, other = run(story, **faults), run(story, **faults), run(story, seed=2, **faults)

    assert first.traced == again.traced
    assert first.loop.digest == again.loop.digest != other.loop.digest
    assert seen[0] == seen[1]
    if "net_doubled" in faults:
        assert 10 < len(first.witness.faults) < 60
    elif "net_lost" in faults:
        assert {"served", "timed out", "the connection was refused"} < set(seen[0])
    else:
        assert {"served", "timed out"} <= set(seen[0])


def test_one_fault_shifts_no_other() -> None:
    """Each request draws as many chances as any other: what is lost is lost with or without doubles."""

    def fates(**faults: float) -> list[Any]:
        found: list[Any] = []

        async def story(around: Around) -> None:
            link = Link(around, "a")
            found.extend(link.fate() for _ in range(500))

        run(story, **faults)
        return found

    both, lost = fates(net_lost=0.1, net_doubled=0.2, net_slow=0.1), fates(net_lost=0.1)
    assert [fate.request for fate in both] == [fate.request for fate in lost]
    assert any(fate.again_s for fate in both)
    slow = sorted(fate.there_s for fate in both)
    assert slow[-1] > 5.0
    assert slow[250] < 0.1


def test_what_was_sent_goes_on_without_its_sender() -> None:
    """A deadline that is over calls nothing back: the other side takes it."""
    taken: list[int] = []

    async def story(around: Around) -> None:
        async def take() -> str:
            await around.sleep(3.0)
            taken.append(around.now())
            return "late"

        with pytest.raises(Lost) as lost:
            await Link(around, "a").carry(take, 1.0)
        assert lost.value.timed_out
        assert around.now() == T0 + 1_000

    run(story)
    assert len(taken) == 1


def test_a_way_is_down_for_a_while() -> None:
    """In one direction or in both; until it recovers for good."""

    async def story(around: Around) -> None:
        link, outages = Link(around, "a"), []
        for _ in range(2_000):
            if (outage := link.outage()) is not None and outage not in outages:
                assert outage.start <= around.now() < outage.end
                outages.append(outage)
            await around.sleep(60)
        assert {(outage.there, outage.back) for outage in outages} == {(True, True), (True, False), (False, True)}
        assert all(before.end <= after.start for before, after in itertools.pairwise(outages))
        link.recover()
        for _ in range(2_000):
            assert link.outage() is None
            await around.sleep(60)

    run(story, net_outages=24.0)


# ── Endpoints ────────────────────────────────────────────────────────────────────────────────────────────────────────


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


# ── The feed ─────────────────────────────────────────────────────────────────────────────────────────────────────────


async def pull_all(feed: Feed, cursor: str | None = None) -> tuple[list[bytes], str | None]:
    """The rows of one turn, as the gateway takes it: a connector of its own, page by page."""
    connector = feed.connector()
    assert isinstance(connector, Pulls)
    assert isinstance(connector, Fetches)
    (stream,) = connector.streams
    rows: list[bytes] = []
    while True:
        page = await connector.pull(stream, cursor, feed.universe.now())
        assert page.cursor is not None
        assert not page.more or page.cursor != cursor
        cursor = page.cursor
        rows += [record.body for record in page.records]
        if not page.more:
            return rows, cursor


def test_a_feed_shows_what_has_happened() -> None:
    """From its cursor on; a row is acknowledged when a cursor behind it comes back."""

    async def story(around: Around) -> None:
        feed = Feed(around, "feed", plan(10))
        rows, cursor = await pull_all(feed)
        assert (len(rows), cursor) == (1, "1")
        await around.sleep(4 * 3_600)
        assert feed.told["e0"].acked_at is None
        rows, cursor = await pull_all(feed, cursor)
        assert [json.loads(row)["row"] for row in rows] == [1, 2, 3, 4]
        assert cursor == "5"
        told = feed.told["e0"]
        assert (told.first_sent_at, told.received_at) == (T0, T0)
        assert told.acked_at is not None
        assert told.acked_at > T0 + 4 * HOUR_MS
        await around.sleep(9 * 3_600)
        _, cursor = await pull_all(feed, cursor)
        assert not feed.idle
        assert await pull_all(feed, cursor) == ([], "10")
        assert feed.idle
        assert all(told.acked_at for told in around.witness.told.values())

    run(story)


def test_a_page_may_bring_rows_again() -> None:
    """With the same key and the same body."""

    async def story(around: Around) -> None:
        feed = Feed(around, "feed", plan(30, 1))
        await around.sleep(1)
        rows, _ = await pull_all(feed)
        numbers = [json.loads(row)["row"] for row in rows]
        assert len(rows) > 35
        assert set(numbers) == set(range(30))
        assert len(set(rows)) == 30

    run(story, feed_overlap=0.8)


def test_a_thin_row_asks_for_a_look_up() -> None:
    """Which brings all that is known of the object by then."""

    async def story(around: Around) -> None:
        told = [(T0, event(1, ticket="7")), (T0, event(2, ticket="8")), (T0 + HOUR_MS, event(3, ticket="7"))]
        connector = Feed(around, "feed", told).connector()
        page = await connector.pull(connector.streams[0], None, T0)
        wanted = [one for record in page.records for one in connector.normalize(record)]
        assert wanted == [Fetch(Ref("ticket", "7"), "a thin row"), Fetch(Ref("ticket", "8"), "a thin row")]
        for hours, ids in ((0, ["e1"]), (2, ["e1", "e3"])):
            await around.sleep(3_600 * hours)
            (record,) = await connector.fetch(Ref("ticket", "7"), around.now())
            assert [one.id for one in connector.normalize(record) if not isinstance(one, Fetch)] == ids
        assert await connector.fetch(Ref("ticket", "9"), T0) == []

    run(story, feed_thin=1.0)


def test_a_feed_fails_as_vendors_do() -> None:
    """Each kind some time; whoever goes on at the same cursor gets everything."""

    async def story(around: Around) -> None:
        feed = Feed(around, "feed", plan(60, 1))
        await around.sleep(1)
        cursor: str | None = None
        rows: set[int] = set()
        failures: set[str] = set()
        connector = feed.connector()
        while len(rows) < 60:
            try:
                async with asyncio.timeout(300):
                    page = await connector.pull(connector.streams[0], cursor, around.now())
            except TimeoutError:
                failures.add("hung")
            except RateLimited as error:
                assert error.retry_after_s >= 1
                failures.add("429")
            except VendorError as error:
                assert isinstance(error, Transient)
                failures.add(str(error))
            except RuntimeError:
                failures.add("raised")
            else:
                rows |= {json.loads(record.body)["row"] for record in page.records}
                cursor = page.cursor
        assert {"hung", "429", "raised", "GET /page: 503", "GET /page: the answer is not JSON"} <= failures
        assert any("no complete answer" in failure for failure in failures)
        assert feed.raised > 0
        feed.recover()
        assert await pull_all(feed, cursor) == ([], "60")

    run(story, feed_failing=0.6, feed_hanging=0.1, feed_raises=0.2, net_lost=0.3)
