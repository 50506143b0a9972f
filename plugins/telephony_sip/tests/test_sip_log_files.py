"""Pulling the logs: pages, rotation in all its ways, what is half written, what is broken, and what is checked."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from gateway_telephony_sip.asterisk import tailing
from gateway_telephony_sip.asterisk.checks import check_logs
from gateway_telephony_sip.asterisk.lines import QueueLine
from gateway_telephony_sip.asterisk.meaning import is_hidden
from gateway_telephony_sip.asterisk.normalize import LOG_ID_KEYS, pieces_of
from gateway_telephony_sip.asterisk.rows import CdrRow
from gateway_telephony_sip.asterisk.settings import AsteriskLogs
from gateway_telephony_sip.asterisk.tailing import BAD_MAX, PAGE_BYTES, Log, Place, logs_of, pull_log, streams_of
from gateway_telephony_sip.facts import Call, Leg, Logged
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.kernel.cards import hide_cards
from gateway.plugin import BadPayload, Instant, Page, Permanent, Record, Transient

SAMPLES = Path(__file__).parent / "samples/asterisk"
T = 1_772_441_280
"""In seconds."""


def line(number: int, event: str = "ENTERQUEUE||+49301|1") -> bytes:
    """The line of a call of its own, so many seconds later."""
    return f"{T + number}|{T + number}.{number}|sales|NONE|{event}\n".encode()


class Desk:
    """An exchange's folder, and a reader of its queue_log that goes on where it was."""

    def __init__(self, folder: Path, **more: object) -> None:
        self.path = folder / "queue_log"
        self.settings = AsteriskLogs(queue_log=str(self.path), **more)  # type: ignore[arg-type]
        self.log: Log = logs_of(self.settings)["queue_log"]
        self.stream = streams_of(self.settings)[0]
        self.cursor: str | None = None
        self.now = (T + 100_000) * 1000

    def write(self, data: bytes, name: str = "queue_log") -> None:
        """Behind what is there, as Asterisk writes."""
        with (self.path.parent / name).open("ab") as file:
            file.write(data)

    def page(self) -> Page:
        """The next page."""
        page = pull_log(self.log, self.stream, self.cursor, self.now)
        assert not page.more or page.cursor != self.cursor
        self.cursor = page.cursor
        return page

    def pull(self) -> list[int]:
        """The numbers of the lines that a run brings, to its end."""
        return [number for page in self.pages() for number in numbers(page.records)]

    def pages(self) -> Iterator[Page]:
        """The pages of a run."""
        for _ in range(1_000):
            page = self.page()
            yield page
            if not page.more:
                return
        raise AssertionError("no end")


