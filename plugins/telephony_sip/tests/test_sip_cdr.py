"""Rows of the CDR as CSV: how they are cut and read, in which zone, and what they say of a call."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from gateway_telephony_sip.asterisk.cutting import ROW_LINES_MAX, Cut, cut_lines, cut_rows
from gateway_telephony_sip.asterisk.lines import BadLine
from gateway_telephony_sip.asterisk.meaning import Known, meant_by_row
from gateway_telephony_sip.asterisk.rows import MASTER, CdrRow, Columns, read_cdr_row
from gateway_telephony_sip.asterisk.settings import AsteriskLogs
from gateway_telephony_sip.asterisk.zones import instant_in
from gateway_telephony_sip.facts import Leg, Logged, Recording
from hypothesis import given
from hypothesis import strategies as st

from gateway.plugin import HOUR_MS, parse_instant

SETTINGS = AsteriskLogs(cdr="/var/log/asterisk/cdr-csv/Master.csv")
SAMPLE = Path(__file__).parent / "samples/asterisk/Master.csv"
UTC = Columns()
START = parse_instant("2026-03-02T08:48:00Z")
ROW = {
    "accountcode": '""', "src": '"+4930123456"', "dst": '"600"', "dcontext": '"from-trunk"', "clid": '"A ""B"" <1>"',
    "channel": '"PJSIP/trunk-00000011"', "dstchannel": '"PJSIP/7009-00000012"', "lastapp": '"Queue"',
    "lastdata": '"sales,t"', "start": '"2026-03-02 08:48:00"', "answer": '"2026-03-02 08:48:10"',
    "end": '"2026-03-02 08:49:13"', "duration": "73", "billsec": "63", "disposition": '"ANSWERED"',
    "amaflags": '"DOCUMENTATION"', "uniqueid": '"1772441280.41"', "userfield": '"a84b@192.0.2.10"',
    "peeraccount": '""', "linkedid": '"1772441280.41"', "sequence": "17",
}  # fmt: skip


def row(columns: int = 21, **changed: str) -> bytes:
    """A row of Master.csv with so many columns, some of them other than usual."""
    return ",".join({**ROW, **changed}[name] for name in MASTER[columns]).encode() + b"\n"


def known(settings: AsteriskLogs = SETTINGS, **changed: str) -> Known | None:
    """What such a row says."""
    return meant_by_row(read_cdr_row(row(**changed), settings.read_as()), settings)


def test_a_row_is_read() -> None:
    """Texts are quoted, numbers bare; what isn't needed is left out."""
    assert read_cdr_row(row(), UTC) == CdrRow(
        uniqueid="1772441280.41",
        linkedid="1772441280.41",
        userfield="a84b@192.0.2.10",
        src="+4930123456",
        dst="600",
        clid='A "B" <1>',
        channel="PJSIP/trunk-00000011",
        dstchannel="PJSIP/7009-00000012",
        queue="sales",
        start=START,
        answer=START + 10_000,
        end=START + 73_000,
        disposition="ANSWERED",
    )


@pytest.mark.parametrize("columns", MASTER)
def test_the_columns_of_master_csv_are_known_by_their_number(columns: int) -> None:
    """cdr.conf adds columns, in an order of its own."""
    read = read_cdr_row(row(columns), UTC)

    assert (read.uniqueid, read.userfield, read.linkedid) == (
        "1772441280.41",
        "a84b@192.0.2.10" if "userfield" in MASTER[columns] else "",
        "1772441280.41" if "linkedid" in MASTER[columns] else "",
    )


def test_columns_of_ones_own() -> None:
    """cdr_custom writes what it is told, with other signs between, bare, and times in other forms."""
    columns = Columns(("-", "uniqueid", "start", "end", "disposition", "callid", "rec"), ";", "callid", "rec")
    read = read_cdr_row(b"x;1772441280.41;1772441280;1772441290.250000;8;a84b@h;https://rec.example/1\n", columns)

    assert read == CdrRow(
        uniqueid="1772441280.41",
        start=START,
        end=START + 10_250,
        disposition="ANSWERED",
        userfield="a84b@h",
        recording="https://rec.example/1",
    )


