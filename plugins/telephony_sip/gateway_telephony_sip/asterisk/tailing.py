"""Reads on in a log: what was written behind the cursor, through rotation and truncation, a bounded page at a time.

Laws. A line that was written is given at least once; given twice it is known by its key, the hash of its bytes. A file
is read to its end before the next one, and it has ended only when a later one has a line: after a rename Asterisk goes
on writing to the old one until `logger reload`. Where the place is lost (the file is gone, compressed, or shorter than
the cursor), the next page begins by time, a little before the last line that was read.

One record a line, not one for all lines of a call: a call's lines lie apart, so that a batch of them would depend on
where a page ends, and the same line would be stored again. Its body is the line as it was read, by names, without the
columns that nothing here needs; a line that can't be read is kept as it is, and parked with its reason.
"""

import glob
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import msgspec

from gateway.plugin import DAY_MS, SECOND_MS, Instant, Page, Permanent, Record, Stream, Transient
from gateway_telephony_sip.asterisk.cutting import Cut, cut_lines, cut_rows
from gateway_telephony_sip.asterisk.files import LogFile, Unreadable, look, read_at, rotated
from gateway_telephony_sip.asterisk.lines import LINE_MAX, BadLine, QueueLine, read_queue_line
from gateway_telephony_sip.asterisk.meaning import Known, meant_by_line, meant_by_row
from gateway_telephony_sip.asterisk.rows import CdrRow, is_far, is_shifted, read_cdr_row
from gateway_telephony_sip.asterisk.settings import AsteriskLogs
from gateway_telephony_sip.asterisk.zones import FAR_MS

QUEUE_LOG: Final = "queue_log"
CDR: Final = "cdr"

PAGE_BYTES: Final = 65_536
"""What one page reads: a thousand lines, read and understood in a few hundredths of a second, on the event loop."""

PROBE_BYTES: Final = 32_768
BAD_MAX: Final = 10
"""Lines of one page that can't be read and are kept to be looked at; the others are passed over."""

BAD_BYTES: Final = 2_048
"""Bytes that are kept of such a line."""

LATE_MS: Final = {QUEUE_LOG: 10 * SECOND_MS, CDR: 310 * SECOND_MS}
"""How much later than others of its time a line may be written: a CDR may wait 300 s for its batch (cdr.conf)."""


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where the next page begins: in which file, and behind which byte. `at` is the time of the last line before it.

    `inside`: the place lies within a line, whose rest is passed over.
    """

    mark: str
    inode: int
    offset: int
    at: int = 0
    inside: bool = False


class Bad(msgspec.Struct, frozen=True):
    """A line that can't be read: how it begins."""

    bad: str


class Log(NamedTuple):
    """One of the two logs: where it lies, and how it is read."""

    name: str
    path: str
    pattern: str
    read: Callable[[bytes], QueueLine | CdrRow]
    meant: Callable[[Any], Known | None]
    cut: Callable[[bytes, bool], Cut]

    def at(self, line: bytes) -> int | None:
        """The time of a line; None where it can't be read."""
        try:
            return time_of(self.read(line))
        except BadLine:
            return None


def logs_of(settings: AsteriskLogs) -> dict[str, Log]:
    """The logs that the settings name, by stream."""
    logs: dict[str, Log] = {}
    if settings.queue_log is not None:
        logs[QUEUE_LOG] = Log(
            QUEUE_LOG,
            settings.queue_log,
            settings.queue_log_rotated or _rotated(settings.queue_log),
            lambda line: read_queue_line(line, settings.link_event),
            lambda line: meant_by_line(line, settings),
            cut_lines,
        )
    if settings.cdr is not None:
        columns = settings.read_as()

        def read(row: bytes) -> CdrRow:
            return read_cdr_row(row, columns)

        def is_row(line: bytes) -> bool:
            try:
                read(line)
            except BadLine:
                return False
            return True

        logs[CDR] = Log(
            CDR,
            settings.cdr,
            settings.cdr_rotated or _rotated(settings.cdr),
            read,
            lambda row: meant_by_row(row, settings),
            lambda data, last: cut_rows(data, last, is_row),
        )
    return logs


