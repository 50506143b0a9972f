"""The headers that others ask for, as our own samples have them, and as they are when they make no sense."""

from collections.abc import Callable

import pytest
from gateway_telephony_sip import headers
from gateway_telephony_sip.grammar import NameAddr, Uri, name_addr, parameters, plain, read_uri, split, unquoted
from gateway_telephony_sip.headers import CSeq, Expiry, Reason, Referral, Replaces, SessionId, Via
from gateway_telephony_sip.message import Message
from gateway_telephony_sip.sip import read_sip

Sample = Callable[[str], bytes]


def with_header(name: str, *values: str) -> Message:
    return Message("INVITE", "sip:a.example", headers=tuple((name, value) for value in values))


def test_the_top_via_is_the_newest_hop(sample: Sample) -> None:
    """With where the message came from, as whoever received it saw."""
    top = headers.top_via(read_sip(sample("invite")))

    assert top is not None
    assert top[:6] == ("UDP", "edge.example", 5080, "z9hG4bKedge1", "192.0.2.7", 5081)
    assert top.sent_by == ("edge.example", 5080)


def test_all_hops_are_read(sample: Sample) -> None:
    """IPv6 without its brackets."""
    hops = headers.vias(read_sip(sample("invite")))

    assert [hop.sent_by for hop in hops] == [("edge.example", 5080), ("2001:db8::9", 5060)]
    assert [hop.rport for hop in hops] == [5081, None]


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("SIP/2.0/UDP a.example", ("UDP", "a.example", 0, "", "", None)),
        ("SIP/2.0/UDP A.Example:5070;rport;branch=z9hG4bK1", ("UDP", "a.example", 5070, "z9hG4bK1", "", 0)),
        ("sip / 2.0 / tls [2001:DB8::1]:5061 ; Branch = x", ("TLS", "2001:db8::1", 5061, "x", "", None)),
        ("SIP/2.0/WSS x.invalid;received=[2001:db8::1];rport=x", ("WSS", "x.invalid", 0, "", "2001:db8::1", 0)),
        ("SIP/2.0/UDP a.example:99999;rport=99999", ("UDP", "a.example", 0, "", "", 0)),
        ("SIP/2.0/UDP 192.0.2.15;;,;,,", ("UDP", "192.0.2.15", 0, "", "", None)),
    ],
)
def test_a_via_is_read(value: str, read: tuple[object, ...]) -> None:
    """Whatever spaces are in it."""
    hop = headers.top_via(with_header("via", value))

    assert hop is not None
    assert hop[:6] == read


@pytest.mark.parametrize("value", ["", "SIP/2.0/UDP", "SIP/2.0/UDP ;branch=1", "SIP/3.0/UDP a", "UDP a.example", ","])
def test_a_via_without_a_host_is_none(value: str) -> None:
    """Nobody could be answered by it."""
    assert headers.top_via(with_header("via", value)) is None


def test_a_hop_without_a_port_has_that_of_its_transport() -> None:
    """RFC 3261, section 18.1.1."""
    assert Via("TLS", "a.example", 0, "", "", None, {}).sent_by == ("a.example", 5061)
    assert Via("UDP", "a.example", 0, "", "", None, {}).sent_by == ("a.example", 5060)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("101 INVITE", CSeq(101, "INVITE")),
        ("0009  \tBYE", CSeq(9, "BYE")),
        ("2147483647 ACK", CSeq(2_147_483_647, "ACK")),
        ("2147483648 ACK", None),
        ("9" * 5000 + " ACK", None),
        ("٩ ACK", None),
        ("-1 ACK", None),
        ("1", None),
        ("ACK", None),
        ("1 A CK", None),
        ("", None),
    ],
)
def test_a_cseq_is_read(value: str, read: CSeq | None) -> None:
    """A number below 2^31 and a method."""
    assert headers.cseq(with_header("cseq", value)) == read


