"""How values lie in the tables: states and entries in msgpack, events in the JSON of the model.

States and entries are arrays, half as long as with the names of their fields: a field may be added at the end, with a
default, and none may move. Any other change is a new version: the upcaster that leads to it is added to the kind's
Versions, and bytes of all of them are read; CONTRIBUTING.md says how that's done.

Cards have one version alone: those of another form are made anew, never read.

A whole number beyond 64 bits doesn't fit msgpack; a value that holds one is written as JSON, which starts with `[` or
`{`: no array or map of msgpack does.
"""

from typing import Any, Generic, TypeVar

import msgspec

from gateway.kernel.assemblies import Told
from gateway.kernel.recorded import History, Recorded
from gateway.kernel.store import StoreUnusable
from gateway.kernel.versioned import MARK, Versions
from gateway.model.event import Event, convert_event, decode_event, encode_event
from gateway.model.identity import StrandKey
from gateway.model.judgement import Effect, LedgerEntry, State
from gateway.rules.advance import Sourced
from gateway.rules.card import Card

T = TypeVar("T")


def _plain(value: Any) -> Any:
    if isinstance(value, int):
        return int(value)
    raise NotImplementedError(type(value))


_pack = msgspec.msgpack.Encoder(enc_hook=_plain)
_json = msgspec.json.Encoder(enc_hook=_plain)
_JSON_BEGINS = (b"[", b"{")
_UNREADABLE = (msgspec.DecodeError, ValueError, RecursionError)


def damaged(what: str, error: Exception) -> StoreUnusable:
    """What to tell of bytes in the database that nobody can have written there."""
    why = f"the database is damaged: {what} can't be read ({error})"
    return StoreUnusable(f"{why}; restore a backup, or start with a new file")


class Coding(Generic[T]):
    """How values of one kind are written, and read in every version that there has been."""

    def __init__(self, kind: type[T], what: str, versions: Versions) -> None:
        self.versions = versions
        self._kind = kind
        self._what = what
        self._unpack = msgspec.msgpack.Decoder(kind)
        self._read = msgspec.json.Decoder(kind)

    def encode(self, value: T) -> bytes:
        """The bytes to keep."""
        try:
            body = _pack.encode(value)
        except OverflowError:
            body = _json.encode(value)
        return self.versions.mark + body

    def decode(self, body: bytes, *of: object) -> T:
        """The value that `encode` was given. Raises StoreUnusable, which names what it is `of`, for any other bytes."""
        try:
            if self.versions.mark:
                return self._versioned(body, of)
            return self._read.decode(body) if body[:1] in _JSON_BEGINS else self._unpack.decode(body)
        except _UNREADABLE as error:
            raise unreadable(self.versions, body, self._named(of), error) from error

    def _versioned(self, body: bytes, of: tuple[object, ...]) -> T:
        """The value of bytes of any version."""
        version, rest = self.versions.split(body)
        is_json = rest[:1] in _JSON_BEGINS
        if self.versions.reads_as_now(version):
            return self._read.decode(rest) if is_json else self._unpack.decode(rest)
        value = msgspec.json.decode(rest) if is_json else msgspec.msgpack.decode(rest)
        return msgspec.convert(self.versions.raised(version, value), self._kind)

    def _named(self, of: tuple[object, ...]) -> str:
        return f"{self._what} {' at '.join(map(str, of))}"


def unreadable(versions: Versions, body: bytes, what: str, error: Exception) -> StoreUnusable:
    """What to tell of bytes that can't be read: that they are of a later version, or that nobody can have written
    them."""
    newer = versions.newer(body)
    if newer is None:
        return damaged(what, error)
    return StoreUnusable(
        f"{what} is of version {newer}, and this program reads {versions.current} at most: "
        "it was written by a newer version; run that one, or restore a backup from before the upgrade"
    )


STATE = Versions()
ENTRY = Versions()
EFFECT = Versions()
STRANDS = Versions()
EVENT = Versions()
BODY = Versions()
TOLD = Versions()
NAMES = Versions()
"""The versions of what is kept: a new one is an upcaster more, from the plain values of the one before."""

states = Coding(State, "the state of contact", STATE)
checkpoints = Coding(State, "the checkpoint of contact", STATE)
entries = Coding(LedgerEntry, "an entry in the ledger of contact", ENTRY)
effects = Coding(Effect, "the decision", EFFECT)
cards = Coding(Card, "the card of contact", Versions())
strand_lists = Coding(tuple[tuple[str, str, str], ...], "the list of strands of contact", STRANDS)

told = Coding(tuple[Told, ...], "what was told of the object", TOLD)
names = Coding(tuple[str, ...], "the names of the object", NAMES)


def encode_strands(strands: tuple[StrandKey, ...]) -> bytes:
    """The strands of a contact, in their order."""
    return strand_lists.encode(tuple((strand.connector, strand.kind, strand.id) for strand in strands))


def decode_strands(body: bytes, contact: str) -> tuple[StrandKey, ...]:
    """The strands that `encode_strands` was given. Raises StoreUnusable."""
    return tuple(StrandKey(*parts) for parts in strand_lists.decode(body, contact))


def write_event(event: Event, body: bytes) -> bytes:
    """The bytes of an event in the journal; `body` is what `encode_event` gave, where that is at hand."""
    return EVENT.mark + (body or encode_event(event))


def read_event(body: bytes, of: str) -> Event:
    """The event that `write_event` was given. Raises StoreUnusable, which names what it is `of`."""
    try:
        return _versioned_event(body) if EVENT.mark else decode_event(body)
    except _UNREADABLE as error:
        raise unreadable(EVENT, body, f"an event of {of}", error) from error


def _versioned_event(body: bytes) -> Event:
    version, rest = EVENT.split(body)
    if EVENT.reads_as_now(version):
        return decode_event(rest)
    return convert_event(EVENT.raised(version, msgspec.json.decode(rest)))


def write_body(body: bytes) -> bytes:
    """The bytes of a notice's body."""
    return BODY.mark + body


def read_body(body: bytes, effect: str) -> bytes:
    """The body that `write_body` was given: what was made once goes out as it is, byte for byte, at every try. Raises
    StoreUnusable."""
    if body[:1] != MARK:
        return body
    try:
        return BODY.split(body)[1]
    except ValueError as error:
        raise unreadable(BODY, body, f"the body of notice {effect}", error) from error


def read_recorded(recorded: Recorded) -> History:
    """The history that a contact's record holds. Raises StoreUnusable where any of it is damaged."""
    if recorded.damage:
        raise StoreUnusable(recorded.damage)
    of = f"contact {recorded.id}"
    return History(
        recorded.id,
        recorded.connector,
        recorded.live_from,
        [Sourced(connector, read_event(body, of)) for connector, body in recorded.events],
        None if recorded.state is None else states.decode(recorded.state, recorded.id),
    )


def storable(text: str) -> str:
    """The text as a database can hold it: half of a surrogate pair is spelt out."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text
