"""Reading and writing SIP messages: what a message says, what is forgiven, where the bounds are."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from gateway_telephony_sip.message import BadSip, Captured, Message
from gateway_telephony_sip.sip import BYTES_MAX, HEADERS_MAX, read_sip, write_sip
from hypothesis import given
from hypothesis import strategies as st

OPTIONS = b"OPTIONS sip:a.example SIP/2.0\r\nCall-ID: 1\r\n"


def lengthened(message: Message) -> Message:
    """The message with a Content-Length that is true, and last."""
    headers = [header for header in message.headers if header[0] != "content-length"]
    headers.append(("content-length", str(len(message.body))))
    return replace(message, headers=tuple(headers), missing=0)


def test_a_request_is_read(sample: Callable[[str], bytes]) -> None:
    """Method, target, headers in their order under their long names, the body."""
    message = read_sip(sample("refer"))

    assert (message.method, message.target, message.status) == ("REFER", "sip:agent@pbx.example", 0)
    assert [name for name, _ in message.headers] == [
        "via", "from", "to", "call-id", "cseq", "max-forwards", "contact", "refer-to", "referred-by", "content-length",
    ]  # fmt: skip
    assert message.first("call-id") == "call-2@pbx.example"
    assert message.first("subject") == ""
    assert message.body == b""


def test_a_response_is_read(sample: Callable[[str], bytes]) -> None:
    """Status, reason, body."""
    message = read_sip(sample("held"))

    assert (message.method, message.target, message.status, message.reason) == ("", "", 200, "OK")
    assert not message.is_request
    assert message.body.endswith(b"a=recvonly\r\n")
    assert message.missing == 0


def test_folded_lines_are_joined(sample: Callable[[str], bytes]) -> None:
    """A line that begins with a space continues the one before it (RFC 3261, section 7.3.1)."""
    message = read_sip(sample("invite"))

    assert message.every("history-info")[1].endswith(";mp=1, <sip:+4930555000@sbc.example>;index=1.1")


@pytest.mark.parametrize("ends", ["\r\n", "\n"])
def test_either_line_end_is_read(ends: str, sample: Callable[[str], bytes]) -> None:
    """Lines may end as they do in files."""
    message = read_sip(sample("bye").replace(b"\r\n", ends.encode()))

    assert message == read_sip(sample("bye"))


def test_line_breaks_before_a_message_are_passed_over(sample: Callable[[str], bytes]) -> None:
    """Some send them to keep a way open (RFC 3261, section 7.5)."""
    assert read_sip(b"\r\n\r\n" + sample("bye")) == read_sip(sample("bye"))


def test_an_empty_line_in_a_body_ends_nothing() -> None:
    """The head ends at the first empty line, in whichever way its line ends are written."""
    message = read_sip(b"OPTIONS sip:a.example SIP/2.0\nCall-ID: 1\n\none\r\n\r\ntwo")

    assert message.body == b"one\r\n\r\ntwo"


@pytest.mark.parametrize(
    ("headers", "body", "missing"),
    [
        (b"Content-Length: 3\r\n", b"abc", 0),
        (b"l:0\r\n", b"", 0),
        (b"Content-Length: 8\r\n", b"abcde", 3),
        (b"", b"abcde", 0),
        (b"Content-Length: -3\r\n", b"abcde", 0),
        (b"Content-Length: three\r\n", b"abcde", 0),
        (b"Content-Length: 3\r\nContent-Length: 2\r\n", b"abcde", 0),
        (b"Content-Length: 3\r\nl: 3\r\n", b"abc", 0),
        (b"Content-Length: 99999999999999999999999\r\n", b"abcde", 0),
    ],
)
def test_the_body_is_as_long_as_is_said(headers: bytes, body: bytes, missing: int) -> None:
    """More is cut off, less is counted as missing, nonsense says nothing."""
    message = read_sip(OPTIONS + headers + b"\r\nabcde")

    assert (message.body, message.missing) == (body, missing)


def test_lines_that_are_no_header_are_passed_over() -> None:
    """No colon, no name, a name with a space in it: the headers around them are read all the same."""
    message = read_sip(OPTIONS + b"nothing\r\n: nameless\r\ntwo words: 1\r\nSubject : here\r\n\r\n")

    assert message.headers == (("call-id", "1"), ("subject", "here"))


def test_bytes_that_are_no_utf8_survive() -> None:
    """A message can be answered with the very bytes that it had."""
    data = OPTIONS + b"Subject: \xff\xfe caf\xc3\xa9\r\nContent-Length: 0\r\n\r\n"

    assert read_sip(data).first("subject").endswith(" café")
    assert write_sip(read_sip(data)) == data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"\0\0\0\0",
        b"jaK",
        b"OPTIONS sip:a.example SIP/7.0\r\n\r\n",
        b"OPTIONS SIP/2.0\r\n\r\n",
        b"OPT\xc3\x96ONS sip:a.example SIP/2.0\r\n\r\n",
        b"OPTIONS sip:a.exampleSIP/2.0\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"SIP/2.0 4294967301 large\r\n\r\n",
        b"SIP/2.0 99 small\r\n\r\n",
        b"SIP/2.0 700 unheard of\r\n\r\n",
        b"SIP/2.0 200OK\r\n\r\n",
        "SIP/2.0 ٢٠٠ OK\r\n\r\n".encode(),
        b"HEP3\x00\x06",
        OPTIONS + b"a: b\r\n" * HEADERS_MAX + b"\r\n",
        OPTIONS + b"\r\n" + b"x" * BYTES_MAX,
    ],
)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    """By the one exception, whose words hold nothing of the message."""
    with pytest.raises(BadSip, match=r"^(neither a request nor a response of SIP/2\.0|(more|longer) than [0-9]+ .*)$"):
        read_sip(data)


def test_as_many_headers_as_are_allowed_are_read() -> None:
    """A folded line counts once."""
    message = read_sip(OPTIONS + b"a: b\r\n c\r\n" * (HEADERS_MAX - 1) + b"\r\n")

    assert len(message.headers) == HEADERS_MAX
    assert message.headers[-1] == ("accept-contact", "b c")


@pytest.mark.parametrize("name", ["invite", "refer", "bye", "held"])
def test_what_is_written_reads_the_same(name: str, sample: Callable[[str], bytes]) -> None:
    """But for Content-Length, which is last, and true."""
    message = read_sip(sample(name))

    assert read_sip(write_sip(message)) == lengthened(message)


@given(
    st.lists(
        st.tuples(st.sampled_from(["via", "x-own", "subject"]), st.text(st.characters(exclude_characters="\r\n")))
    ),
    st.binary(max_size=50),
)
def test_any_text_can_be_written(headers: list[tuple[str, str]], body: bytes) -> None:
    """Whatever a header says comes back, without the spaces around it; surrogates that no byte made are refused."""
    message = Message("INVITE", "sip:a.example", 0, "", tuple(headers), body)
    try:
        read = read_sip(write_sip(message))
    except BadSip:
        assert any("\ud800" <= sign <= "\udfff" for _, value in headers for sign in value)
    else:
        told = tuple((name, value.strip(" \t")) for name, value in headers)
        assert read == lengthened(replace(message, headers=told))


def test_nothing_of_a_message_is_printed_but_its_first_line() -> None:
    """Headers prove people, bodies hold what they said, and a packet's key proves its capturer."""
    message = read_sip(OPTIONS + b"Authorization: Digest response=hush\r\n\r\nhush")
    shown = f"{message!r} {Captured(b'hush', key=b'hush')!r}"

    assert "OPTIONS" in shown
    assert "hush" not in shown