@pytest.mark.parametrize(
    ("value", "tag"),
    [
        ("<sip:a.example>;tag=1", "1"),
        ("sip:a.example;tag=1", "1"),
        ("sip:a.example ; TAG = 1 ;x", "1"),
        ('"a;tag=no" <sip:a.example;tag=no>;x="a>b;tag=no";tag=1', "1"),
        ("<sip:a.example;tag=no>", ""),
        ("<sip:a.example>;tag", ""),
        ("<sip:a.example>", ""),
        ("<sip:a.example", ""),
        ("", ""),
    ],
)
def test_a_tag_is_that_of_the_header(value: str, tag: str) -> None:
    """Not the URI's, nor that of a text in quotes."""
    assert headers.tag(with_header("to", value), "to") == tag


def test_contacts_have_their_q(sample: Sample) -> None:
    """In the header's order."""
    read = headers.contacts(read_sip(sample("invite")))

    assert [(one.address.uri, one.address.display, one.q) for one in read] == [
        ("sip:ann@192.0.2.7:5080;transport=udp", "", 0.7),
        ("sip:ann@192.0.2.8", "Desk", 0.25),
    ]


@pytest.mark.parametrize(
    ("q", "read"), [("0", 0), ("1.000", 1), (".5", 0.5), ("1.5", 1), ("-1", 1), ("nan", 1), ("", 1)]
)
def test_a_q_that_makes_no_sense_is_one(q: str, read: float) -> None:
    """As if it weren't there."""
    (contact,) = headers.contacts(with_header("contact", f"<sip:a.example>;q={q}"))

    assert contact.q == read


def test_who_calls_is_read(sample: Sample) -> None:
    """From, P-Asserted-Identity, Remote-Party-ID, Privacy."""
    message = read_sip(sample("invite"))

    assert headers.address(message, "from") == NameAddr(
        'Müller, Ann "Annie"', "sip:+49301234567@carrier.example;user=phone", {"tag": "from-1"}
    )
    assert [one.uri for one in headers.addresses(message, "p-asserted-identity")] == [
        "sip:+49301234567@carrier.example",
        "tel:+49301234567",
    ]
    assert headers.address(message, "p-asserted-identity") == NameAddr("Ann", "sip:+49301234567@carrier.example", {})
    (party,) = headers.addresses(message, "remote-party-id")
    assert party.params == {"party": "calling", "privacy": "full", "screen": "yes"}
    assert headers.privacy(message) == {"id", "header"}
    assert headers.address(message, "referred-by") is None


def test_which_way_a_call_came_is_read(sample: Sample) -> None:
    """Diversion has the newest first; History-Info is put into the order of its indexes."""
    message = read_sip(sample("invite"))

    assert [(one.uri, one.params["reason"]) for one in headers.addresses(message, "diversion")] == [
        ("sip:+4930555000@sbc.example", "no-answer"),
        ("sip:+49800555111@carrier.example", "unconditional"),
    ]
    assert [(one.path, one.address.uri.partition("@")[0]) for one in headers.history(message)] == [
        ((1,), "sip:+49800555111"),
        ((1, 1), "sip:+4930555000"),
        ((1, 2), "sip:queue"),
    ]


def test_history_is_in_the_order_of_numbers() -> None:
    """1.10 comes after 1.9; an entry without an index has no place."""
    message = with_header("history-info", "<sip:b>;index=1.10, <sip:a>;index=1.9, <sip:x>, <sip:y>;index=1..2")

    assert [one.address.uri for one in headers.history(message)] == ["sip:a", "sip:b"]


def test_what_correlates_is_read(sample: Sample) -> None:
    """Session-ID, the charging id, and any header by its name."""
    message = read_sip(sample("invite"))
    session = headers.session_id(message)

    assert session == SessionId("0123456789abcdef" * 2, "0" * 32)
    assert session is not None
    assert session.known == ("0123456789abcdef" * 2,)
    assert headers.icid(message) == "AyretyU0dm+6O2IrT5tAFrbHLso=023551024"
    assert message.first("x-cid") == "our-own-1"


