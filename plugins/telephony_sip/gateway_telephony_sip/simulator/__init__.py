"""An exchange that isn't there: calls come, are answered or not, and copies of their SIP messages go out as HEPv3.

One simulator serves demonstrations and tests. Nothing is listened to and nothing can be asked for: what happened before
anybody listened is nobody's, as with a true exchange. What is dated in the past is sent now.
"""

from collections.abc import Mapping
from random import Random
from typing import Any, ClassVar, Final

from gateway.plugin import Event, NowFunction, Ref
from gateway_telephony_sip.settings import TelephonySettings
from gateway_telephony_sip.simulator.acts import STEPS, WHOLE
from gateway_telephony_sip.simulator.calls import Call
from gateway_telephony_sip.simulator.truth import truth
from gateway_telephony_sip.simulator.wire import HOST, Transport, Wire

FAULTS: Final[Mapping[str, str]] = {
    "lose": "no packet arrives",
    "loss": "one packet of ten is lost",
    "duplicate": "each packet is sent twice",
    "reorder": "packets arrive in another order than things happened",
    "wrong_clock": "the capturer's clock is two hours ahead",
    "no_time": "packets don't say when they were captured",
    "not_hep3": "the capturer speaks HEPv2, as some do by default",
}
"""What can be wrong with the exchange."""


class TelephonySimulator:
    """One exchange and its proxy. By TCP packets leave when `settled` is awaited, by UDP at once."""

    acts: ClassVar[frozenset[str]] = frozenset({*WHOLE, *STEPS})
    faults: ClassVar[frozenset[str]] = frozenset(FAULTS)

    def __init__(
        self, settings: TelephonySettings | None = None, seed: int = 0, *, transport: Transport | None = None
    ) -> None:
        self._chance = Random(seed)  # noqa: S311 - repeatable on purpose
        self._faults: set[str] = set()
        hep = None if settings is None else settings.hep
        self._transport: Transport = transport or ("tcp" if hep is not None and hep.udp is None else "udp")
        # What goes wrong on the way has chance of its own: the calls are the same with it and without.
        self._wire = Wire(Random(seed + 1), self._faults, self._transport)  # noqa: S311
        self.calls: list[Call] = []
        self._live: dict[str, Call] = {}

    async def start(self, now: NowFunction, push_to: str | None) -> Mapping[str, Any]:
        """Begin; nothing is pushed to `push_to`. Returns settings with which a connector listens where this sends to.

        The port was free a moment ago: whoever listens is to be started soon.
        """
        self.now = now
        self._wire.start()
        return {"hep": {self._transport: f"{HOST}:{self._wire.port}", "allow": [f"{HOST}/32"]}}

    async def stop(self) -> None:
        """End."""
        await self._wire.stop()

    async def settled(self) -> None:
        """Come back when every packet was sent or lost."""
        await self._wire.settled()

    def seed(self, count: int, *, since: int) -> None:
        """Nothing: of calls that were over before anybody listened, nobody tells."""

    def act(self, name: str) -> Ref | None:
        """Let one of `acts` happen now; to which call. None where none is so far that it could happen to it."""
        now = self.now()
        if name in WHOLE:
            call = WHOLE[name](self._chance, len(self.calls) + 1, now)
            self.calls.append(call)
            self._wire.send(call.packets())
            return Ref("call", call.notes.id)
        if name not in STEPS:
            raise ValueError(f"{name!r} is no act: there are {', '.join(sorted(self.acts))}")
        if name == "ring":
            return Ref("call", self.ring(at=now))
        able = (id for id, call in self._live.items() if call.state == STEPS[name][0])
        if (id := next(able, None)) is None:
            return None
        self.step(name, id, at=now)
        return Ref("call", id)

    def ring(self, *, at: int) -> str:
        """A customer calls, and waits from `at` on (milliseconds, an hour ago at most); the call's id."""
        call = Call(self._chance, len(self.calls) + 1, at)
        self.calls.append(call)
        self._live[call.notes.id] = call
        self.step("ring", call.notes.id, at=at)
        return call.notes.id

    def step(self, name: str, id: str, *, at: int) -> None:
        """Let one of STEPS happen to a call that came by `ring`, no earlier than what happened to it before."""
        call = self._live[id]
        STEPS[name][1](call, at)
        self._wire.send(call.packets())
        if call.state == "over":
            del self._live[id]

    def fault(self, name: str, *, on: bool = True) -> None:
        """Switch one of FAULTS on or off."""
        if name not in FAULTS:
            raise ValueError(f"{name!r} is no fault: there are {', '.join(sorted(FAULTS))}")
        (self._faults.add if on else self._faults.discard)(name)

    def truth(self) -> list[Event]:
        """What a perfect connector must have said by now, call by call."""
        now = self.now()
        return [event for call in self.calls for event in truth(call.notes, now)]
