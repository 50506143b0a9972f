"""How values lie in the tables: states and entries in msgpack, events in the JSON of the model.

A whole number beyond 64 bits doesn't fit msgpack; a value that holds one is written as JSON, which starts with `{`.
"""

from typing import Any, Generic, TypeVar

import msgspec

from gateway.model.identity import StrandKey
from gateway.model.judgement import Effect, LedgerEntry, State

T = TypeVar("T")


def _plain(value: Any) -> Any:
    if isinstance(value, int):
        return int(value)
    raise NotImplementedError(type(value))


_pack = msgspec.msgpack.Encoder(enc_hook=_plain)
_json = msgspec.json.Encoder(enc_hook=_plain)


class _Coding(Generic[T]):
    def __init__(self, kind: type[T]) -> None:
        self._unpack = msgspec.msgpack.Decoder(kind)
        self._read = msgspec.json.Decoder(kind)

    def encode(self, value: T) -> bytes:
        """The bytes to keep."""
        try:
            return _pack.encode(value)
        except OverflowError:
            return _json.encode(value)

    def decode(self, body: bytes) -> T:
        """The value that `encode` was given."""
        return self._read.decode(body) if body[:1] == b"{" else self._unpack.decode(body)


states = _Coding(State)
entries = _Coding(LedgerEntry)
effects = _Coding(Effect)

_strands = msgspec.msgpack.Decoder(tuple[tuple[str, str, str], ...])


def encode_strands(strands: tuple[StrandKey, ...]) -> bytes:
    """The strands of a contact, in their order."""
    return _pack.encode([(strand.connector, strand.kind, strand.id) for strand in strands])


def decode_strands(body: bytes) -> tuple[StrandKey, ...]:
    """The strands that `encode_strands` was given."""
    return tuple(StrandKey(*parts) for parts in _strands.decode(body))


def storable(text: str) -> str:
    """The text as a database can hold it: half of a surrogate pair is spelt out."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text