@pytest.mark.parametrize(
    ("value", "known"),
    [
        (f"{'b' * 32};remote={'a' * 32}", ("a" * 32, "b" * 32)),
        (f"{'a' * 32};remote={'b' * 32}", ("a" * 32, "b" * 32)),
        (f"{'a' * 32};remote={'a' * 32}", ("a" * 32,)),
        ("a" * 32, ("a" * 32,)),
        ("0" * 32, ()),
    ],
)
def test_a_session_has_no_order(value: str, known: tuple[str, ...]) -> None:
    """Either side says its own UUID first."""
    session = headers.session_id(with_header("session-id", value))

    assert session is not None
    assert session.known == known


@pytest.mark.parametrize("value", ["", "a" * 31, "g" * 32, f"{'a' * 32};remote=1", f"{'a' * 33}"])
def test_a_session_id_that_makes_no_sense_is_none(value: str) -> None:
    """It must join nothing."""
    assert headers.session_id(with_header("session-id", value)) is None


def test_reasons_are_read(sample: Sample) -> None:
    """One for each protocol."""
    assert headers.reasons(read_sip(sample("bye"))) == [
        Reason("Q.850", 16, "Normal call clearing"),
        Reason("SIP", 200, 'Call completed elsewhere, said "B"'),
    ]
    assert headers.reasons(with_header("reason", "Q.850;cause=many")) == [Reason("Q.850", None, "")]


def test_a_transfer_is_read(sample: Sample) -> None:
    """Refer-To without the headers of its URI, what it replaces unescaped, who asked for it."""
    message = read_sip(sample("refer"))

    assert headers.refer_to(message) == Referral(
        "sip:desk2@pbx.example", Replaces("call-3@pbx.example", "t3", "f3", False)
    )
    assert headers.address(message, "referred-by") == NameAddr("Desk", "sip:desk1@pbx.example", {})


@pytest.mark.parametrize(
    ("value", "uri"),
    [("<sip:a@b.example;user=phone>", "sip:a@b.example;user=phone"), ("sip:a", "sip:a"), ("tel:1", "tel:1")],
)
def test_a_blind_transfer_replaces_nothing(value: str, uri: str) -> None:
    """Its URI stays as it is."""
    assert headers.refer_to(with_header("refer-to", value)) == Referral(uri, None)


def test_replaces_is_read(sample: Sample) -> None:
    """The dialog, both tags of which must be named."""
    assert headers.replaces(read_sip(sample("held"))) == Replaces("call-4@pbx.example", "t4", "f4", True)
    assert headers.replaces(with_header("replaces", "call-4;to-tag=1")) is None
    assert headers.replaces(Message("INVITE", "sip:a")) is None


@pytest.mark.parametrize(
    ("value", "read"),
    [("1800;refresher=UAS", Expiry(1800, "uas")), ("90", Expiry(90, "")), ("soon", None), ("-1", None), ("", None)],
)
def test_the_expiry_of_a_session_is_read(value: str, read: Expiry | None) -> None:
    """Seconds, and who refreshes."""
    assert headers.session_expires(with_header("session-expires", value)) == read


@pytest.mark.parametrize(
    ("value", "read"), [("70", 70), ("0068", 68), ("5 (in a while);duration=1", 5), ("9" * 10, None), ("x", None)]
)
def test_a_number_is_read(value: str, read: int | None) -> None:
    """Max-Forwards and the like."""
    assert headers.number(with_header("max-forwards", value), "max-forwards") == read


