"""Reads one row of Asterisk's CDR as CSV: Master.csv of cdr_csv, or columns of one's own by cdr_custom. Pure and total.

cdr_csv quotes texts, doubles the quotes within, and writes numbers bare. Its columns are sixteen; `loguniqueid`,
`loguserfield` and `newcdrcolumns` of cdr.conf add to them. A row without a uniqueid has no name to be known by.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Final

from msgspec import Struct

from gateway_telephony_sip.asterisk.lines import FIELDS_MAX, UNIQUEID, BadLine, text_of, whole_line
from gateway_telephony_sip.asterisk.zones import FAR_MS, NEAR_MS, QUARTER_MS, instant_in, made_at

_ALWAYS = (
    "accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel", "lastapp", "lastdata",
    "start", "answer", "end", "duration", "billsec", "disposition", "amaflags",
)  # fmt: skip
_NEWER = ("peeraccount", "linkedid", "sequence")
MASTER: Final = {
    17: (*_ALWAYS, "uniqueid"),
    18: (*_ALWAYS, "uniqueid", "userfield"),
    20: (*_ALWAYS, "uniqueid", *_NEWER),
    21: (*_ALWAYS, "uniqueid", "userfield", *_NEWER),
}
"""The columns of Master.csv by how many there are."""

_WITHOUT_ID = frozenset({16, 19})
_QUOTED = re.compile(rb'"((?:[^"]|"")*)"')
_DISPOSITIONS = {
    "0": "NO ANSWER", "1": "NO ANSWER", "2": "FAILED", "4": "BUSY", "8": "ANSWERED", "16": "CONGESTION",
}  # fmt: skip
"""What CDR() and cdr_custom write as numbers (docs.asterisk.org, CDR())."""

_KNOWN = frozenset({"ANSWERED", "NO ANSWER", "BUSY", "FAILED", "CONGESTION"})


@dataclass(frozen=True, slots=True)
class Columns:
    """How the rows of one file are written: `order` None is cdr_csv's own; `link` holds SIP Call-IDs, `recording` where
    a recording lies."""

    order: Sequence[str] | None = None
    separator: str = ","
    link: str = "userfield"
    recording: str = ""
    zone: tzinfo = UTC


class CdrRow(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row: what is needed of it. Times in milliseconds; `answer` None where nobody answered."""

    uniqueid: str
    end: int
    start: int | None = None
    answer: int | None = None
    linkedid: str = ""
    userfield: str = ""
    src: str = ""
    dst: str = ""
    clid: str = ""
    channel: str = ""
    dstchannel: str = ""
    queue: str = ""
    disposition: str = ""
    recording: str = ""


def read_cdr_row(row: bytes, columns: Columns) -> CdrRow:
    """Read one row, with or without its end; newlines may stand within quotes. Raises BadLine, and nothing else."""
    fields = _fields(whole_line(row), columns.separator.encode())
    order = _order(columns.order, len(fields))
    texts = {name: text_of(field) for name, field in zip(order, fields, strict=True)}
    uniqueid = texts.get("uniqueid", "")
    if not UNIQUEID.fullmatch(uniqueid):
        raise BadLine("column uniqueid", "not a channel's id such as 1772441280.42")
    made = made_at(uniqueid)
    start, answer, end = (
        instant_in(texts.get(name, ""), columns.zone, f"column {name}", made) for name in ("start", "answer", "end")
    )
    if end is None:
        raise BadLine("column end", "empty")
    if start is not None and start > end:
        raise BadLine("column end", "before the start")
    linkedid = texts.get("linkedid", "")
    disposition = texts.get("disposition", "").upper()
    disposition = _DISPOSITIONS.get(disposition, disposition)
    return CdrRow(
        uniqueid=uniqueid,
        start=start,
        answer=None if answer is None else min(max(answer, start or answer), end),
        end=end,
        linkedid=linkedid if UNIQUEID.fullmatch(linkedid) else "",
        userfield=texts.get(columns.link, ""),
        **{name: texts.get(name, "") for name in ("src", "dst", "clid", "channel", "dstchannel")},
        queue=texts.get("lastdata", "").partition(",")[0] if texts.get("lastapp", "").lower() == "queue" else "",
        disposition=disposition if disposition in _KNOWN else "",
        recording=texts.get(columns.recording, "") if columns.recording else "",
    )


def is_far(row: CdrRow, now: int) -> bool:
    """Whether a row's times can't be true in the zone that they were read in: they lie ahead, or before its channel."""
    made = made_at(row.uniqueid) or 0
    return row.end > now + FAR_MS or (row.start is not None and row.start < made - FAR_MS)


def is_shifted(row: CdrRow, now: int) -> bool:
    """Whether a row looks as if it was read in a wrong zone: it is far off, or begins whole quarters of an hour, more
    than one, after its channel was made. A later row of one call may do so by chance; many rows don't."""
    late = 0 if row.start is None else row.start - (made_at(row.uniqueid) or row.start)
    quarters = round(late / QUARTER_MS)
    return is_far(row, now) or (quarters > 1 and abs(late - quarters * QUARTER_MS) <= NEAR_MS)


def _order(order: Sequence[str] | None, count: int) -> Sequence[str]:
    if order is not None:
        if len(order) != count:
            raise BadLine("row", f"{count} columns where the settings name {len(order)}")
        return order
    if count in _WITHOUT_ID:
        raise BadLine("row", "no column for the uniqueid: set `loguniqueid = yes` in cdr.conf")
    if count not in MASTER:
        raise BadLine("row", f"{count} columns, which cdr_csv doesn't write: name them in `columns`")
    return MASTER[count]


def _fields(row: bytes, separator: bytes) -> list[bytes]:
    """The fields of a row (RFC 4180). An open quote is an error; within a bare field it is a sign like others."""
    fields: list[bytes] = []
    at = 0
    while len(fields) < FIELDS_MAX:
        if row[at : at + 1] == b'"':
            quoted = _QUOTED.match(row, at)
            if quoted is None:
                raise BadLine(f"column {len(fields) + 1}", "a quote that isn't closed")
            fields.append(quoted[1].replace(b'""', b'"'))
            end = quoted.end()
            if end < len(row) and row[end : end + 1] != separator:
                raise BadLine(f"column {len(fields)}", "something stands behind its closing quote")
        else:
            end = row.find(separator, at)
            end = len(row) if end < 0 else end
            fields.append(row[at:end])
        if end >= len(row):
            return fields
        at = end + 1
    raise BadLine("row", f"more than {FIELDS_MAX} columns")
