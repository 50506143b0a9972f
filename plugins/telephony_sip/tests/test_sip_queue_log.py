"""Lines of queue_log: what is read of them, and what they say of a call."""

from pathlib import Path

import pytest
from gateway_telephony_sip.asterisk.lines import LINE_MAX, BadLine, QueueLine, read_queue_line
from gateway_telephony_sip.asterisk.meaning import is_hidden, meant_by_line
from gateway_telephony_sip.asterisk.settings import AsteriskLogs
from gateway_telephony_sip.facts import Call, Leg, Logged
from gateway_telephony_sip.names import call_name
from hypothesis import given
from hypothesis import strategies as st

SETTINGS = AsteriskLogs(queue_log="/var/log/asterisk/queue_log")
SAMPLE = Path(__file__).parent / "samples/asterisk/queue_log"
AT = 1_772_441_280_000
CALL = "asterisk:1772441280.41"


def told(event: str, *data: str, agent: str = "NONE", settings: AsteriskLogs = SETTINGS) -> tuple[Logged, ...]:
    """What a line of the sample's first call says."""
    line = "|".join(("1772441280", "1772441280.41", "sales", agent, event, *data))
    known = meant_by_line(read_queue_line(line.encode(), settings.link_event), settings)
    return known.facts.logged if known else ()


def said(at: int, what: str, **more: str) -> Logged:
    """A line of the first call, in the queue sales."""
    return Logged(at, what, "queue_log", queue="sales", call=CALL, **more)  # type: ignore[arg-type]


def test_a_line_is_read() -> None:
    """The five fields have names, all others are data; NONE is nothing."""
    line = read_queue_line(b"1772441293|pbx-1-1772441280.41|sales|PJSIP/7009|connect|12|1772441284.42|9\r\n")

    assert line == QueueLine(
        at=1_772_441_293_000,
        event="CONNECT",
        uniqueid="pbx-1-1772441280.41",
        queue="sales",
        agent="PJSIP/7009",
        data=("12", "1772441284.42", "9"),
    )
    assert (line.datum(1), line.datum(3), line.datum(4)) == ("12", "9", "")
    assert read_queue_line(b"1772441200|NONE|NONE|NONE|QUEUESTART|") == QueueLine(at=AT - 80_000, event="QUEUESTART")


@pytest.mark.parametrize(
    ("line", "place"),
    [
        (b"", "line"),
        (b"\0\0\0\0\n", "line"),
        (b"1772441280|1.1|sales|NONE", "line"),
        (b"yesterday|1772441280.41|sales|NONE|ABANDON", "field 1 (time)"),
        (b"-1772441280|1772441280.41|sales|NONE|ABANDON", "field 1 (time)"),
        (b"100000000|1772441280.41|sales|NONE|ABANDON", "field 1 (time)"),
        (b"9999999999|1772441280.41|sales|NONE|ABANDON", "field 1 (time)"),
        ("١٧٧٢٤٤١٢٨٠|1772441280.41|sales|NONE|ABANDON".encode(), "field 1 (time)"),
        (b"1772441280|1772441280.41|sales|NONE|", "field 5 (event)"),
        (b"1772441280|1772441280.41|sales|NONE|AB AN DON", "field 5 (event)"),
        (b"1772441280|1772441280.41|sales|NONE|X" + b"|" * 70, "line"),
        (b"1772441280|1772441280.41|sales|NONE|X|" + b"a" * LINE_MAX, "line"),
    ],
)
def test_what_is_no_line_is_refused_with_its_place(line: bytes, place: str) -> None:
    """The place and the reason are told, and nothing of the line."""
    with pytest.raises(BadLine) as caught:
        read_queue_line(line)

    assert caught.value.place == place
    assert "41" not in caught.value.why and "DON" not in caught.value.why


@given(st.binary(max_size=300) | st.lists(st.binary(max_size=40), max_size=9).map(b"|".join))
def test_any_bytes_are_a_line_or_refused(line: bytes) -> None:
    """Whatever the bytes are: a value in bounds, or the one error."""
    for data in (line, b"1772441280|1772441280.41|q|m|" + line):
        try:
            read = read_queue_line(data, "SIPCALLID")
        except BadLine:
            continue
        known = meant_by_line(read, SETTINGS)
        assert known is None or all(0 < len(name) <= 300 for name in known.names)


def test_what_is_no_utf_8_is_read_all_the_same() -> None:
    """Names in another encoding don't cost the line; control characters are gone, long texts cut."""
    line = read_queue_line(b"1772441280|1772441280.41|B\xfcro\x1b[2J|PJSIP/7|ABANDON|" + "ä".encode() * 400)

    assert line.queue == "B\N{REPLACEMENT CHARACTER}ro [2J"
    assert line.data == ("ä" * 256,)


@pytest.mark.parametrize("call", ["NONE", "REALTIME", "MANAGER", "", "unknown", "1772441280", "a b-1772441280.1"])
def test_a_line_of_no_call_says_nothing(call: str) -> None:
    """Only a channel's uniqueid names a call: any other word would join strangers."""
    line = read_queue_line(f"1772441280|{call}|sales|NONE|ABANDON|1|1|3".encode())

    assert line.uniqueid == ""
    assert meant_by_line(line, SETTINGS) is None