@pytest.mark.parametrize(
    ("line", "place", "why"),
    [
        (b"\n", "line", "empty"),
        (b"1,2,3\n", "row", "3 columns"),
        (b",".join([b'"x"'] * 16), "row", "loguniqueid"),
        (b",".join([b'"x"'] * 65), "row", "more than 64"),
        (row(uniqueid='"x"'), "column uniqueid", "channel's id"),
        (row(uniqueid='""'), "column uniqueid", "channel's id"),
        (row(end='""'), "column end", "empty"),
        (row(end='"2026-03-02 08:47:59"'), "column end", "before the start"),
        (row(start='"02/03/2026 08:48"'), "column start", "not a time"),
        (row(answer='"2026-02-30 08:48:00"'), "column answer", "calendar"),
        (row(start='"1926-03-02 08:48:00"'), "column start", "2000 to 2099"),
        (row(start='"0001-01-01 00:00:00"'), "column start", "2000 to 2099"),
        (row(start='"2026-03-02 08:48:00+9959"'), "column start", "calendar"),
        (b'"","half\n', "column 2", "isn't closed"),
        (row(src='"half" more'), "column 2", "behind its closing quote"),
    ],
)
def test_what_is_no_row_is_refused_with_its_place(line: bytes, place: str, why: str) -> None:
    """The place and the reason are told."""
    with pytest.raises(BadLine) as caught:
        read_cdr_row(line, UTC)

    assert caught.value.place == place
    assert why in caught.value.why


@given(
    st.binary(max_size=400)
    | st.lists(st.sampled_from([*ROW.values(), '"', '""', "\n", ",", "x"])).map("".join).map(str.encode)
)
def test_any_bytes_are_a_row_or_refused(line: bytes) -> None:
    """Whatever the bytes are: a value, or the one error."""
    for columns in (UTC, Columns(("uniqueid", "start", "end"))):
        try:
            read = read_cdr_row(line, columns)
        except BadLine:
            continue
        assert read.start is None or read.start <= read.end


@given(st.sampled_from(sorted(ROW)), st.text(max_size=30))
def test_any_text_in_any_column_is_read_or_refused(column: str, text: str) -> None:
    """A caller chooses what stands in some of them: no text of his makes two columns of one."""
    quoted = '"' + text.replace('"', '""') + '"'
    try:
        read = read_cdr_row(row(**{column: quoted}), UTC)
    except BadLine as error:
        assert error.place == f"column {column}"
    else:
        assert read.uniqueid == "1772441280.41" or column == "uniqueid"


def test_local_times_are_read_in_the_exchanges_zone() -> None:
    """Without a zone of its own a time is the zone's; with one it is what it says."""
    berlin = ZoneInfo("Europe/Berlin")

    assert instant_in("2026-07-01 10:00:00", berlin, "x") == parse_instant("2026-07-01T08:00:00Z")
    assert instant_in("2026-07-01T10:00:00.5+0530", berlin, "x") == parse_instant("2026-07-01T04:30:00.500Z")
    assert instant_in("2026-07-01 10:00:00Z", berlin, "x") == parse_instant("2026-07-01T10:00:00Z")
    assert instant_in("0000-00-00 00:00:00", berlin, "x") is None


def test_an_hour_that_comes_twice_is_told_by_the_channels_id() -> None:
    """The uniqueid begins with the second at which the channel was made; without it the first of the two is meant."""
    berlin = ZoneInfo("Europe/Berlin")
    first = parse_instant("2026-10-25T00:30:00Z")
    text = "2026-10-25 02:30:00"

    assert instant_in(text, berlin, "x") == first
    assert instant_in(text, berlin, "x", first) == first
    assert instant_in(text, berlin, "x", first + HOUR_MS) == first + HOUR_MS
    assert instant_in(text, berlin, "x", first + 9 * HOUR_MS) == first
    assert instant_in("2026-03-29 02:30:00", berlin, "x") == parse_instant("2026-03-29T01:30:00Z")


def test_what_a_row_says() -> None:
    """Start with who called whom, answer with the device, end with what became of it; and every name of the call."""
    found = known(linkedid='"1772441270.40"', userfield='"a84b@192.0.2.10;5d5a@192.0.2.20"')
    call = "asterisk:1772441270.40"

    assert found is not None
    assert found.names == (call, "asterisk:1772441280.41", "a84b@192.0.2.10", "5d5a@192.0.2.20")
    assert found.facts.legs == {"a84b@192.0.2.10": Leg(names=("5d5a@192.0.2.20",))}
    assert set(found.facts.logged) == {
        Logged(START, "started", "cdr", queue="sales", caller="+4930123456", called="600", call=call),
        Logged(START + 10_000, "answered", "cdr", queue="sales", agent="PJSIP/7009", call=call),
        Logged(START + 73_000, "ended", "cdr", queue="sales", reason="answered", call=call),
    }


