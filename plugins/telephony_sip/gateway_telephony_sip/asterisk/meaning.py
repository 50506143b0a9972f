"""What a line of queue_log or a row of the CDR says of a call: its names, and facts to be joined with all others. Pure.

Laws. A line says what it says, whichever lines came before: nothing is remembered from one to the next. The names are
`asterisk:<uniqueid>`, that of the linked channel, and SIP Call-IDs where the log holds them. A SIP Call-ID in a log
stands in the facts as a leg of which no packet was seen: so a call that no listener saw is told under its own Call-ID,
and packets that come later are of the same call. Of a call's rows in the CDR the earliest start and the latest end
count: Asterisk writes one for each attempt, transfer and party (docs.asterisk.org, CDR Specification).
"""

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from msgspec.structs import replace

from gateway.plugin import SECOND_MS
from gateway_telephony_sip.asterisk.lines import TEXT_MAX, UNIQUEID, QueueLine
from gateway_telephony_sip.asterisk.rows import CdrRow
from gateway_telephony_sip.asterisk.settings import AsteriskLogs
from gateway_telephony_sip.asterisk.templates import filled
from gateway_telephony_sip.facts import Call, Leg, Logged, LoggedWhat, Recording
from gateway_telephony_sip.names import call_name

CALL_IDS_MAX: Final = 8
"""SIP Call-IDs that one row may hold: one a party, and a few transfers."""

RECORDING_MAX: Final = 1_024
RING_MAX_S: Final = 86_400

_Told = Callable[[QueueLine], Iterator[Logged]]

# RFC 3261, section 25.1: a Call-ID is a word, or two with an @ between; no space, comma, semicolon or bar is in it.
_CALL_ID = re.compile(r"[A-Za-z0-9\-.!%*_+`'~()<>:\\\"/\[\]?{}]+(?:@[A-Za-z0-9\-.!%*_+`'~()<>:\\\"/\[\]?{}]+)?")
_NOBODY = frozenset({"anonymous", "unknown", "<unknown>", "restricted", "unavailable", "private", "none"})
_REASONS = {
    "ANSWERED": "answered",
    "NO ANSWER": "no_answer",
    "BUSY": "busy",
    "FAILED": "failed",
    "CONGESTION": "failed",
}
_LOCAL = re.compile(r"local/", re.IGNORECASE)


class Known(NamedTuple):
    """What one line knows: every name of the call in it, and the facts."""

    names: tuple[str, ...]
    facts: Call


def meant_by_line(line: QueueLine, settings: AsteriskLogs) -> Known | None:
    """What a line of queue_log knows; None where it is of no call, or says nothing of one."""
    if not line.uniqueid:
        return None
    if line.link:
        call_ids = _call_ids(line.link)
        return _known((line.uniqueid,), call_ids) if call_ids else None
    told = _TOLD.get(line.event)
    if told is None:
        return None
    other = line.datum(2) if line.event == "CONNECT" and settings.follow_linked else ""
    uniqueids = (line.uniqueid, other) if UNIQUEID.fullmatch(other) else (line.uniqueid,)
    return _known(uniqueids, (), tuple(told(line)))


def meant_by_row(row: CdrRow, settings: AsteriskLogs) -> Known | None:
    """What a row of the CDR knows; None where it is of a channel that the settings leave out, or of a Local one.

    A Local channel is a half of Asterisk's own, between two applications: no customer is at its end.
    """
    if _LOCAL.match(row.channel) or not any(fnmatchcase(row.channel, pattern) for pattern in settings.channels):
        return None
    linked = row.linkedid if settings.follow_linked else ""
    uniqueids = (row.uniqueid, linked) if linked else (row.uniqueid,)
    call_ids = _call_ids(row.userfield)
    phases = _phases(row, _name(linked or row.uniqueid))
    return _known(uniqueids, call_ids, tuple(phases), tuple(_recordings(row, settings)))


def is_hidden(facts: Call, settings: AsteriskLogs) -> bool:
    """Whether a call isn't told: all that is known of it are Asterisk's logs, which don't name its SIP Call-ID.

    It may be one that a listener has seen, and no call becomes two contacts. `gateway doctor` counts them. With
    `unlinked: contact` nobody listens, and each is told.
    """
    if facts.legs or settings.unlinked == "contact":
        return False
    return all(line.by in ("queue_log", "cdr") for line in facts.logged)


def _known(
    uniqueids: tuple[str, ...],
    call_ids: tuple[str, ...],
    logged: tuple[Logged, ...] = (),
    recordings: tuple[Recording, ...] = (),
) -> Known:
    names = tuple(sorted({_name(uniqueid) for uniqueid in uniqueids}))
    # The first is the caller's own: the call is told under it, whichever line or packet names the others.
    legs = {call_ids[0]: Leg(names=tuple(sorted(call_ids[1:])))} if call_ids else {}
    facts = Call(legs=legs, logged=tuple(sorted(set(logged))), recordings=recordings)
    return Known((*names, *call_ids), facts)


