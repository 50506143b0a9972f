"""Values of every kind that is kept: one with nothing but what it must have, one with every field.

They follow from the types alone: a field that is added tomorrow is in tomorrow's samples.
"""

import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from gateway.kernel.assemblies import Told
from gateway.model.event import Event, encode_event
from gateway.model.identity import StrandKey
from gateway.model.instant import Instant
from gateway.model.judgement import Effect, LedgerEntry, State
from gateway.policy.kept import CALENDARS, pack_calendars, unpack_calendars
from gateway.policy.load import load_policy
from gateway.rules.differing import plain
from gateway.store import coding
from tests.store.samples.shapes import Shape, shape_of

T0 = 1_772_442_000_000
HUGE = 2**70

POLICY = """
version: 1
name: kept
calendars:
  office:
    timezone: America/Los_Angeles
    hours: {mon-fri: ["08:00-12:00", "13:00-17:00"], sat: ["18:00-02:00"]}
    holidays: [{date: 2026-12-24, name: Christmas Eve}]
sla:
  - {id: reply, metric: first_reply, within: 4h, calendar: office}
"""


@dataclass(frozen=True)
class Kind:
    """Something that is kept: its versions, its shape, values by name, how they are written, and what is read of them
    as plain values."""

    versions: coding.Versions
    shape: Callable[[], Shape]
    values: Callable[[], Iterator[tuple[str, Any]]]
    write: Callable[[Any], bytes]
    read: Callable[[bytes], Any]


def filled(kind: Any, name: str = "", *, bare: bool = False) -> Any:
    """A value of a type with every field set to something else than its default; `bare`: those without one only."""
    origin, inner = get_origin(kind), get_args(kind)
    if hasattr(kind, "__metadata__"):
        return filled(inner[0], name, bare=bare)
    if origin is Literal:
        return inner[len(name) % len(inner)]
    if origin in (Union, types.UnionType):
        return filled(next(one for one in inner if one not in (type(None), msgspec.UnsetType)), name, bare=bare)
    if origin is tuple:
        parts = (inner[0], inner[0]) if inner[-1] is ... else inner
        return tuple(filled(part, f"{name}{place}", bare=bare) for place, part in enumerate(parts))
    if origin is dict:
        keys = (filled(inner[0], name), filled(inner[0], f"{name}."))
        return {key: filled(inner[1], f"{name}/{key}") for key in keys}
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind, include_extras=True)
        fields = [field for field in msgspec.structs.fields(kind) if field.required or not bare]
        return kind(**{field.name: filled(hints[field.name], field.name, bare=bare) for field in fields})
    if kind is Any:
        return {"text": f"{name} ü🦉", "number": 7, "share": 0.5, "yes": True, "none": None, "list": [1, "two"]}
    if kind is bool:
        return True
    if kind in (int, Instant):
        return kind(T0 + len(name))
    return 0.25 if kind is float else f"{name} ü🦉"


def _of(kind: Any) -> Callable[[], Iterator[tuple[str, Any]]]:
    def values() -> Iterator[tuple[str, Any]]:
        yield "bare", filled(kind, bare=True)
        yield "filled", filled(kind)

    return values


def _states() -> Iterator[tuple[str, Any]]:
    yield from _of(State)()
    state = filled(State)
    huge = msgspec.structs.replace(state.contact, fields={"order": HUGE})
    yield "a number beyond 64 bits", msgspec.structs.replace(state, contact=huge)


def _events() -> Iterator[tuple[str, Any]]:
    for kind in get_args(Event):
        tag = kind.__struct_config__.tag
        yield f"{tag}, bare", filled(kind, bare=True)
        yield f"{tag}, filled", filled(kind)


def _coded(kind: Any, coded: Any, values: Callable[[], Iterator[tuple[str, Any]]] | None = None) -> Kind:
    return Kind(
        coded.versions,
        lambda: shape_of(kind),
        values or _of(kind),
        coded.encode,
        lambda body: plain(coded.decode(body, "a sample")),
    )


def _told(event: Event) -> dict[str, Any]:
    """Every field of an event that is known, those with a default too."""
    known = {name: getattr(event, name) for name in event.__struct_fields__}
    told = {name: plain(value) for name, value in known.items() if value is not msgspec.UNSET}
    return {"type": event.__struct_config__.tag, **told}


def _calendars(body: bytes) -> Any:
    """Each calendar by its name: how many spans it has, and the first and the last of them."""
    told = {}
    for name, calendar in sorted(unpack_calendars(body).items()):
        spans = list(calendar.spans_of(2000, 2050)) if calendar.spans_of else []
        told[name] = {"spans": len(spans), "first": spans[:2], "last": spans[-2:]}
    return plain(told)


def kinds() -> dict[str, Kind]:
    """Every kind by its name."""
    strands = (StrandKey("zendesk", "ticket", "42"), StrandKey("phones ü", "call", "a:b"))
    body = b'{"specversion":"1.0","id":"msg_x","type":"sla.breached","data":{"text":"\xc3\xbc"}}'
    return {
        "state": _coded(State, coding.states, _states),
        "checkpoint": _coded(State, coding.checkpoints),
        "ledger": _coded(LedgerEntry, coding.entries),
        "effect": _coded(Effect, coding.effects),
        "event": Kind(
            coding.EVENT,
            lambda: shape_of(Event),
            _events,
            lambda event: coding.write_event(event, encode_event(event)),
            lambda kept: _told(coding.read_event(kept, "a sample")),
        ),
        "strands": Kind(
            coding.STRANDS,
            lambda: {"strands": ["array of [connector, kind, id]"]},
            lambda: iter([("one", strands[:1]), ("two", strands)]),
            coding.encode_strands,
            lambda kept: plain(coding.decode_strands(kept, "a sample")),
        ),
        "told": _coded(tuple[Told, ...], coding.told),
        "names": Kind(
            coding.NAMES,
            lambda: {"names": ["array of text"]},
            lambda: iter([("one", ("a ü",)), ("two", ("a", "session:🦉"))]),
            coding.names.encode,
            lambda kept: plain(coding.names.decode(kept, "a sample")),
        ),
        "body": Kind(
            coding.BODY,
            lambda: {"body": ["JSON, as it goes out"]},
            lambda: iter([("a notice", body)]),
            coding.write_body,
            lambda kept: coding.read_body(kept, "a sample").decode(),
        ),
        "calendars": Kind(
            CALENDARS,
            lambda: {"calendars": ["map of name to zlib of array of steps, or None"]},
            lambda: iter([("a policy's", load_policy(POLICY, "policy.yaml").policy.calendars)]),
            pack_calendars,
            _calendars,
        ),
    }
