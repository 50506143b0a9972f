"""Everything that is read of a packet, as the listener and the redirect server do, and the laws that hold for all."""

from collections.abc import Callable
from dataclasses import replace

from gateway_telephony_sip import headers
from gateway_telephony_sip.grammar import plain, read_uri
from gateway_telephony_sip.hep import read_hep, write_hep
from gateway_telephony_sip.message import BadHep, BadSip, Captured, Message
from gateway_telephony_sip.numbers import Plan, e164, is_anonymous, number_or_name
from gateway_telephony_sip.sdp import media_direction
from gateway_telephony_sip.sip import read_sip, write_sip

from tests.fuzz_sip.telling import answer_one, tell_one

PLANS = (Plan(), Plan("49"), Plan("1", "1", "011", bare="national"))
READERS: tuple[Callable[[Message], object], ...] = (
    headers.call_id, headers.top_via, headers.vias, headers.cseq, headers.contacts, headers.session_id, headers.history,
    headers.privacy, headers.reasons, headers.refer_to, headers.replaces, headers.session_expires, headers.icid,
    headers.content_type, media_direction,
)  # fmt: skip
NAMING = ("from", "to", "p-asserted-identity", "remote-party-id", "diversion", "referred-by", "contact")


def read_all(data: bytes) -> str:
    """What became of a packet, in a word. Raises what the readers should not, and AssertionError for a broken law."""
    captured = Captured(data)
    payload = data
    if data[:4] in (b"HEP3", b"EEP3"):
        try:
            captured = read_hep(data)
        except BadHep as refused:
            return refused.kind
        _is_whole(captured)
        payload = captured.payload
    answer_one(payload)
    try:
        message = read_sip(payload)
    except BadSip:
        return "no message"
    _reads_the_same(message)
    for reader in READERS:
        reader(message)
    for name in NAMING:
        headers.tag(message, name)
        for one in (headers.address(message, name), *headers.addresses(message, name)):
            if one is not None:
                _is_told(one.uri, one.display)
    _is_told(message.target, message.reason)
    tell_one(message, captured)
    for name in ("max-forwards", "expires", "content-length"):
        headers.number(message, name)
    return "understood"


def _is_told(uri: str, text: str) -> None:
    """Whatever is kept of it can be encoded."""
    read_uri(uri)
    is_anonymous(uri)
    for plan in PLANS:
        number = e164(uri, plan)
        assert number is None or (number[1:].isascii() and number[1:].isdigit() and 8 <= len(number) <= 16)
        number_or_name(uri, plan).encode()
    assert plain(text).isprintable()
    plain(text).encode()


def _is_whole(captured: Captured) -> None:
    """What was read of a packet is written and read the same, where it can be written."""
    captured.correlation.encode()
    try:
        written = write_hep(captured)
    except BadHep:
        return
    assert read_hep(written) == captured


def _reads_the_same(message: Message) -> None:
    """What was read of a message is written and read the same, but for its length."""
    try:
        again = read_sip(write_sip(message))
    except BadSip as refused:
        assert str(refused).startswith(("longer", "more than"))
        return
    assert replace(again, headers=()) == replace(message, headers=(), missing=0)
    assert _but_length(again) == _but_length(message)


def _but_length(message: Message) -> list[tuple[str, str]]:
    return [header for header in message.headers if header[0] != "content-length"]