def numbers(records: object) -> list[int]:
    """Which lines these are."""
    assert isinstance(records, list)
    read = [msgspec.json.decode(record.body) for record in records]
    return [row["at"] // 1000 - T if "at" in row else -1 for row in read]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A folder without a file."""
    return Desk(tmp_path)


def test_what_is_new_comes_once(desk: Desk) -> None:
    """A file that isn't there yet is no error; then each line comes once, in its order."""
    assert desk.page() == Page([], None, False)
    desk.write(line(1) + line(2))
    assert desk.pull() == [1, 2]
    assert desk.pull() == []
    desk.write(line(3))
    assert desk.pull() == [3]


def test_a_line_is_read_when_it_is_whole(desk: Desk) -> None:
    """What is written still is left for the next time, the first line of a file too."""
    desk.write(line(1)[:20])
    assert desk.pull() == []
    desk.write(line(1)[20:] + line(2)[:30])
    assert desk.pull() == [1]
    desk.write(line(2)[30:])
    assert desk.pull() == [2]


def test_lines_that_say_nothing_of_a_call_are_no_records(desk: Desk) -> None:
    """Agents who come and go, and what isn't known, don't fill the inbox."""
    desk.write(line(1, "PAUSE|lunch") + b"1772441200|NONE|NONE|NONE|QUEUESTART|\n" + line(2))

    assert desk.pull() == [2]


def test_a_large_file_comes_in_pages(desk: Desk) -> None:
    """Pages are bounded, and say how far they reach; the last one reaches the present."""
    count = 3 * PAGE_BYTES // len(line(1))
    desk.write(b"".join(line(number) for number in range(count)))
    pages = list(desk.pages())

    assert len(pages) in (3, 4)
    assert [number for page in pages for number in numbers(page.records)] == list(range(count))
    assert [page.more for page in pages] == [True] * (len(pages) - 1) + [False]
    assert [page.reached for page in pages[:-1]] == [(T + numbers(page.records)[-1]) * 1000 for page in pages[:-1]]
    assert pages[-1].reached == desk.now


def test_a_first_pull_of_a_small_file_takes_no_old_lines_for_new_ones(desk: Desk) -> None:
    """What lies before is the backfill's: nobody is called for it."""
    desk.write(line(1) + line(2))
    desk.stream = replace(desk.stream, backfill_s=0)
    assert desk.pull() == []
    desk.write(line(100_000))
    assert desk.pull() == [100_000]


@pytest.mark.parametrize("back_s", [0, 1, 3_600, 40_000])
def test_a_first_pull_begins_by_time(desk: Desk, back_s: int) -> None:
    """So far back as is asked for, and a little more: found by a few reads, however long the file is."""
    count = 30_000
    desk.write(b"".join(line(number) for number in range(count)))
    desk.now = (T + count) * 1000
    desk.stream = replace(desk.stream, backfill_s=back_s)
    found = desk.pull()

    assert found == list(range(max(0, count - back_s - 10), count))


def rename(desk: Desk) -> None:
    """`logrotate` with its defaults, or `logger rotate`."""
    desk.path.rename(desk.path.with_name("queue_log.1"))


def rename_by_date(desk: Desk) -> None:
    """`logrotate` with `dateext`."""
    desk.path.rename(desk.path.with_name("queue_log-20260302"))


def copy_and_truncate(desk: Desk) -> None:
    """`logrotate` with `copytruncate`."""
    desk.path.with_name("queue_log.1").write_bytes(desk.path.read_bytes())
    os.truncate(desk.path, 0)


@pytest.mark.parametrize("rotate", [rename, rename_by_date, copy_and_truncate])
def test_no_line_is_lost_by_rotation(desk: Desk, rotate: object) -> None:
    """What stood in the old file behind the cursor comes first, then the new one from its beginning."""
    assert callable(rotate)
    desk.write(line(1) + line(2))
    assert desk.pull() == [1, 2]
    desk.write(line(3))
    rotate(desk)
    assert desk.pull() == [3]
    assert desk.pull() == []
    desk.write(line(4))
    assert desk.pull() == [4]
    desk.write(line(5))
    assert desk.pull() == [5]


def test_what_is_written_to_the_old_file_still(desk: Desk) -> None:
    """After a rename Asterisk writes on to the old file until it is told to reload; its last line may lack its end."""
    desk.write(line(1))
    assert desk.pull() == [1]
    rename(desk)
    desk.path.touch()
    desk.write(line(2) + line(3)[:-1], "queue_log.1")
    assert desk.pull() == [2]
    desk.write(line(4))
    assert desk.pull() == [3, 4]


def test_several_rotations_between_two_pulls(desk: Desk) -> None:
    """From the file of the cursor on, each is read in the order of its first line."""
    desk.write(line(1))
    assert desk.pull() == [1]
    desk.path.rename(desk.path.with_name("queue_log.3"))
    desk.write(line(2), "queue_log.3")
    desk.write(line(3) + line(4), "queue_log.2")
    desk.write(line(5), "queue_log.1")
    desk.write(line(6))

    assert desk.pull() == [2, 3, 4, 5, 6]


def test_a_place_that_is_gone_is_found_by_time(desk: Desk) -> None:
    """The file of the cursor was compressed: the others are read from a little before its time."""
    desk.write(line(1) + line(1000))
    assert desk.pull() == [1, 1000]
    desk.path.rename(desk.path.with_name("queue_log.2.gz"))
    desk.write(line(1001), "queue_log.1")
    desk.write(line(1002))

    assert desk.pull() == [1001, 1002]


def test_a_file_that_was_cut_short_is_read_again(desk: Desk) -> None:
    """With the same first line and fewer bytes, the place is lost: lines come twice rather than never, by one key."""
    desk.write(line(1) + line(2) + line(3))
    first = [record.key for page in desk.pages() for record in page.records]
    os.truncate(desk.path, len(line(1)))
    desk.write(line(2))
    again = [record.key for page in desk.pages() for record in page.records]

    assert again == first[:2]


def test_a_line_without_an_end(desk: Desk) -> None:
    """Something else's megabyte in the file is passed over, and the lines behind it are read."""
    desk.write(line(1) + b"x" * (3 * PAGE_BYTES))
    assert desk.pull()[0] == 1
    desk.write(b"x\n" + line(2))
    assert desk.pull() == [2]


def test_broken_lines_are_kept_with_their_reason(desk: Desk) -> None:
    """So many of a page; each is parked, and read again when it is replayed."""
    desk.write(
        b"rubbish\n\0\0\0\n\n" + line(1) + b"rubbish %d\n" * 0 + b"".join(b"rubbish %d\n" % n for n in range(50))
    )
    records = [record for page in desk.pages() for record in page.records]

    assert len(records) == 1 + BAD_MAX
    with pytest.raises(BadPayload, match="queue_log, line: 1 fields where at least 5"):
        list(pieces_of(records[-1], desk.settings))


def test_another_file_doesnt_fill_the_inbox(desk: Desk) -> None:
    """A page of which nothing can be read leaves one line behind."""
    desk.write(line(1))
    assert desk.pull() == [1]
    desk.write(b"[Mar  2 09:00:00] NOTICE[1] chan_pjsip.c: something else\n" * 1_000)

    assert desk.pull() == [-1]


def test_times_ahead_dont_end_a_backfill(desk: Desk) -> None:
    """One line of the future says nothing about how far the page reaches."""
    count = 2 * PAGE_BYTES // len(line(1))
    desk.write(line(1) + b"4000000000|4000000000.1|sales|NONE|ABANDON|1|1|1\n")
    desk.write(b"".join(line(number) for number in range(2, count)))

    assert (desk.page().reached or 0) < (T + count) * 1000


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file_is_said(desk: Desk, kind: str) -> None:
    """A folder, or a pipe that would be waited for, is an error of the stream and a finding."""
    desk.path.mkdir() if kind == "folder" else os.mkfifo(desk.path)

    with pytest.raises(Transient, match="not a file"):
        desk.page()
    assert [finding.ok for finding in check_logs(desk.settings)] == [False]


def test_a_cursor_of_somebody_else_begins_anew(desk: Desk) -> None:
    """What isn't one of our cursors is none."""
    desk.write(line(1))
    desk.cursor = "start:12"

    assert desk.pull() == [1]


def test_two_files_that_begin_alike_are_told_apart(desk: Desk) -> None:
    """By their inodes: the cursor's own is the one that goes on."""
    desk.write(line(1))
    assert desk.pull() == [1]
    rename(desk)
    desk.write(line(1) + line(2))

    assert desk.pull() == [1, 2]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.data())