@pytest.mark.parametrize(
    ("event", "data", "expected"),
    [
        ("ENTERQUEUE", ("", "+4930123456", "1"), [said(AT, "entered", caller="+4930123456")]),
        ("ENTERQUEUE", ("https://x.example", "+49301"), [said(AT, "entered", caller="+49301")]),
        ("ENTERQUEUE", ("", "anonymous", "1"), [said(AT, "entered")]),
        (
            "CONNECT",
            ("12", "1772441284.42", "9"),
            [said(AT - 9_000, "ringing", agent="PJSIP/7009"), said(AT, "connected", agent="PJSIP/7009")],
        ),
        ("CONNECT", ("12",), [said(AT, "connected", agent="PJSIP/7009")]),
        ("RINGNOANSWER", ("8000",), [said(AT - 8_000, "ringing", agent="PJSIP/7009")]),
        ("RINGNOANSWER", ("0",), []),
        ("RINGNOANSWER", ("99999999999999",), []),
        ("RINGCANCELED", ("3000",), [said(AT - 3_000, "ringing", agent="PJSIP/7009")]),
        ("ABANDON", ("1", "2", "20"), [said(AT, "abandoned", agent="PJSIP/7009")]),
        ("EXITEMPTY", ("1", "1", "5"), [said(AT, "left", agent="PJSIP/7009", reason="empty")]),
        ("EXITWITHTIMEOUT", ("1", "1", "30"), [said(AT, "left", agent="PJSIP/7009", reason="timeout")]),
        ("EXITWITHKEY", ("1", "1", "1", "7"), [said(AT, "left", agent="PJSIP/7009", reason="key")]),
        ("SYSCOMPAT", (), [said(AT, "left", agent="PJSIP/7009", reason="incompatible")]),
        ("COMPLETEAGENT", ("12", "60", "1"), [said(AT, "ended", agent="PJSIP/7009", reason="agent")]),
        ("COMPLETECALLER", ("12", "60", "1"), [said(AT, "ended", agent="PJSIP/7009", reason="caller")]),
        (
            "ATTENDEDTRANSFER",
            ("APP", "Queue", "12", "120", "1"),
            [said(AT, "transferred", agent="PJSIP/7009", reason="attended")],
        ),
        (
            "BLINDTRANSFER",
            ("7020", "internal", "9", "60", "1"),
            [said(AT, "transferred", agent="PJSIP/7009", reason="blind", called="7020")],
        ),
        (
            "TRANSFER",
            ("7020", "internal", "9", "60"),
            [said(AT, "transferred", agent="PJSIP/7009", reason="blind", called="7020")],
        ),
        ("PAUSE", ("lunch",), []),
        ("SOMETHING_OF_OURS", ("1",), []),
    ],
)
def test_what_an_event_says(event: str, data: tuple[str, ...], expected: list[Logged]) -> None:
    """Each event of the documentation, with more data than it has or fewer."""
    agent = "NONE" if event == "ENTERQUEUE" else "PJSIP/7009"

    assert told(event, *data, agent=agent) == tuple(expected)


def test_a_line_of_ours_links_the_call() -> None:
    """QueueLog() names the SIP Call-ID; the bar that some versions put behind it changes nothing."""
    for line in (
        b"1772441280|1772441280.41|NONE|NONE|SIPCALLID|a84b@192.0.2.10",
        b"1772441280|1772441280.41|||SIPCALLID|a84b@192.0.2.10|",
    ):
        known = meant_by_line(read_queue_line(line, "SIPCALLID"), SETTINGS)

        assert known is not None
        assert known.names == (CALL, "a84b@192.0.2.10")
        assert known.facts == Call(legs={"a84b@192.0.2.10": Leg()})
        assert not is_hidden(known.facts, SETTINGS)


@pytest.mark.parametrize("link", ["", "two words", "a@b@c", "x" * 256])
def test_what_can_be_no_call_id_links_nothing(link: str) -> None:
    """RFC 3261 says what a Call-ID is made of; one that fills its field was cut."""
    assert (
        meant_by_line(read_queue_line(f"1772441280|1772441280.41|q|m|SIPCALLID|{link}".encode(), "SIPCALLID"), SETTINGS)
        is None
    )


@pytest.mark.parametrize("mine", ["asterisk:1772441280.41", "Session:00", "icid:1"])
def test_a_caller_cant_name_anothers_call(mine: str) -> None:
    """A Call-ID is the caller's own choice, and an exchange's ids can be guessed: none becomes one of our names."""
    line = read_queue_line(f"1772441280|1772441999.1|NONE|NONE|SIPCALLID|{mine}".encode(), "SIPCALLID")
    known = meant_by_line(line, SETTINGS)

    assert known is not None
    assert known.names == ("asterisk:1772441999.1", f"call:{mine}")
    assert call_name(mine) == f"call:{mine}"


def test_the_agents_channel_is_of_the_call() -> None:
    """CONNECT names the channel that answered; where channels outlive calls, that is not followed."""
    line = read_queue_line(b"1772441280|1772441280.41|sales|A|CONNECT|1|1772441284.42|1")
    known = meant_by_line(line, SETTINGS)
    apart = meant_by_line(line, SETTINGS.model_copy(update={"follow_linked": False}))

    assert known is not None and apart is not None
    assert known.names == (CALL, "asterisk:1772441284.42")
    assert apart.names == (CALL,)
    assert is_hidden(known.facts, SETTINGS)


def test_the_sample_is_understood() -> None:
    """All lines can be read; those of calls say something, the others nothing."""
    lines = [read_queue_line(line, "SIPCALLID") for line in SAMPLE.read_bytes().splitlines()]
    known = [found for line in lines if (found := meant_by_line(line, SETTINGS))]

    assert len(lines) - len(known) == 3
    assert {name for found in known for name in found.names if name.startswith("asterisk:")} == {
        "asterisk:1772441280.41",
        "asterisk:1772441284.42",
        "asterisk:1772441400.43",
        "asterisk:1772441500.44",
        "asterisk:1772441535.45",
    }
