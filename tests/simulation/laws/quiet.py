"""A run in which nothing goes wrong: a story told to the engine and the store themselves, some of it late.

The checkers must have nothing to say of it; and it is something to be forged.
"""

from dataclasses import dataclass, field
from random import Random

from gateway.kernel.ports import NetRequest, NetResponse
from tests.engine.rig import T0, Rig, ToldClock, run
from tests.simulation.laws import kept
from tests.simulation.laws.scene import Scene
from tests.simulation.laws.troubles import Troubles
from tests.simulation.world import policies, stories
from tests.simulation.world.witness import Heard, Told, Witness
from tests.support.policies import loaded

START = T0 + 5 * stories.DAY
"""Two days later the clocks of New York change."""

LATE_MAX = 40 * stories.MINUTE
HOLIDAY = "2026-03-10"
CONNECTOR = "events"


@dataclass
class HearingNet:
    """Endpoints that take everything at once."""

    clock: ToldClock
    heard: list[Heard] = field(default_factory=list)

    async def request(self, request: NetRequest, *, deadline_s: float, body_max: int = 16_384) -> NetResponse:
        """Note it, and take it."""
        name = request.url.removeprefix("https://").partition(".")[0]
        headers = dict(request.headers)
        self.heard.append(Heard(self.clock.at, name, headers["webhook-id"], headers, request.body, True, 204))
        return NetResponse(204, {}, b"")


@dataclass(order=True)
class _Telling:
    at: int
    place: int
    told: Told = field(compare=False)


class QuietRun:
    """Tells the story with this number to a gateway; after a day another policy comes."""

    def __init__(self, number: int, days: int, contacts_a_day: float) -> None:
        rng = Random(number)
        self.end = START + days * stories.DAY
        self.reload_at = START + stories.DAY // 2
        (plan,) = stories.tell(
            rng, [CONNECTOR], START, self.end, hot=[self.reload_at], contacts_a_day=contacts_a_day
        ).values()
        self.desk = stories.Desk(rng)
        self.net = HearingNet(ToldClock())
        self.waiting: list[_Telling] = []
        self.told: dict[tuple[str, str], Told] = {}
        for at, event in plan:
            self._plan(at + rng.choice([0, 0, 0, rng.randrange(LATE_MAX)]), event)

    def _plan(self, at: int, event: stories.Content) -> None:
        told = self.told.setdefault((CONNECTOR, event["id"]), Told(CONNECTOR, event))
        self.waiting = sorted([*self.waiting, _Telling(at, len(self.told), told)])

    async def story(self, rig: Rig) -> None:
        """From the first event until nothing has been due for hours."""
        net = self.net
        rig.clock.at = START
        read = 0
        while (at := await self._next(rig)) is not None:
            rig.clock.at = max(at, rig.clock.at)
            if rig.clock.at >= self.reload_at and not rig.gateway.bench.policies.rows[1:]:
                await rig.gateway.follow(loaded(policies.text(policies.second(HOLIDAY))))
            while self.waiting and self.waiting[0].at <= rig.clock.at:
                told = self.waiting.pop(0).told
                assert await rig.post(told.event, name=CONNECTOR) == 202
                told.acked_at = told.received_at = told.first_sent_at = rig.clock.at
            await rig.settle()
            await rig.end_millisecond()
            for heard in net.heard[read:]:
                if (answer := self.desk.read(heard.body, rig.clock.at)) is not None:
                    self._plan(rig.clock.at + stories.MINUTE, answer[1])
            read = len(net.heard)
        rig.clock.at = self.end + stories.HOUR
        await rig.end_millisecond()
        self.kept = kept.read(rig.store.writer.connection)

    async def _next(self, rig: Rig) -> int | None:
        # What is due is judged when its millisecond is over.
        due = [row.next_due + 1 for row in await rig.store.contacts(limit=1) if row.next_due is not None]
        reload = [self.reload_at] if not rig.gateway.bench.policies.rows[1:] else []
        first = min([*due, *reload, *(one.at for one in self.waiting[:1])], default=None)
        return None if first is None or first > self.end + stories.HOUR else first

    def scene(self) -> Scene:
        """The run when it is over."""
        return Scene(
            Witness(self.told, self.net.heard, []),
            self.kept,
            self.end + stories.HOUR,
            Troubles(()),
            policies.SUBSCRIPTIONS,
        )


def quiet_scene(number: int, days: int = 1, contacts_a_day: float = stories.CONTACTS_A_DAY) -> Scene:
    """What there is to see of the quiet run with this number."""
    quiet = QuietRun(number, days, contacts_a_day)
    text = policies.text(policies.first(HOLIDAY))
    run(quiet.story, policy=text, subscriptions=policies.SUBSCRIPTIONS, clock=quiet.net.clock, net=quiet.net)
    return quiet.scene()
