"""Says what a record of the logs means: a piece of what is known of one call. Pure; raises BadPayload only."""

from collections.abc import Iterator
from typing import Final

import msgspec

from gateway.plugin import BadPayload, Piece, Record
from gateway_telephony_sip.asterisk.lines import BadLine, QueueLine
from gateway_telephony_sip.asterisk.meaning import meant_by_line, meant_by_row
from gateway_telephony_sip.asterisk.rows import CdrRow, is_far
from gateway_telephony_sip.asterisk.settings import AsteriskLogs
from gateway_telephony_sip.asterisk.tailing import QUEUE_LOG, logs_of

LOG_ID_KEYS: Final = frozenset({"uniqueid", "linkedid", "userfield", "link"})
"""Keys of their bodies whose texts are ids, and no card numbers."""


def pieces_of(record: Record, settings: AsteriskLogs) -> Iterator[Piece]:
    """The piece that a row of a log is. A line that couldn't be read is read again: the reader may have learnt it."""
    kind: type[QueueLine | CdrRow] = QueueLine if record.stream == QUEUE_LOG else CdrRow
    try:
        bad = msgspec.json.decode(record.body, type=_Unread).bad
        line = msgspec.json.decode(record.body, type=kind) if bad is None else _again(bad, record.stream, settings)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise BadPayload(f"not a line of Asterisk's logs: {error}") from None
    if isinstance(line, CdrRow) and is_far(line, int(record.received_at)):
        raise BadPayload("cdr, times of another zone: set `timezone` to the exchange's, and replay the record")
    known = meant_by_line(line, settings) if isinstance(line, QueueLine) else meant_by_row(line, settings)
    if known is not None:
        yield Piece(known.names, known.facts)


class _Unread(msgspec.Struct):
    """The line itself, where it couldn't be read."""

    bad: str | None = None


def _again(line: str, stream: str | None, settings: AsteriskLogs) -> QueueLine | CdrRow:
    log = logs_of(settings).get(stream or "")
    if log is None:
        raise BadPayload(f"the settings name no {stream} any more")
    try:
        return log.read(line.encode())
    except BadLine as error:
        raise BadPayload(f"{stream}, {error}") from None