def _rotated(path: str) -> str:
    return f"{glob.escape(os.path.basename(path))}[.-]*"


def streams_of(settings: AsteriskLogs) -> tuple[Stream, ...]:
    """The streams to be pulled."""
    backfill_s = settings.backfill_days * DAY_MS / SECOND_MS
    return tuple(Stream(name, every_s=settings.every_s, backfill_s=backfill_s) for name in logs_of(settings))


def time_of(line: QueueLine | CdrRow) -> int:
    """When a line was written, in ms: a row is written when its call has ended."""
    return line.at if isinstance(line, QueueLine) else line.end


def pull_log(log: Log, stream: Stream, cursor: str | None, now: int) -> Page:
    """One page of a log. A file that isn't there has none. Raises Transient for a file that can't be read, and
    Permanent for rows whose times are another zone's: nothing is lost, the page is read again."""
    try:
        found = _Finder(log).find(_place(cursor), now - int(stream.backfill_s * SECOND_MS))
        return Page([], cursor, False) if found is None else _page(log, found, now)
    except Unreadable as error:
        raise Transient(str(error)) from None


class _Found(NamedTuple):
    """Where to read: a file, the place in it, and the one that comes behind it, if any."""

    file: LogFile
    place: Place
    newer: LogFile | None


@dataclass(slots=True)
class _Finder:
    """Finds the place in the files as they are now; the rotated ones are looked at only where they matter."""

    log: Log

    def find(self, place: Place | None, since: int) -> _Found | None:
        current = look(self.log.path)
        if place is not None and current is not None and _is_in(place, current) and place.inode == current.inode:
            return _Found(current, place, None)
        files = self._in_order(current)
        if place is not None and not any(_is_in(place, file) for file in files):
            files = self._in_order(look(self.log.path))  # it may have got another name while we were looking
        if not files:
            return None
        if place is not None:
            held = [at for at, file in enumerate(files) if _is_in(place, file)]
            if held:
                at = next((at for at in held if files[at].inode == place.inode), held[-1])
                return _Found(files[at], place, _behind(files, at))
            since = place.at or since
        return self._by_time(files, since - LATE_MS[self.log.name])

    def _in_order(self, current: LogFile | None) -> list[LogFile]:
        """All files with a line in them, the oldest first; what is written now is the last."""
        old = [file for file in rotated(self.log.path, self.log.pattern) if file.mark]
        old.sort(key=lambda file: (self._begins(file), file.written_at))
        return [*old, current] if current is not None and current.mark else old

    def _begins(self, file: LogFile) -> int:
        at = self.log.at(file.first)
        return file.written_at if at is None else at

    def _by_time(self, files: list[LogFile], since: int) -> _Found:
        """The place before the first line that isn't older than `since`: by halves, with a few reads."""
        at = next((at for at, file in enumerate(files) if file.written_at >= since), len(files) - 1)
        file = files[at]
        low, high = 0, file.size
        while high - low > PROBE_BYTES:
            middle = (low + high) // 2
            when = self._around(file, middle)
            if when is not None and when < since:
                low = middle
            else:
                high = middle
        offset, inside = self._first(file, low, since)
        place = Place(mark=file.mark, inode=file.inode, offset=offset, at=max(since, 0), inside=inside)
        return _Found(file, place, _behind(files, at))

    def _first(self, file: LogFile, offset: int, since: int) -> tuple[int, bool]:
        """Where the first line behind `offset` stands that isn't older, and whether that is within a line."""
        # The halves are as large as a probe, and each probe looked at as much behind it.
        data = read_at(file, offset, 2 * PROBE_BYTES + LINE_MAX) or b""
        begun = _rest_of_line(data) if offset else 0
        parts, used = self.log.cut(data[begun:], False)
        if not used:
            return offset, offset > 0
        offset += begun
        for part in parts:
            when = self.log.at(part)
            if when is not None and when >= since:
                break
            offset += len(part)
        return offset, False

    def _around(self, file: LogFile, offset: int) -> int | None:
        """When the lines behind `offset` were written: the latest of their times, as rows of attempts end earlier."""
        data = read_at(file, offset, PROBE_BYTES) or b""
        times = [when for line in data.split(b"\n")[1:-1] if (when := self.log.at(line)) is not None]
        return max(times, default=None)


