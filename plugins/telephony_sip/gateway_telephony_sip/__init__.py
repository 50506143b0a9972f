"""Calls over SIP for the gateway: what proxies and exchanges show of them becomes contacts; a redirect server.

Captures are heard by HEPv3, folded in memory and stored as facts; an exchange's own logs fill what was missed. Facts
only grow, so any order and any repetition of packets and lines ends in the same contact.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import ClassVar, Final
from urllib.parse import quote

import msgspec
from msgspec.structs import replace
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
    Permanent,
    Piece,
    Record,
    Simulator,
    Socket,
    Source,
    Stream,
    hookimpl,
)
from gateway_telephony_sip.asterisk.normalize import LOG_ID_KEYS
from gateway_telephony_sip.asterisk.pulling import AsteriskFiles
from gateway_telephony_sip.call import became
from gateway_telephony_sip.capture import FACTS, LOST, OFFER_EVERY_S, Capture, read_facts
from gateway_telephony_sip.facts import Call, Leg, Logged, Recording, join
from gateway_telephony_sip.health import findings
from gateway_telephony_sip.leg import leg_of
from gateway_telephony_sip.message import Captured, Message
from gateway_telephony_sip.names import call_names
from gateway_telephony_sip.peers import Peers
from gateway_telephony_sip.redirect.server import RedirectServer
from gateway_telephony_sip.redirect.settings import RedirectSettings
from gateway_telephony_sip.settings import TelephonySettings
from gateway_telephony_sip.telling import opening, tell

RECORDING_URL: Final = re.compile(r"(?:https?|s3|gs|sftp|ftps|file)://(?![^/?#]*@)[!-~]{1,1000}")
"""What a header may name: it is shown as a link, and whoever calls may have written it. No password stands in it."""


class TelephonySip:
    """One exchange, or one group of proxies, whose calls are one company's."""

    plugin: ClassVar[str] = "telephony_sip"
    settings_type: ClassVar[type[BaseModel]] = TelephonySettings
    facts_type: ClassVar[type[msgspec.Struct]] = Call
    id_keys: ClassVar[frozenset[str]] = LOG_ID_KEYS | {FACTS}
    streams: tuple[Stream, ...] = ()

    def __init__(self, name: str, settings: TelephonySettings, context: Context) -> None:
        self._name = name
        self._settings = settings
        self._rules = settings.rules()
        self._route = context.route
        self._heard: dict[str, int] = {}
        self._capture: Capture | None = None
        self._files = None if settings.asterisk is None else AsteriskFiles(settings.asterisk)
        if self._files is not None:
            self.streams = self._files.streams

    @staticmethod
    def simulator(settings: TelephonySettings | None, seed: int) -> Simulator:
        """An exchange that plays calls towards the listener of a connector."""
        from gateway_telephony_sip.simulator import TelephonySimulator

        return TelephonySimulator(settings, seed)

    def normalize(self, record: Record) -> Iterator[Event | Fetch | Piece]:
        """What was heard of a call, or what a line of the exchange's logs says of it."""
        if record.form != "row":
            call = read_facts(record.body)
            yield Piece(call_names(call), call)
        elif self._files is None:
            raise BadPayload("a line of Asterisk's logs, and no `asterisk` in the settings")
        else:
            yield from self._files.pieces(record)

    def join(self, facts: Call, more: Call) -> Call:
        """What both know of a call."""
        return join(facts, more)

    def tell(self, facts: Call) -> Iterator[Event]:
        """What became of a call, as far as its facts say."""
        if self._files is not None and self._files.hides(facts):
            return
        yield from tell(self._with_recording(facts), self._rules)

    async def pull(self, stream: Stream, cursor: str | None, now: int) -> Page:
        """What is new in one of the exchange's logs."""
        if self._files is None:
            raise Permanent("no log is named in the settings")
        return await self._files.pull(stream, cursor, now)

    async def listen(self, ear: Ear) -> None:
        """Hear captures, and answer INVITEs, until it is time to end."""
        # What was heard and couldn't be stored is still there when listening begins anew.
        capture = self._capture = self._capture or self._new_capture(ear)
        door = await self._open(ear, capture)
        server = await self._open_redirect(ear, capture)
        wait_s = OFFER_EVERY_S
        while not await ear.rest(wait_s):
            await capture.offer(ear)
            if door is not None and (more := capture.lost(door.lost)):
                ear.count(LOST, more)
            if server is not None:
                wait_s = min(OFFER_EVERY_S, server.step())
        await capture.offer(ear, all=True)

    async def check(self) -> Sequence[Finding]:
        """What was heard since the start, and whether the logs can be read."""
        logs = () if self._files is None else self._files.findings()
        return [*findings(self._settings, self._heard), *logs]

    def _new_capture(self, ear: Ear) -> Capture:
        def refused(what: str) -> None:
            capture.note(what)

        hep = self._settings.hep
        capture = Capture(
            Peers(hep.allow, hep.per_second, refused) if hep else Peers((), 1, refused),
            key=hep.auth_key.get_secret_value() if hep and hep.auth_key else None,
            read=lambda message, captured, now: leg_of(message, captured, now, self._rules),
            count=ear.count,
            recording=self._recording_of,
            counts=self._heard,
        )
        return capture

    async def _open(self, ear: Ear, capture: Capture) -> Socket | None:
        """Listen for captures; the socket of those that come as datagrams."""
        hep, door = self._settings.hep, None
        if hep is None:
            return None
        if hep.udp is not None:
            host, port = hep.udp
            door = await ear.udp(host, port, lambda data, source: capture.heard(data, source, ear.now()))
        if hep.tcp is not None:
            await ear.tcp(hep.tcp.host, hep.tcp.port, lambda stream: capture.serve(stream, ear.now))
        return door

    async def _open_redirect(self, ear: Ear, capture: Capture) -> RedirectServer | None:
        redirect = self._settings.redirect
        if redirect is None:
            return None

        def told(invite: Message, source: Source, logged: Logged) -> None:
            # Without captures nothing would tell that the call has ended.
            if self._settings.hep is not None and (seen := self._seen(invite, source, logged.at)) is not None:
                call_id, leg = seen
                capture.also(call_id, Call(legs={call_id: leg}, logged=(replace(logged, call=call_id),)), logged.at)

        server = RedirectServer(
            redirect, ear, opening=self._opening, route=self._route, told=told, key=self._tag_key(redirect)
        )
        await server.open()
        return server

    def _seen(self, invite: Message, source: Source, now: int) -> tuple[str, Leg] | None:
        """What an INVITE to the redirect server shows of its leg."""
        return leg_of(invite, Captured(b"", source=source, at=now), now, self._rules)

    def _opening(self, invite: Message, source: Source, now_ms: int) -> ContactOpened:
        """The opening of the contact that a call will be. Raises ValueError where it will be none."""
        seen = self._seen(invite, source, now_ms)
        return opening(self.tell(Call(legs={} if seen is None else dict([seen]))))

    def _tag_key(self, redirect: RedirectSettings) -> bytes:
        """What makes the tags of answers: the same after a restart, so that what is repeated then is told alike."""
        return sha256(f"{self._name} {redirect.model_dump_json()}".encode()).digest()

    def _recording_of(self, message: Message) -> Recording | None:
        """The recording that a message names."""
        named = self._settings.recordings
        url = "" if named is None or named.header is None else message.first(named.header.lower())
        if named is None or not RECORDING_URL.fullmatch(url):
            return None
        return Recording(url, named.encrypted, named.retention)

    def _with_recording(self, facts: Call) -> Call:
        """The facts, with the recording that the settings say an answered call has."""
        named = self._settings.recordings
        told = became(facts, self._rules) if named is not None and named.url is not None else None
        if named is None or named.url is None or told is None or told.answered is None:
            return facts
        url = named.url.replace("{call_id}", quote(told.id, safe=""))
        return join(facts, Call(recordings=(Recording(url, named.encrypted, named.retention),)))


@hookimpl
def gateway_connectors(register: Callable[[type[Connector]], None]) -> None:
    """Register the connector."""
    register(TelephonySip)
