"""What a call became, as events of one contact.

Laws. Ids name facts (`<call>:answered`, `<call>:held:2`), so that better facts take the place of what was told. Events
of one instant stand in the order in which they make sense, by `sequence`: the opening, the queue, ringing, the answer,
holds and transfers, then what became of it, and the end. A call without an end is told with the one that silence will
bring, in the future.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from gateway.plugin import (
    UNSET,
    CallAbandoned,
    CallAnswered,
    CallEnded,
    CallHeld,
    CallQueued,
    CallResumed,
    CallRinging,
    CallTransferred,
    ContactObserved,
    ContactOpened,
    Customer,
    Event,
    FieldValue,
    Handle,
    Instant,
    Ref,
    Status,
    StatusChanged,
    UnsetType,
)
from gateway_telephony_sip.call import Became, Point, became
from gateway_telephony_sip.facts import Call, Recording
from gateway_telephony_sip.numbers import is_anonymous
from gateway_telephony_sip.rules import Rules

KIND: Final = "call"
"""The kind of a call's ref."""

HELD_MAX: Final = 128
TRANSFERS_MAX: Final = 64
"""So many of each are told; the figures count all."""

_QUEUED, _RINGING, _ANSWERED, _OPEN, _MIDDLE = 1, 2, 3, 4, 10
_OUTCOME, _END, _STATUS = 1_000, 1_001, 1_002

TAGGED: Final = frozenset(
    {"abandoned", "short_abandoned", "busy", "declined", "no_answer", "bad_number", "failed", "lost"}
)
"""Outcomes that are tags too."""

_GIVEN_UP: Final = frozenset({"abandoned", "short_abandoned"})


def tell(call: Call, rules: Rules) -> Iterator[Event]:
    """All events that the facts of a call imply, in their order."""
    told = became(call, rules)
    if told is None or not told.id:
        return
    yield _opened(told, rules)
    yield from _way(told)
    yield from _middle(told, rules)
    yield _outcome(told, rules, call.recordings)
    yield from _ended(told, rules)


def opening(told: Iterable[Event]) -> ContactOpened:
    """The opening among a call's events, for who must route it before they are stored. Raises ValueError where none
    is told."""
    for event in told:
        if isinstance(event, ContactOpened):
            return event
    raise ValueError("no call")


def _named(told: Became, name: str, at: int, sequence: int) -> dict[str, Any]:
    return {"id": f"{told.id}:{name}", "at": Instant(at), "ref": Ref(KIND, told.id), "sequence": sequence}


def _opened(told: Became, rules: Rules) -> ContactOpened:
    """The opening, with all that the INVITE said: rules route by what was dialled."""
    fields: dict[str, FieldValue] = {
        "called_number": rules.shown(told.called),
        "original_number": rules.shown(told.original),
        "redirecting_number": rules.shown(told.redirecting),
        "replaces_call": told.replaces,
    }
    return ContactOpened(
        kind="call",
        channel="phone",
        direction="inbound" if told.side == "inbound" else "outbound",
        customer=_customer(told, rules),
        fields={name: value for name, value in fields.items() if value},
        tags=_tags(told, rules, ()) or UNSET,
        **_named(told, "opened", told.opened_at, 0),
    )


def _customer(told: Became, rules: Rules) -> Customer | UnsetType:
    """Who is at the other end; nobody where that one wants not to be known."""
    party = told.caller if told.side == "inbound" else told.called
    if not party or (told.is_private and told.side == "inbound") or is_anonymous(party):
        return UNSET
    phone = rules.number(party)
    if phone is not None:
        return Customer(phone=phone)
    address = party.removeprefix("sip:")
    # `sip:6001@10.0.0.1`: an extension says nothing of who it is beyond its exchange.
    named = "@" in address and not address.partition("@")[0].isdigit()
    return Customer(handles=(Handle("sip", address),)) if named else UNSET