def test_each_line_comes_whatever_happens_to_the_files(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Written whole or in halves, rotated in either way, pulled now and then: all lines in the end, and in order."""
    desk = Desk(tmp_path_factory.mktemp("asterisk"))
    found: list[int] = []
    written, names = 0, 0
    for act in data.draw(st.lists(st.sampled_from(["line", "half", "pull", "rename", "copy"]), max_size=25)):
        if act == "pull":
            found += desk.pull()
        elif act in ("line", "half"):
            written += 1
            at = len(line(written)) // 2
            desk.write(line(written)[:at])
            found += desk.pull() if act == "half" else []
            desk.write(line(written)[at:])
        elif desk.path.exists() and desk.path.stat().st_size:
            names += 1
            old = desk.path.with_name(f"queue_log.{names}")
            if act == "rename":
                desk.path.rename(old)
            else:
                old.write_bytes(desk.path.read_bytes())
                os.truncate(desk.path, 0)
    found += desk.pull()

    assert found == list(range(1, written + 1))


class Calls(Desk):
    """The same with the CDR."""

    def __init__(self, folder: Path, **more: object) -> None:
        self.path = folder / "Master.csv"
        self.settings = AsteriskLogs(cdr=str(self.path), **more)  # type: ignore[arg-type]
        self.log = logs_of(self.settings)["cdr"]
        self.stream = streams_of(self.settings)[0]
        self.cursor = None
        self.now = (T + 100_000) * 1000

    def write(self, data: bytes, name: str = "Master.csv") -> None:
        """Behind what is there."""
        super().write(data, name)


def test_rows_with_newlines_are_pulled_whole(tmp_path: Path) -> None:
    """The sample: three rows on four lines; half of one is left for later."""
    desk = Calls(tmp_path)
    sample = (SAMPLES / "Master.csv").read_bytes()
    desk.write(sample[:-40])
    assert len(desk.pull()) == 2
    desk.write(sample[-40:])
    page = desk.page()
    assert [msgspec.json.decode(record.body, type=CdrRow).queue for record in page.records] == [""]


def test_a_wrong_zone_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    """Times ahead of now, or before the channels were made: the stream stays where it is, and doctor says why."""
    ahead, behind = Calls(tmp_path), Calls(tmp_path, timezone="Asia/Tokyo")
    ahead.now = (T - 3_600) * 1000
    ahead.write((SAMPLES / "Master.csv").read_bytes())

    for desk in (ahead, behind):
        with pytest.raises(Permanent, match="set `timezone`"):
            desk.page()
        assert desk.cursor is None
    assert [finding.what for finding in check_logs(behind.settings) if not finding.ok][-1] == (
        "cdr: its times are 9 h behind its calls' own ids"
    )


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "Asia/Kathmandu"])
def test_a_wrong_zone_is_seen_in_old_rows_too(tmp_path: Path, zone: str) -> None:
    """Long after the calls: their ids tell the true time."""
    desk = Calls(tmp_path, timezone=zone)
    desk.now = (T + 100_000_000) * 1000
    desk.stream = replace(desk.stream, backfill_s=200_000_000)
    desk.write((SAMPLES / "Master.csv").read_bytes())

    with pytest.raises(Permanent, match="set `timezone`"):
        desk.page()


def test_one_row_that_is_far_off_holds_nobody_up(tmp_path: Path) -> None:
    """Alone it stops the stream; among others it is parked, and read anew when it is replayed."""
    desk = Calls(tmp_path)
    sample = (SAMPLES / "Master.csv").read_bytes()
    odd = sample.splitlines(keepends=True)[0].replace(b"2026-03-02", b"2031-03-02")
    desk.write(odd)
    with pytest.raises(Permanent, match="set `timezone`"):
        desk.page()
    desk.write(sample)
    records = desk.page().records

    assert len(records) == 4
    with pytest.raises(BadPayload, match="times of another zone"):
        list(pieces_of(records[-1], desk.settings))


def test_a_rotated_name_that_leads_elsewhere_is_not_followed(
    desk: Desk, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whoever may write to the folder of the logs doesn't choose what else is read."""
    other = tmp_path_factory.mktemp("other") / "secret"
    other.write_bytes(line(1))
    desk.path.with_name("queue_log.1").symlink_to(other)
    desk.write(line(2))

    assert desk.pull() == [2]


def test_names_of_rotated_files_follow_the_file(tmp_path: Path) -> None:
    """Whatever it is called; or as the settings say."""
    named = logs_of(AsteriskLogs(queue_log="/a/q[1].log", cdr="/a/m", cdr_rotated="old-*"))

    assert [log.pattern for log in named.values()] == ["q[[]1].log[.-]*", "old-*"]


def test_records_have_what_is_needed(tmp_path: Path) -> None:
    """Rows by stream, keys by content; ids in them are no card numbers, whatever they look like."""
    desk = Desk(tmp_path)
    desk.write(f"{T}|{T}.1|q|NONE|SIPCALLID|4111111111111111@192.0.2.1\n{T}|{T}.1|q|NONE|ENTERQUEUE||1|1\n".encode())
    link, entered = desk.page().records

    assert (link.form, link.stream, link.received_at, link.exact) == ("row", "queue_log", desk.now, False)
    assert link.key is not None and link.key.startswith("queue_log:") and link.key != entered.key
    assert hide_cards(link.body, LOG_ID_KEYS) == (link.body, 0)
    assert [piece.names for record in (link, entered) for piece in pieces_of(record, desk.settings)] == [
        (f"asterisk:{T}.1", "4111111111111111@192.0.2.1"),
        (f"asterisk:{T}.1",),
    ]


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"{}", b'{"bad": 1}', b'{"at": "x"}', b"[" * 5_000])
def test_a_body_that_is_none_of_ours_is_refused(body: bytes, tmp_path: Path) -> None:
    """The one error, for either log."""
    desk = Desk(tmp_path)
    for stream in ("queue_log", "cdr"):
        with pytest.raises(BadPayload):
            list(pieces_of(Record(body=body, form="row", stream=stream, received_at=Instant(1)), desk.settings))