@pytest.mark.parametrize(
    ("disposition", "reason"),
    [("NO ANSWER", "no_answer"), ("BUSY", "busy"), ("FAILED", "failed"), ("CONGESTION", "failed"), ("odd", "")],
)
def test_what_became_of_a_call_that_nobody_answered(disposition: str, reason: str) -> None:
    """Nobody answered: no answer is told, and the end says how."""
    found = known(disposition=f'"{disposition}"', answer="")

    assert found is not None
    assert [(line.what, line.reason) for line in found.facts.logged] == [("started", ""), ("ended", reason)]


def test_rows_of_inner_channels_are_left_out() -> None:
    """A Local channel has no customer; `channels` says by which ones customers call."""
    trunk = SETTINGS.model_copy(update={"channels": ("PJSIP/trunk-*",)})

    assert known(channel='"Local/7009@agents-00000001;2"') is None
    assert known(trunk) is not None
    assert known(trunk, channel='"PJSIP/7009-00000012"') is None


def test_linked_channels_are_followed_unless_they_outlive_calls() -> None:
    """`follow_linked: false` leaves each channel alone."""
    found = known(SETTINGS.model_copy(update={"follow_linked": False}), linkedid='"1772400000.1"')

    assert found is not None
    assert found.names == ("asterisk:1772441280.41", "a84b@192.0.2.10")


def test_where_a_recording_lies() -> None:
    """By a template, its places escaped, or by a column; a call that nobody answered has none."""
    template = AsteriskLogs(
        cdr="/x/Master.csv",
        recording="https://rec.example/{date}/{queue}/{uniqueid}.wav",
        recording_encrypted=True,
        recording_retention="90 days",
    )
    found = known(template, lastdata='"a/b,t"')
    unanswered = known(template, answer="", disposition='"NO ANSWER"')
    nameless = known(template, lastapp='"Dial"')

    assert found is not None and unanswered is not None and nameless is not None
    url = "https://rec.example/2026-03-02/a%2Fb/1772441280.41.wav"
    assert found.facts.recordings == (Recording(url, True, "90 days"),)
    assert unanswered.facts.recordings == nameless.facts.recordings == ()


def test_rows_are_cut_at_their_ends() -> None:
    """A newline within quotes is none of the file's; a row that is written still is left for later."""
    two = row(userfield='"two\nlines"')
    data = row() + two + row()[:50]

    assert cut(data) == Cut([row(), two], len(row()) + len(two))
    assert cut(two[:-30]) == Cut([], 0)
    assert cut(two[:-30], last=True).parts == two[:-30].splitlines(keepends=True)


def test_a_row_that_was_half_written_costs_itself_alone() -> None:
    """Behind a quote that was never closed the next whole row is read all the same."""
    broken = b'"","+4930\n'

    assert cut(broken + row() + row()).parts == [broken, row(), row()]
    assert cut(broken + b"x\n" * ROW_LINES_MAX).parts[:2] == [broken, b"x\n"]


@given(
    st.lists(st.sampled_from([row(), b'"', b"\n", b"x", b'"\n', b"\r\n", b"\0"]), max_size=30).map(b"".join),
    st.booleans(),
)
def test_nothing_is_cut_twice_or_lost(data: bytes, last: bool) -> None:
    """The parts are the data up to `used`; in two readings there are the same ones as in one."""
    for how in (cut, lambda data, last: cut_lines(data, last)):
        whole = how(data, last)

        assert b"".join(whole.parts) == data[: whole.used]
        assert whole.used == len(data) or not last
        if how is not cut:
            half = cut_lines(data[: len(data) // 2], False)
            assert half.parts + cut_lines(data[half.used :], last).parts == whole.parts


def test_the_sample_is_understood() -> None:
    """Three calls, one of them answered with two Call-IDs, one with a newline where no Call-ID is."""
    rows = [read_cdr_row(part, UTC) for part in cut(SAMPLE.read_bytes()).parts]
    found = [meant_by_row(read, SETTINGS) for read in rows]

    assert [list(known.facts.legs) for known in found if known] == [
        ["a84b4c76e66710@192.0.2.10"],
        ["0f6b0f10-d5b7@192.0.2.10"],
        [],
    ]


def cut(data: bytes, last: bool = False) -> Cut:
    """Cut as the puller does."""
    return cut_rows(data, last, is_row)


def is_row(line: bytes) -> bool:
    """Whether it is a row by itself."""
    try:
        read_cdr_row(line, UTC)
    except BadLine:
        return False
    return True
