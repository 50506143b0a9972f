"""Listening that fails and begins anew keeps what was heard and couldn't be stored."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from gateway_telephony_sip import TelephonySip
from gateway_telephony_sip.capture import LOST, read_facts
from gateway_telephony_sip.hep import write_hep
from gateway_telephony_sip.settings import TelephonySettings

from gateway.plugin import Context, Heard, Record, Source
from plugins.telephony_sip.tests.calls import CALL_ID, T0, request

SETTINGS = TelephonySettings.model_validate({"hep": {"udp": "127.0.0.1:9060", "allow": ["127.0.0.1/32"]}})


@dataclass
class Door:
    """A socket that is never read from a network; the system has dropped so many packets before it."""

    lost: int
    port: int = 9060

    def send(self, data: bytes, to: Source) -> None:
        raise AssertionError("nobody is answered")

    def close(self) -> None:
        pass


@dataclass
class Ear:
    """Hears these packets, rests so often, and keeps what is offered, or fails at it."""

    packets: list[bytes]
    rests: int
    fails: bool = False
    lost: int = 0
    kept: list[Record] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def now(self) -> int:
        return T0 + 10_000

    async def udp(self, host: str, port: int, heard: Heard) -> Door:
        for packet in self.packets:
            heard(packet, ("127.0.0.1", 5060))
        return Door(self.lost)

    async def emit(self, records: Sequence[Record]) -> bool:
        if self.fails and records:
            raise RuntimeError("the store is gone")
        self.kept += records
        return True

    async def rest(self, seconds: float) -> bool:
        self.rests -= 1
        return self.rests < 0

    def count(self, what: str, number: int = 1) -> None:
        assert number > 0
        self.counts[what] += number


def test_what_was_heard_is_offered_when_listening_begins_anew() -> None:
    """The store failed in a way that nobody foresaw: the call is there all the same."""
    calls = TelephonySip("phones", SETTINGS, Context(http=None))  # type: ignore[arg-type]
    failing, well = Ear([write_hep(request("INVITE", 0))], 0, fails=True), Ear([], 1)

    with pytest.raises(RuntimeError):
        asyncio.run(calls.listen(failing))  # type: ignore[arg-type]
    asyncio.run(calls.listen(well))  # type: ignore[arg-type]

    assert [list(read_facts(record.body).legs) for record in well.kept] == [[CALL_ID]]


def test_a_new_socket_counts_what_is_lost_from_nothing() -> None:
    """What the first one lost is told once, and never taken back."""
    calls = TelephonySip("phones", SETTINGS, Context(http=None))  # type: ignore[arg-type]
    first, second = Ear([], 2, lost=7), Ear([], 2, lost=3)
    asyncio.run(calls.listen(first))  # type: ignore[arg-type]
    asyncio.run(calls.listen(second))  # type: ignore[arg-type]

    assert (first.counts[LOST], second.counts[LOST]) == (7, 3)
