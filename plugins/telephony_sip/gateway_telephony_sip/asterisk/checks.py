"""What is to be said of the logs before anything is pulled: whether they are there, can be read, and name the calls.

Only the end of each file is read. What is found is counted, and never shown: the lines are of people.
"""

from collections.abc import Iterator
from typing import Any, Final

from gateway.plugin import Finding
from gateway_telephony_sip.asterisk.files import LogFile, Unreadable, look, read_at
from gateway_telephony_sip.asterisk.lines import BadLine, QueueLine
from gateway_telephony_sip.asterisk.rows import CdrRow
from gateway_telephony_sip.asterisk.settings import AsteriskLogs
from gateway_telephony_sip.asterisk.tailing import CDR, Log, logs_of
from gateway_telephony_sip.asterisk.zones import NEAR_MS, QUARTER_MS, made_at

END_BYTES: Final = 262_144
"""What is read of the end of a file."""

HOW = "see the README, Asterisk's logs"


def check_logs(settings: AsteriskLogs) -> list[Finding]:
    """Findings about each log that the settings name."""
    return [finding for log in logs_of(settings).values() for finding in _check(log, settings)]


def _check(log: Log, settings: AsteriskLogs) -> Iterator[Finding]:
    try:
        file = look(log.path)
    except Unreadable as error:
        yield Finding(False, f"{log.name} can't be read: {error}", "let the gateway's user read it, and its folder")
        return
    if file is None:
        yield Finding(False, f"{log.name} isn't there: {log.path}", "correct the path, or wait for the first call")
        return
    lines, bad, why = _end_of(log, file)
    if not lines and not bad:
        yield Finding(True, f"{log.name} is empty still")
    elif bad > len(lines):
        hint = "name the right file, and for cdr_custom its `columns`"
        yield Finding(False, f"{log.name}: {bad} of the last {bad + len(lines)} lines can't be read: {why}", hint)
    else:
        yield Finding(True, f"{log.name} can be read: {len(lines)} lines at its end, {bad} of them not")
        yield from _check_calls(log, lines, settings)
        yield from _check_zone([line for line in lines if isinstance(line, CdrRow)])


def _end_of(log: Log, file: LogFile) -> tuple[list[QueueLine | CdrRow], int, str]:
    """The last lines that can be read, how many can't be, and why the last of these can't."""
    offset = max(0, file.size - END_BYTES)
    data = read_at(file, offset, END_BYTES) or b""
    parts = log.cut(data if offset == 0 else data[data.find(b"\n") + 1 :], False).parts
    lines: list[QueueLine | CdrRow] = []
    bad, why = 0, ""
    for part in parts:
        try:
            lines.append(log.read(part))
        except BadLine as error:
            bad += 1
            why = str(error)
    return lines, bad, why


def _check_calls(log: Log, lines: list[Any], settings: AsteriskLogs) -> Iterator[Finding]:
    """Whether the calls name their SIP Call-ID: without it nothing joins them with what a listener sees."""
    linked: dict[str, bool] = {}
    for line in lines:
        known = log.meant(line)
        if known is not None:
            linked[line.uniqueid] = linked.get(line.uniqueid, False) or bool(known.facts.legs)
    without = sum(not found for found in linked.values())
    if not without or settings.unlinked == "contact":
        yield Finding(True, f"{log.name}: {len(linked)} calls at its end, {without} without a SIP Call-ID")
    elif log.name == CDR:
        what = f"cdr: {without} of the last {len(linked)} calls hold no SIP Call-ID in `{settings.link_column}`"
        yield Finding(False, f"{what}: they are counted, and no contacts", f"set CDR(userfield) in the dialplan: {HOW}")
    elif settings.cdr is None:
        what = f"queue_log: {without} of the last {len(linked)} calls have no line {settings.link_event}"
        yield Finding(False, f"{what}: they are counted, and no contacts", f"write it with QueueLog(): {HOW}")
    else:
        yield Finding(
            True, f"queue_log: {without} of the last {len(linked)} calls are named by the CDR alone, if at all"
        )


def _check_zone(rows: list[CdrRow]) -> Iterator[Finding]:
    """Whether rows begin when their channels were made: whole quarters of an hour between these are a zone's."""
    off = [row.start - made for row in rows if row.start is not None and (made := made_at(row.uniqueid)) is not None]
    shifts = [round(late / QUARTER_MS) for late in off if abs(late - round(late / QUARTER_MS) * QUARTER_MS) <= NEAR_MS]
    apart = [quarters for quarters in shifts if quarters]
    if 2 * len(apart) > len(shifts):
        hours = max(apart, key=apart.count) / 4
        what = f"cdr: its times are {abs(hours):g} h {'ahead of' if hours > 0 else 'behind'} its calls' own ids"
        yield Finding(False, what, "set `timezone` to the exchange's, or `usegmtime = yes` in cdr.conf and UTC")