def test_names_are_written_as_usual() -> None:
    """Some peers know a header by its usual spelling alone."""
    names = ("call-id", "cseq", "via", "max-forwards", "www-authenticate", "p-asserted-identity", "x-cid")
    written = write_sip(Message(status=200, reason="OK", headers=tuple((name, "1") for name in names)))

    assert [line.partition(b":")[0] for line in written.split(b"\r\n")[1:-2]] == [
        b"Call-ID", b"CSeq", b"Via", b"Max-Forwards", b"WWW-Authenticate", b"P-Asserted-Identity", b"X-Cid",
        b"Content-Length",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "message",
    [
        Message(),
        Message("INVITE", ""),
        Message("INVITE", "sip:a.example\r\nVia: forged"),
        Message("IN VITE", "sip:a.example"),
        Message(status=99),
        Message(status=200, reason="OK\r\nVia: forged"),
        Message(status=200, headers=(("contact", "<sip:a>\r\nVia: forged"),)),
        Message(status=200, headers=(("contact", "<sip:a>\nVia: forged"),)),
        Message(status=200, headers=(("contact: <sip:a>\r\nvia", "forged"),)),
        Message(status=200, headers=(("", "nameless"),)),
        Message(status=200, body=b"x" * BYTES_MAX),
    ],
)
def test_what_would_be_another_message_is_not_written(message: Message) -> None:
    """No line break, no false name, nothing that couldn't be read again."""
    with pytest.raises(BadSip):
        write_sip(message)