def test_the_type_of_a_body_is_read(sample: Sample) -> None:
    """In lower case, with its parameters unquoted."""
    assert headers.content_type(read_sip(sample("invite"))) == ("multipart/mixed", {"boundary": "frontier"})
    assert headers.content_type(with_header("content-type", "Application/SDP")) == ("application/sdp", {})


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a, b ,c", ["a", "b", "c"]),
        (",, a,,", ["a"]),
        ("", []),
        ('"a,b" <sip:c,d>;e="f,g", h', ['"a,b" <sip:c,d>;e="f,g"', "h"]),
        (r'"a\",b", c', [r'"a\",b"', "c"]),
        ('<sip:a">, <sip:b">', ['<sip:a">', '<sip:b">']),
        ("<sip:a, b", ["sip:a", "b"]),
        ('"a, b, <c,d>', ["a", "b", "<c,d>"]),
        ("a>b, c", ["a>b", "c"]),
    ],
)
def test_a_list_is_parted_at_its_commas(text: str, parts: list[str]) -> None:
    """Not at those in quotes or brackets; what never closes binds nothing."""
    assert split(text) == parts


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("<sip:a>", NameAddr("", "sip:a", {})),
        (' "A" < sip:a > ; b = c', NameAddr("A", "sip:a", {"b": "c"})),
        ("A B <sip:a;x=1>;y", NameAddr("A B", "sip:a;x=1", {"y": ""})),
        ("sip:a;x=1", NameAddr("", "sip:a", {"x": "1"})),
        ('"A" sip:a;x=1', NameAddr("A", "sip:a", {"x": "1"})),
        (r'"A \"B\" \\ <C>" <sip:a>', NameAddr(r'A "B" \ <C>', "sip:a", {})),
        ('"A <sip:a>', NameAddr("A", "sip:a", {})),
        ("A <sip:a", NameAddr("A", "sip:a", {})),
        ("*", NameAddr("", "*", {})),
        ("", NameAddr("", "", {})),
    ],
)
def test_a_name_and_its_address_are_read(value: str, read: NameAddr) -> None:
    """In all the ways in which they are written."""
    assert name_addr(value) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("sip:ann@a.example", Uri("sip", "ann", "a.example", 0, {}, {})),
        (" <SIPS:ann:pw@A.Example:5061;Lr?A=%3C> ", Uri("sips", "ann", "a.example", 5061, {"lr": ""}, {"a": "<"})),
        ("sip:a.example;lr", Uri("sip", "", "a.example", 0, {"lr": ""}, {})),
        ("sip:[2001:DB8::1]:5070", Uri("sip", "", "2001:db8::1", 5070, {}, {})),
        ("sip:2001:db8::1", Uri("sip", "", "2001:db8::1", 0, {}, {})),
        ("sip:a%40b;c=1@d", Uri("sip", "a@b;c=1", "d", 0, {}, {})),
        ("sip:110", Uri("sip", "", "110", 0, {}, {})),
        ("tel:+49-30-1;phone-context=x", Uri("tel", "+49-30-1", "", 0, {"phone-context": "x"}, {})),
        ("tel:110", Uri("tel", "110", "", 0, {}, {})),
        ("a.example:5060", Uri("sip", "", "a.example", 5060, {}, {})),
        ("ann@a.example", Uri("sip", "ann", "a.example", 0, {}, {})),
        ("urn:service:sos", Uri("urn", "service:sos", "", 0, {}, {})),
        ("", Uri("sip", "", "", 0, {}, {})),
    ],
)  # fmt: skip
def test_a_uri_is_read(text: str, read: Uri) -> None:
    """Parts as they are meant, escapes undone."""
    assert read_uri(text) == read


def test_parameters_are_read() -> None:
    """Names in lower case, quotes undone, the first of two, at most 64."""
    assert parameters(';A=1;a=2; b = "x;y" ;c;;') == {"a": "1", "b": "x;y", "c": ""}
    assert len(parameters(";".join(f"p{n}=1" for n in range(1000)))) == 64


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ('"a"', "a"),
        (r'"a\"b\\"', r'a"b\\'[:-1]),
        ('"a', "a"),
        ('"', ""),
        ('""', ""),
        ('a"b', 'a"b'),
        (" a ", "a"),
        ("", ""),
    ],
)
def test_quotes_are_undone(text: str, read: str) -> None:
    """Where they are quotes."""
    assert unquoted(text) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Ann", "Ann"),
        ("Ännchen", "Ännchen"),
        ("a\udcff\udcfeb", "a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}b"),
        ("a\ud800b", "a\N{REPLACEMENT CHARACTER}b"),
        ("a\0\x1b[31mb\u202e", "a  [31mb"),
        (" a ", "a"),
        ("x" * 300, "x" * 200),
    ],
)
def test_what_is_kept_is_plain(text: str, read: str) -> None:
    """It can be encoded, and does nothing to whoever's screen shows it."""
    assert plain(text) == read
    assert plain(text).encode()