def _name(uniqueid: str) -> str:
    return f"asterisk:{uniqueid}"


def _call_ids(text: str) -> tuple[str, ...]:
    """The SIP Call-IDs in a text, parted by semicolons as Asterisk joins userfields: first the caller's."""
    found = (part.strip() for part in text.split(";"))
    # A text as long as may be was cut: its end isn't the Call-ID's.
    fits = [call_name(part) for part in found if len(text) < TEXT_MAX and _CALL_ID.fullmatch(part)]
    return tuple(dict.fromkeys(fits))[:CALL_IDS_MAX]


def _number(text: str) -> str:
    """A party's number or name; empty for what stands for nobody, and for extensions of the dialplan's own."""
    return "" if text.lower() in _NOBODY or (len(text) == 1 and text.isalpha()) else text


def _device(channel: str) -> str:
    """The device of a channel: PJSIP/7009 of PJSIP/7009-0000002b."""
    return re.sub(r"-[0-9a-f]{6,}(?:;[12])?\Z", "", channel)


def _phases(row: CdrRow, call: str) -> Iterator[Logged]:
    if row.start is not None:
        started = Logged(row.start, "started", "cdr", call=call, queue=row.queue)
        yield replace(started, caller=_number(row.src), called=_number(row.dst))
    if row.answer is not None and row.disposition in ("", "ANSWERED"):
        yield Logged(row.answer, "answered", "cdr", call=call, queue=row.queue, agent=_device(row.dstchannel))
    yield Logged(row.end, "ended", "cdr", call=call, queue=row.queue, reason=_REASONS.get(row.disposition, ""))


def _recordings(row: CdrRow, settings: AsteriskLogs) -> Iterator[Recording]:
    if row.answer is None or row.disposition not in ("", "ANSWERED"):
        return
    url = filled(settings.recording, row, settings.zone) if settings.recording is not None else row.recording
    if 0 < len(url) <= RECORDING_MAX and (settings.recording is not None or len(url) < TEXT_MAX):
        yield Recording(url, settings.recording_encrypted, settings.recording_retention)


def _entered(line: QueueLine) -> Iterator[Logged]:
    yield replace(_logged(line, "entered"), caller=_number(line.datum(2)))


def _connected(line: QueueLine) -> Iterator[Logged]:
    yield from _rang(line, _whole_number(line.datum(3)) * SECOND_MS)
    yield _logged(line, "connected")


def _unanswered(line: QueueLine) -> Iterator[Logged]:
    yield from _rang(line, _whole_number(line.datum(1)))


def _rang(line: QueueLine, for_ms: int) -> Iterator[Logged]:
    """When an agent's telephone began to ring; one that didn't ring at all was busy, or not there."""
    if 0 < for_ms <= RING_MAX_S * SECOND_MS:
        yield replace(_logged(line, "ringing"), at=line.at - for_ms)


def _abandoned(line: QueueLine) -> Iterator[Logged]:
    yield _logged(line, "abandoned")


def _left(reason: str) -> _Told:
    return lambda line: iter([_logged(line, "left", reason)])


def _completed(by: str) -> _Told:
    return lambda line: iter([_logged(line, "ended", by)])


def _blind(line: QueueLine) -> Iterator[Logged]:
    yield replace(_logged(line, "transferred", "blind"), called=_number(line.datum(1)))


def _attended(line: QueueLine) -> Iterator[Logged]:
    yield _logged(line, "transferred", "attended")


def _logged(line: QueueLine, what: LoggedWhat, reason: str = "") -> Logged:
    name = _name(line.uniqueid)
    return Logged(line.at, what, "queue_log", call=name, queue=line.queue, agent=line.agent, reason=reason)


def _whole_number(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0


_TOLD: Final[dict[str, _Told]] = {
    "ENTERQUEUE": _entered,  # url, caller, position
    "CONNECT": _connected,  # seconds waited, the agent's uniqueid, seconds rung
    "RINGNOANSWER": _unanswered,  # milliseconds rung
    "RINGCANCELED": _unanswered,  # likewise
    "ABANDON": _abandoned,  # position, first position, seconds waited
    "EXITEMPTY": _left("empty"),
    "EXITWITHTIMEOUT": _left("timeout"),
    "EXITWITHKEY": _left("key"),
    "SYSCOMPAT": _left("incompatible"),  # answered, but the channels didn't fit together
    "COMPLETEAGENT": _completed("agent"),  # seconds waited, seconds talked, first position
    "COMPLETECALLER": _completed("caller"),
    "BLINDTRANSFER": _blind,  # extension, context, seconds waited, seconds talked, position
    "ATTENDEDTRANSFER": _attended,  # how, with what, seconds waited, seconds talked, position
    "TRANSFER": _blind,  # before Asterisk 12, as BLINDTRANSFER
}
