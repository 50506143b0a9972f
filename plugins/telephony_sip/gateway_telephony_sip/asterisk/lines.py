"""Reads one line of Asterisk's queue_log. Pure and total: a value, or BadLine with its place and reason.

A line is `epoch|callid|queue|agent|EVENT|data…` (docs.asterisk.org, Operation, Logging, Queue Logs). What an event's
data mean is for `meaning.py`. NONE, which Asterisk writes for what there isn't, is empty here. The application
QueueLog() of some versions leaves an empty field behind the last one (asterisk/asterisk#859); it is dropped.
"""

import re
from typing import Final

from msgspec import Struct

from gateway.plugin import EARLIEST, SECOND_MS

LINE_MAX: Final = 16_384
"""Bytes of a line or a row: Asterisk's own buffers hold 8,192."""

FIELDS_MAX: Final = 64
TEXT_MAX: Final = 256
"""Characters of a field that are kept: Asterisk's own names are shorter."""

AT_MAX: Final = 4_102_444_800_000
"""2100-01-01: a later time is no time that Asterisk wrote."""

UNIQUEID: Final = re.compile(r"(?:[^\s|;,\"]{1,127}-)?([0-9]{9,10})\.[0-9]{1,10}")
"""A channel's uniqueid: the second at which it was made, a number, and the system's name before both, if it has one."""

_AT = re.compile(r"([0-9]{9,10})(?:\.([0-9]{1,9}))?")
_EVENT = re.compile(r"[A-Za-z0-9_-]{1,64}")
_UNSEEN = {code: " " for code in (*range(32), 127)}
_NONE = frozenset({"", "NONE"})


class BadLine(Exception):
    """Not a line or row of such a log. `place` names the field, `why` the reason; neither holds any of the content."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(f"{place}: {why}")
        self.place = place
        self.why = why


class QueueLine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of queue_log. `at` in milliseconds; `uniqueid` is empty where the line is of no call."""

    at: int
    event: str
    uniqueid: str = ""
    queue: str = ""
    agent: str = ""
    data: tuple[str, ...] = ()
    link: str = ""
    """What stands in the line that QueueLog() wrote to link the call with its SIP Call-ID."""

    def datum(self, number: int) -> str:
        """The datum of this number, from 1 as the documentation counts; empty where there is none."""
        return self.data[number - 1] if number <= len(self.data) else ""


def read_queue_line(line: bytes, link_event: str = "") -> QueueLine:
    """Read one line, with or without its end; `link_event` is the one that links. Raises BadLine, and nothing else."""
    fields = [text_of(field) for field in _parted(line)]
    if len(fields) < 5:
        raise BadLine("line", f"{len(fields)} fields where at least 5 are needed: time, call, queue, agent, event")
    at, uniqueid, queue, agent, event, *data = fields
    if not _EVENT.fullmatch(event):
        raise BadLine("field 5 (event)", "not a name of capital letters, such as ENTERQUEUE")
    while data and not data[-1]:
        data.pop()
    links = event.upper() == link_event
    return QueueLine(
        at=_at(at),
        event=event.upper(),
        uniqueid=uniqueid if UNIQUEID.fullmatch(uniqueid) else "",
        queue="" if queue in _NONE else queue,
        agent="" if agent in _NONE else agent,
        data=() if links else tuple(data),
        link=data[0] if links and data else "",
    )


def text_of(field: bytes) -> str:
    """A field's text, TEXT_MAX characters at most: what is no UTF-8 becomes U+FFFD, control characters spaces."""
    return field[: 4 * TEXT_MAX].decode("utf-8", "replace").translate(_UNSEEN).strip()[:TEXT_MAX]


def whole_line(line: bytes) -> bytes:
    """The line without its end. Raises BadLine where nothing is in it, or too much."""
    line = line.rstrip(b"\r\n")
    if len(line) > LINE_MAX:
        raise BadLine("line", f"longer than {LINE_MAX} bytes")
    if not line.strip(b"\0\t "):
        raise BadLine("line", "empty")
    return line


def possible(seconds: int, fraction: str, place: str) -> int:
    """The instant of seconds since the epoch and what stands behind their point. Raises BadLine."""
    at = seconds * SECOND_MS + int(fraction[:3].ljust(3, "0"))
    if not EARLIEST <= at <= AT_MAX:
        raise BadLine(place, "a time outside of the years 2000 to 2099")
    return at


def _parted(line: bytes) -> list[bytes]:
    fields = whole_line(line).split(b"|", FIELDS_MAX)
    if len(fields) > FIELDS_MAX:
        raise BadLine("line", f"more than {FIELDS_MAX} fields")
    return fields


def _at(text: str) -> int:
    found = _AT.fullmatch(text)
    if found is None:
        raise BadLine("field 1 (time)", "not seconds since 1970")
    return possible(int(found[1]), found[2] or "", "field 1 (time)")
