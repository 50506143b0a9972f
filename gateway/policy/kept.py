"""A policy as it is kept: its text, and its calendars as the open intervals that they had when it came into force.

Law. What was judged once is judged the same for ever: neither today's file, nor new holidays, nor a zone's new law
changes what a policy meant. Kept intervals end with the known years; there a clock has no deadline.
"""

import zlib
from collections.abc import Mapping
from dataclasses import replace
from itertools import accumulate

import msgspec

from gateway.kernel.problems import Problems
from gateway.policy.calendars import BUILT_IN, KNOWN_YEARS
from gateway.policy.load import load_policy
from gateway.rules.calendar import Calendar, Spans, resolved
from gateway.rules.policy import Policy

BYTES_MAX = 256 * 1024 * 1024
"""Of unpacked intervals: more is no calendar of ours."""

_packed = msgspec.msgpack.Decoder(dict[str, list[int] | None])


class Unreadable(Exception):
    """A kept policy that this program can't judge by; the message says why."""


def pack_calendars(calendars: Mapping[str, Calendar]) -> bytes:
    """The open intervals of every calendar, for the known years. It takes about 0.2 s for each."""
    tables = {name: _steps(calendar) for name, calendar in calendars.items() if name not in BUILT_IN}
    return zlib.compress(msgspec.msgpack.encode(tables))


def unpack_calendars(body: bytes) -> dict[str, Calendar]:
    """The calendars that `pack_calendars` was given. Raises Unreadable."""
    try:
        unpacker = zlib.decompressobj()
        tables = _packed.decode(unpacker.decompress(body, BYTES_MAX))
    except (zlib.error, msgspec.MsgspecError) as error:
        raise Unreadable(f"its calendars are damaged: {error}") from None
    made = {
        name: Calendar(name, None) if steps is None else resolved(name, _spans(steps)) for name, steps in tables.items()
    }
    return {**BUILT_IN, **made}


def load_kept(text: str, calendars: bytes, hash: str, *, enrichers: Mapping[str, type] | None = None) -> Policy:
    """The policy that was kept under `hash`. Raises Unreadable if this program can't read it any more."""
    tables = unpack_calendars(calendars)
    try:
        policy = load_policy(text, f"policy {hash}", enrichers=enrichers).policy
    except Problems as found:
        raise Unreadable(f"this program no longer reads it: {found.problems[0]}") from None
    return with_calendars(policy, tables, hash)


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


def _steps(calendar: Calendar) -> list[int] | None:
    """A table as steps from each edge to the next: small, and alike from week to week."""
    if calendar.spans_of is None:
        return None
    edges = [edge for span in calendar.spans_of(KNOWN_YEARS[0], KNOWN_YEARS[-1]) for edge in span]
    return [edge - before for edge, before in zip(edges, [0, *edges], strict=False)]


def _spans(steps: list[int]) -> Spans:
    edges = list(accumulate(steps))
    return list(zip(edges[::2], edges[1::2], strict=True))
