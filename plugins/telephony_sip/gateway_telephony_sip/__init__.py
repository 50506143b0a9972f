"""Calls over SIP for the gateway: what proxies and exchanges show of them becomes contacts; a redirect server.

Captures are heard by HEPv3, folded in memory and stored as facts; an exchange's own logs fill what was missed. Facts
only grow, so any order and any repetition of packets and lines ends in the same contact.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from typing import ClassVar, Final

import msgspec
from pydantic import BaseModel

from gateway.plugin import (
    BadPayload,
    Connector,
    ContactOpened,
    Context,
    Ear,
    Event,
    Fetch,
    Finding,
    Page,
    Piece,
    Record,
    Simulator,
    Socket,
    Stream,
    hookimpl,
)
from gateway_telephony_sip.asterisk.pulling import AsteriskFiles
from gateway_telephony_sip.capture import OFFER_EVERY_S, Capture
from gateway_telephony_sip.facts import Call, Leg, Logged, Recording, join
from gateway_telephony_sip.health import findings
from gateway_telephony_sip.leg import leg_of
from gateway_telephony_sip.message import Captured, Message
from gateway_telephony_sip.names import call_names
from gateway_telephony_sip.redirect.server import RedirectServer
from gateway_telephony_sip.settings import TelephonySettings
from gateway_telephony_sip.telling import tell

STOP_OFFERS: Final = 3
"""So often what is known is offered once more when it is time to end."""


class TelephonySip:
    """One exchange, or one group of proxies, whose calls are one company's."""

    plugin: ClassVar[str] = "telephony_sip"
    settings_type: ClassVar[type[BaseModel]] = TelephonySettings
    facts_type: ClassVar[type[msgspec.Struct]] = Call
    id_keys: ClassVar[frozenset[str]] = frozenset()
    streams: tuple[Stream, ...] = ()

    def __init__(self, name: str, settings: TelephonySettings, context: Context) -> None:
        self._name = name
        self._settings = settings
        self._rules = settings.rules()
        self._route = context.route
        self._capture: Capture | None = None
        self._files = AsteriskFiles(settings.asterisk, self._rules) if settings.asterisk else None
        if self._files is not None:
            self.streams = self._files.streams

    @staticmethod
    def simulator(settings: TelephonySettings | None, seed: int) -> Simulator:
        """An exchange that plays calls towards the listener of a connector."""
        from gateway_telephony_sip.simulator import TelephonySimulator

        return TelephonySimulator(settings, seed)

    def normalize(self, record: Record) -> Iterator[Event | Fetch | Piece]:
        """What was heard of a call, or what lines of the exchange's logs say of it."""
        if record.form == "row":
            if self._files is None:
                raise BadPayload("a line of a log, and no `asterisk` in the settings")
            yield from self._files.pieces(record)
            return
        try:
            call = msgspec.json.decode(record.body, type=Call)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise BadPayload(f"not the facts of a call: {error}") from None
        yield Piece(call_names(call), call)

    def join(self, facts: Call, more: Call) -> Call:
        """What both know of a call."""
        return join(facts, more)

    def tell(self, facts: Call) -> Iterator[Event]:
        """What became of a call, as far as its facts say."""
        yield from tell(self._with_recording(facts), self._rules)

    async def pull(self, stream: Stream, cursor: str | None, now: int) -> Page:
        """What is new in one of the exchange's logs."""
        if self._files is None:
            raise TypeError("no log is read")
        return await self._files.pull(stream, cursor, now)

    async def listen(self, ear: Ear) -> None:
        """Hear captures, and answer INVITEs, until it is time to end."""
        capture = self._capture = self._new_capture(ear)
        sockets = await self._open(ear, capture)
        server = await self._redirect(ear, capture)
        wait_s = OFFER_EVERY_S
        while not await ear.rest(wait_s):
            await capture.offer(ear)
            if server is not None:
                wait_s = min(OFFER_EVERY_S, server.step())
        for socket in sockets:
            socket.close()
        for _ in range(STOP_OFFERS):
            await capture.offer(ear, all=True)
            if not capture.waits():
                break

    async def check(self) -> Sequence[Finding]:
        """What was heard since the start, and whether the logs can be read."""
        counts = {} if self._capture is None else self._capture.counts
        found = findings(self._settings, counts)
        return [*found, *(self._files.findings() if self._files is not None else ())]
