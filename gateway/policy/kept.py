"""A policy as it is kept: its text, its calendars as the open intervals that they had when it came into force, and the
types that the facts of enrichers had then.

Law. What was judged once is judged the same for ever: neither today's file, nor new holidays, nor a zone's new law, nor
an enricher that is gone or tells other things, changes what a policy meant. Kept intervals end with the known years;
there a clock has no deadline.
"""

import zlib
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate

import msgspec

from gateway.kernel.document import Document
from gateway.kernel.problems import Problems
from gateway.kernel.versioned import Versions
from gateway.policy.calendars import BUILT_IN, KNOWN_YEARS
from gateway.policy.load import Loaded, load_kept_text
from gateway.rules.calendar import Calendar, resolved
from gateway.rules.policy import Policy

BYTES_MAX = 16 * 1024 * 1024
"""Of one calendar's unpacked intervals: more is no calendar of ours."""

TABLES_CACHED = 256
"""Calendars that are remembered: most stay the same from policy to policy, and a table takes about 4 MB."""

POLICIES_CACHED = 128
"""Policies that are remembered: people go back and forth between a few, and a late event may need many."""

CALENDARS = Versions()
"""The versions of packed calendars. The text beside them has its own, the first line of its language."""

_packed = msgspec.msgpack.Decoder(dict[str, bytes | None])
_steps = msgspec.msgpack.Decoder(list[int])


class Unreadable(Exception):
    """A kept policy that this program can't judge by; the message says why."""


def pack_calendars(calendars: Mapping[str, Calendar]) -> bytes:
    """The open intervals of every calendar, for the known years. It takes about 0.2 s for each."""
    tables = {name: _table(calendar) for name, calendar in calendars.items() if name not in BUILT_IN}
    return CALENDARS.mark + msgspec.msgpack.encode(tables)


def unpack_calendars(body: bytes) -> dict[str, Calendar]:
    """The calendars that `pack_calendars` was given. Raises Unreadable."""
    if (newer := CALENDARS.newer(body)) is not None:
        raise Unreadable(
            f"its calendars are of version {newer}, and this program reads {CALENDARS.current} at most: a newer "
            "version kept them"
        )
    try:
        tables = _tables(body)
        made = {name: _calendar(name, table) for name, table in tables.items()}
    except (zlib.error, msgspec.MsgspecError, ValueError) as error:
        raise Unreadable(f"its calendars are damaged: {error}") from None
    return {**BUILT_IN, **made}


def _tables(body: bytes) -> dict[str, bytes | None]:
    version, rest = CALENDARS.split(body)
    if CALENDARS.reads_as_now(version):
        return _packed.decode(rest)
    return msgspec.convert(CALENDARS.raised(version, msgspec.msgpack.decode(rest)), dict[str, bytes | None])


@lru_cache(maxsize=POLICIES_CACHED)
def load_kept(text: str, calendars: bytes, facts: bytes, hash: str) -> Policy:
    """The policy that was kept under `hash`. Raises Unreadable if this program can't read it any more."""
    tables = unpack_calendars(calendars)
    return with_calendars(read_kept(text, facts, f"policy {hash}").policy, tables, hash)


def read_kept(text: str, facts: bytes, file: str) -> Loaded:
    """The text of a kept policy, with its places; its calendars are those of today. Raises Unreadable."""
    try:
        return load_kept_text(text, file, facts)
    except Problems as found:
        raise Unreadable(f"this program no longer reads it: {found.problems[0]}") from None
    except ValueError as error:
        raise Unreadable(f"the types of its facts are damaged: {error}") from None


@lru_cache(maxsize=POLICIES_CACHED)
def zones_kept(text: str) -> Mapping[str, str]:
    """The time zone of each calendar that has one, by its name, as a kept policy's text says; none where it can't be
    read."""
    try:
        data = Document.read(text, "policy").data
    except Problems:
        return {}
    calendars = data.get("calendars") if isinstance(data, dict) else None
    told = calendars.items() if isinstance(calendars, dict) else ()
    zones = ((name, shape.get("timezone")) for name, shape in told if isinstance(shape, dict))
    return {str(name): zone for name, zone in zones if isinstance(zone, str)}


def with_calendars(policy: Policy, tables: Mapping[str, Calendar], hash: str) -> Policy:
    """The policy counting by these tables instead of its own calendars. Raises Unreadable where one is missing."""
    missing = policy.calendars.keys() - tables.keys()
    if missing:
        raise Unreadable(f"its calendar {min(missing)} was not kept")
    return replace(
        policy,
        hash=hash,
        calendars=tables,
        sla=tuple(replace(rule, calendar=tables[rule.calendar.name]) for rule in policy.sla),
        chains={name: replace(chain, calendar=tables[chain.calendar.name]) for name, chain in policy.chains.items()},
    )


def _table(calendar: Calendar) -> bytes | None:
    """A table as steps from each edge to the next: small, and alike from week to week."""
    if calendar.spans_of is None:
        return None
    edges = [edge for span in calendar.spans_of(KNOWN_YEARS[0], KNOWN_YEARS[-1]) for edge in span]
    steps = [edge - before for edge, before in zip(edges, [0, *edges], strict=False)]
    return zlib.compress(msgspec.msgpack.encode(steps))


@lru_cache(maxsize=TABLES_CACHED)
def _calendar(name: str, table: bytes | None) -> Calendar:
    if table is None:
        return Calendar(name, None)
    edges = list(accumulate(_steps.decode(zlib.decompressobj().decompress(table, BYTES_MAX))))
    return resolved(name, list(zip(edges[::2], edges[1::2], strict=True)))