def _way(told: Became) -> Iterator[Event]:
    """Into the queue, ringing, answered."""
    if told.queued is not None:
        yield CallQueued(queue=told.queued.queue or None, **_named(told, "queued", told.queued.at, _QUEUED))
    if told.ringing is not None:
        yield CallRinging(agent=told.ringing.agent or None, **_named(told, "ringing", told.ringing.at, _RINGING))
    if told.answered is not None:
        answered = told.answered
        yield CallAnswered(
            agent=answered.agent or None,
            queue=answered.queue or None,
            **_named(told, "answered", answered.at, _ANSWERED),
        )
        yield StatusChanged(to="open", **_named(told, "answered:status", answered.at, _OPEN))


def _middle(told: Became, rules: Rules) -> Iterator[Event]:
    """Holds and transfers, each numbered; of one instant a hold ends before the next begins."""
    for number, span in enumerate(told.holds[:HELD_MAX], 1):
        yield CallHeld(**_named(told, f"held:{number}", span.start, _MIDDLE + 2 * number))
        if span.end is not None:
            yield CallResumed(**_named(told, f"resumed:{number}", span.end, _MIDDLE + 2 * number + 1))
    for number, transfer in enumerate(told.transfers[:TRANSFERS_MAX], 1):
        yield CallTransferred(
            agent=rules.shown(transfer.target) or None,
            **_named(told, f"transferred:{number}", transfer.at, _MIDDLE + 2 * HELD_MAX + 2 + number),
        )


def _outcome(told: Became, rules: Rules, recordings: tuple[Recording, ...]) -> ContactObserved:
    """What became of the call, just before its end: who acts on the end can see it."""
    end = told.end
    fields: dict[str, FieldValue] = {
        "outcome": end.outcome,
        "wait_s": _seconds(told.wait_ms),
        "talk_s": _seconds(told.talk_ms),
        "hold_s": _seconds(told.hold_ms),
        "handle_s": _seconds(told.handle_ms),
        "ended_by": end.ended_by or None,
        "sip_code": end.code or None,
        "called_number": rules.shown(told.called) or None,
        "original_number": rules.shown(told.original) or None,
        "measured_by": _measured_by(told),
    }
    if recordings:
        fields["recording_url"] = recordings[0].url
        fields["recording_encrypted"] = recordings[0].encrypted
        fields["recording_retention"] = recordings[0].retention or None
    known: dict[str, FieldValue] = {name: value for name, value in fields.items() if value is not None}
    return ContactObserved(
        fields=known, tags=_tags(told, rules, _became(told)), **_named(told, "outcome", end.at, _OUTCOME)
    )


def _tags(told: Became, rules: Rules, more: Iterable[str]) -> tuple[str, ...]:
    """What a call is tagged with from its opening on, and what is known of it by now: tags replace those before."""
    tags = {*rules.tags_of(told.called), *more}
    if told.side == "internal":
        tags.add("internal")
    return tuple(sorted(tags))


def _became(told: Became) -> Iterator[str]:
    """The tags that say what became of a call."""
    if told.end.outcome in TAGGED:
        yield told.end.outcome
    if told.end.is_lost and told.answered is not None:
        yield "lost"
    if told.is_crossed:
        yield "crossed"


def _measured_by(told: Became) -> str:
    """Which source each figure is from: `queued queue_log, answered queue_log, ended sip`."""
    points: tuple[tuple[str, Point | None], ...] = (("queued", told.queued), ("answered", told.answered))
    named = [f"{word} {point.by}" for word, point in points if point is not None]
    return ", ".join([*named, f"ended {told.end.by}"])


def _ended(told: Became, rules: Rules) -> Iterator[Event]:
    end = told.end
    reason = "answered" if end.outcome == "answered" and not end.is_lost else end.outcome
    given_up = end.outcome in _GIVEN_UP
    event = CallAbandoned if given_up else CallEnded
    queue = told.queued.queue if told.queued is not None else ""
    yield event(reason="lost" if end.is_lost else reason, queue=queue or None, **_named(told, "end", end.at, _END))
    status: Status = "solved" if told.answered is not None else rules.missed
    yield StatusChanged(to=status, **_named(told, "end:status", end.at, _STATUS))


def _seconds(length_ms: int | None) -> int | float | None:
    if length_ms is None:
        return None
    return length_ms // 1_000 if length_ms % 1_000 == 0 else length_ms / 1_000