def test_a_line_of_a_log_that_is_configured_no_more(tmp_path: Path) -> None:
    """It stays parked, with the reason."""
    record = Record(body=b'{"bad": "x"}', form="row", stream="cdr", received_at=Instant(1))

    with pytest.raises(BadPayload, match="name no cdr"):
        list(pieces_of(record, Desk(tmp_path).settings))


def test_the_cursor_is_small_and_holds_nothing_of_a_call(desk: Desk) -> None:
    """A hash, three numbers."""
    desk.write(line(1))
    desk.pull()

    place = msgspec.json.decode(desk.cursor or "", type=Place)
    assert (place.offset, place.at) == (len(line(1)), (T + 1) * 1000)
    assert len(desk.cursor or "") < 200


def test_streams_follow_the_settings(tmp_path: Path) -> None:
    """One a log; the time between two looks, and how far back."""
    both = AsteriskLogs(queue_log="/a/q", cdr="/a/m", every_s=3, backfill_days=2)

    assert [(stream.name, stream.every_s, stream.backfill_s) for stream in streams_of(both)] == [
        ("queue_log", 3.0, 172_800.0),
        ("cdr", 3.0, 172_800.0),
    ]
    assert set(tailing.LATE_MS) == set(logs_of(both))


@pytest.mark.parametrize(
    ("unlinked", "logged", "legs", "hidden"),
    [
        ("count", (), {}, True),
        ("count", (Logged(1, "started", "cdr"),), {}, True),
        ("count", (Logged(1, "started", "cdr"), Logged(2, "entered", "redirect")), {}, False),
        ("count", (Logged(1, "started", "cdr"),), {"a84b@192.0.2.10": Leg()}, False),
        ("contact", (Logged(1, "started", "cdr"),), {}, False),
    ],
)
def test_what_only_the_logs_know_is_not_told(
    unlinked: str, logged: tuple[Logged, ...], legs: dict[str, Leg], hidden: bool
) -> None:
    """It may be a call that a listener has seen: only with its Call-ID, or where none listens, is it one."""
    settings = AsteriskLogs.model_validate({"cdr": "/a/m", "unlinked": unlinked})

    assert is_hidden(Call(legs=legs, logged=logged), settings) is hidden