def _behind(files: list[LogFile], at: int) -> LogFile | None:
    return files[at + 1] if at + 1 < len(files) else None


def _page(log: Log, found: _Found, now: int) -> Page:
    file, place, newer = found
    data = read_at(file, place.offset, PAGE_BYTES)
    if data is None:  # rotated between two looks; the next pull finds it
        return Page([], _text(place), False)
    full = len(data) == PAGE_BYTES
    last = newer is not None and not full
    begun = _rest_of_line(data) if place.inside else 0
    parts, used = log.cut(data[begun:], last)
    used += begun
    inside = False
    if full and used == 0:  # no line or row ends in all of this
        used = data.find(b"\n") + 1 or len(data)
        inside = not data[:used].endswith(b"\n")
        parts = [data[:used]]
    elif place.inside and begun == len(data):
        inside = not data.endswith(b"\n")
    records, at = _records(log, parts, now, begins_late=place.inside)
    at = max(at, place.at)
    behind = Place(mark=file.mark, inode=file.inode, offset=place.offset + used, at=at, inside=inside)
    if last and newer is not None:
        behind = Place(mark=newer.mark, inode=newer.inode, offset=0, at=at)
    more = behind != place and (full or last)
    return Page(records, _text(behind), more, at if more else now)


def _records(log: Log, parts: list[bytes], now: int, begins_late: bool) -> tuple[list[Record], int]:
    """What is to be stored of these lines, and the time of the last that could be read."""
    records: list[Record] = []
    bad: list[bytes] = []
    at = read = far = 0
    for part in parts:
        if not part.strip(b"\r\n\0 "):  # left empty, or by a disk that was full
            continue
        try:
            line = log.read(part)
        except BadLine:
            if read or not begins_late:  # else it is the rest of what was cut off
                bad.append(part)
            continue
        read += 1
        if isinstance(line, CdrRow):
            far += is_shifted(line, now)
            if is_far(line, now):
                bad.append(part)
                continue
        at = max(at, time_of(line) if time_of(line) <= now + FAR_MS else 0)
        if log.meant(line) is not None:
            records.append(_record(log.name, line, part, now))
    if 2 * far > read:
        raise Permanent("the times in the CDR are those of another zone: set `timezone` to that of the exchange")
    # Of a page that nothing of can be read, which is another file's or broken, one line says enough.
    records += [_record(log.name, Bad(_shown(part)), part, now) for part in bad[: BAD_MAX if read else 1]]
    return records, min(at, now)


def _record(stream: str, content: QueueLine | CdrRow | Bad, line: bytes, now: int) -> Record:
    key = hashlib.sha256(line.rstrip(b"\r\n")).hexdigest()[:32]
    body = msgspec.json.encode(content)
    return Record(body=body, form="row", key=f"{stream}:{key}", stream=stream, received_at=Instant(now))


def _shown(line: bytes) -> str:
    return line[:BAD_BYTES].decode("utf-8", "replace")


def _is_in(place: Place, file: LogFile) -> bool:
    return place.mark == file.mark and place.offset <= file.size


def _rest_of_line(data: bytes) -> int:
    return data.find(b"\n") + 1 or len(data)


def _place(cursor: str | None) -> Place | None:
    """The place that a cursor names; None where it isn't one of ours: then time says where to begin."""
    try:
        return None if cursor is None else msgspec.json.decode(cursor, type=Place)
    except msgspec.MsgspecError:
        return None


def _text(place: Place) -> str:
    return msgspec.json.encode(place).decode()
