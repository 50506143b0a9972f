"""How values lie in the tables: states and entries in msgpack, events in the JSON of the model.

States and entries are arrays, half as long as with the names of their fields: a field may be added at the end, with a
default, and none may move. A whole number beyond 64 bits doesn't fit msgpack; a value that holds one is written as
JSON, which starts with `[` or `{`: no array or map of msgpack does.
"""

from typing import Any, Generic, TypeVar

import msgspec

from gateway.kernel.recorded import History, Recorded
from gateway.kernel.store import StoreUnusable
from gateway.model.event import Event, decode_event
from gateway.model.identity import StrandKey
from gateway.model.judgement import Effect, LedgerEntry, State
from gateway.rules.advance import Sourced

T = TypeVar("T")


def _plain(value: Any) -> Any:
    if isinstance(value, int):
        return int(value)
    raise NotImplementedError(type(value))


_pack = msgspec.msgpack.Encoder(enc_hook=_plain)
_json = msgspec.json.Encoder(enc_hook=_plain)
_JSON_BEGINS = (b"[", b"{")
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError)
_strands = msgspec.msgpack.Decoder(tuple[tuple[str, str, str], ...])


def damaged(what: str, error: Exception) -> StoreUnusable:
    """What to tell of bytes in the database that nobody can have written there."""
    why = f"the database is damaged: {what} can't be read ({error})"
    return StoreUnusable(f"{why}; restore a backup, or start with a new file")


class _Coding(Generic[T]):
    def __init__(self, kind: type[T], what: str) -> None:
        self._what = what
        self._unpack = msgspec.msgpack.Decoder(kind)
        self._read = msgspec.json.Decoder(kind)

    def encode(self, value: T) -> bytes:
        """The bytes to keep."""
        try:
            return _pack.encode(value)
        except OverflowError:
            return _json.encode(value)

    def decode(self, body: bytes, *of: object) -> T:
        """The value that `encode` was given. Raises StoreUnusable, which names what it is `of`, for any other bytes."""
        try:
            return self._read.decode(body) if body[:1] in _JSON_BEGINS else self._unpack.decode(body)
        except _UNREADABLE as error:
            raise damaged(f"{self._what} {' at '.join(map(str, of))}", error) from error


states = _Coding(State, "the state of contact")
checkpoints = _Coding(State, "the checkpoint of contact")
entries = _Coding(LedgerEntry, "an entry in the ledger of contact")
effects = _Coding(Effect, "the decision")


def encode_strands(strands: tuple[StrandKey, ...]) -> bytes:
    """The strands of a contact, in their order."""
    return _pack.encode([(strand.connector, strand.kind, strand.id) for strand in strands])


def decode_strands(body: bytes, contact: str) -> tuple[StrandKey, ...]:
    """The strands that `encode_strands` was given. Raises StoreUnusable."""
    try:
        return tuple(StrandKey(*parts) for parts in _strands.decode(body))
    except _UNREADABLE as error:
        raise damaged(f"the list of strands of contact {contact}", error) from error


def read_event(body: bytes, of: str) -> Event:
    """The event that `encode_event` was given. Raises StoreUnusable, which names what it is `of`."""
    try:
        return decode_event(body)
    except _UNREADABLE as error:
        raise damaged(f"an event of {of}", error) from error


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