def test_what_is_checked(tmp_path: Path) -> None:
    """Files that aren't there, are empty, are others, or name too few calls: each in words, and with what to do."""
    both = AsteriskLogs(queue_log=str(tmp_path / "queue_log"), cdr=str(tmp_path / "Master.csv"))
    missing = check_logs(both)
    (tmp_path / "queue_log").touch()
    (tmp_path / "Master.csv").write_text("some,thing,else\n" * 3)
    wrong = check_logs(both)
    for name in ("queue_log", "Master.csv"):
        (tmp_path / name).write_bytes((SAMPLES / name).read_bytes())
    right = check_logs(both)

    assert [finding.ok for finding in missing] == [False, False]
    assert "isn't there" in missing[0].what
    assert [finding.ok for finding in wrong] == [True, False]
    assert "3 of the last 3 lines can't be read: row: 3 columns" in wrong[1].what
    assert [finding.ok for finding in right] == [True, True, True, False]
    assert "1 of the last 3 calls hold no SIP Call-ID in `userfield`" in right[-1].what
    assert all("4930" not in finding.what + finding.hint for finding in (*missing, *wrong, *right))
    alone = check_logs(AsteriskLogs(queue_log=both.queue_log))
    assert [finding.what for finding in alone if not finding.ok] == [
        "queue_log: 1 of the last 3 calls have no line SIPCALLID: they are counted, and no contacts"
    ]


def test_a_queue_line_of_a_page_means_what_it_says(tmp_path: Path) -> None:
    """What is stored is read back as it was."""
    desk = Desk(tmp_path)
    desk.write(line(7, "ABANDON|1|1|20"))
    (record,) = desk.page().records

    read = msgspec.json.decode(record.body, type=QueueLine)
    assert (read.event, read.data, read.queue) == ("ABANDON", ("1", "1", "20"), "sales")
