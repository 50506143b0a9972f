"""The torture messages of RFC 4475: the valid ones understood, field by field; of the others, as much as they say.

They are found by the variable GATEWAY_FIXTURES; without it these tests are skipped.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from gateway_telephony_sip import headers
from gateway_telephony_sip.grammar import NameAddr, read_uri
from gateway_telephony_sip.message import BadSip, Message
from gateway_telephony_sip.sdp import media_direction
from gateway_telephony_sip.sip import read_sip, write_sip

Torture = Callable[[str], Message]

REFUSED = {"badvers", "bigcode"}
"""Another version of SIP, and a status that no response has."""

WITHOUT_CSEQ = {"scalar02", "scalarlg"}
"""Their numbers are beyond what a CSeq may have."""


@pytest.fixture(scope="module")
def folder() -> Path:
    """Where the messages are."""
    named = os.environ.get("GATEWAY_FIXTURES")
    if not named:
        pytest.skip("GATEWAY_FIXTURES names no folder of published messages")
    return Path(named) / "sip" / "torture"


@pytest.fixture(scope="module")
def torture(folder: Path) -> Torture:
    """Reads one by its name."""
    return lambda name: read_sip((folder / f"{name}.dat").read_bytes())


def people(message: Message) -> tuple[NameAddr | None, NameAddr | None]:
    return headers.address(message, "from"), headers.address(message, "to")


def hosts(message: Message) -> list[str]:
    return [f"{hop.transport} {hop.host}" for hop in headers.vias(message)]


def test_all_are_read_or_refused(folder: Path) -> None:
    """Two are refused, by the declared exception; what is read can be written, and reads the same."""
    refused, without = set(), set()
    names = {path.stem: path.read_bytes() for path in folder.glob("*.dat")}
    for name, data in names.items():
        try:
            message = read_sip(data)
        except BadSip:
            refused.add(name)
            continue
        again = read_sip(write_sip(message))
        assert (again.method, again.target, again.status, again.reason, again.body) == (
            message.method, message.target, message.status, message.reason, message.body,
        )  # fmt: skip
        assert [one for one in again.headers if one[0] != "content-length"] == [
            one for one in message.headers if one[0] != "content-length"
        ]
        if headers.cseq(message) is None:
            without.add(name)

    assert len(names) == 49
    assert refused == REFUSED
    assert without == WITHOUT_CSEQ


def test_wsinv(torture: Torture) -> None:
    """Folded lines, spaces wherever they are allowed, names in any case, compact names."""
    message = torture("wsinv")

    assert (message.method, message.target) == ("INVITE", "sip:vivekg@chair-dnrc.example.com;unknownparam")
    assert people(message) == (
        NameAddr('J Rosenberg \\"', "sip:jdrosen@example.com", {"tag": "98asjd8"}),
        NameAddr("", "sip:vivekg@chair-dnrc.example.com", {"tag": "1918181833n"}),
    )
    assert headers.tag(message, "from") == "98asjd8"
    assert headers.tag(message, "to") == "1918181833n"
    assert headers.call_id(message) == "wsinv.ndaksdj@192.0.2.1"
    assert headers.cseq(message) == (9, "INVITE")
    assert headers.number(message, "max-forwards") == 68
    assert [(hop.transport, hop.host, hop.branch) for hop in headers.vias(message)] == [
        ("UDP", "192.0.2.2", "390skdjuw"),
        ("TCP", "spindle.example.com", "z9hG4bK9ikj8"),
        ("UDP", "192.168.255.111", "z9hG4bK30239"),
    ]
    assert message.first("subject") == ""
    assert message.first("newfangledheader") == "newfangled value continued newfangled value"
    assert message.first("unknownheaderwithunusualvalue") == ";;,,;;,;"
    assert headers.address(message, "route") == NameAddr(
        "", "sip:services.example.com;lr;unknownwith=value;unknown-no-value", {}
    )
    (contact,) = headers.contacts(message)
    assert contact.address.display == 'Quoted string ""'
    assert contact.address.params == {"newparam": "newvalue", "secondparam": "", "q": "0.33"}
    assert contact.q == 0.33
    assert len(message.body) == 150
    assert media_direction(message) == "sendrecv"


def test_intmeth(torture: Torture) -> None:
    """Every sign that a method, a URI, a name and a tag may have; a header's value that isn't ASCII."""
    message = torture("intmeth")
    method = "!interesting-Method0123456789_*+`.%indeed'~"

    assert message.method == method
    assert headers.cseq(message) == (139_122_385, method)
    assert read_uri(message.target).host == "example.com"
    assert read_uri(message.target).user == "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"
    caller, callee = people(message)
    assert caller is not None
    assert caller.display == "token1~` token2'+_ token3*%!.-"
    assert caller.params["fromparam''~+*_!.-%"] == "работающий"
    assert headers.tag(message, "from") == caller.params["tag"] == "_token~1'+`*%!-."
    assert callee is not None
    assert callee.display == "BEL:\x07 NUL:\x00 DEL:\x7f"
    assert headers.call_id(message) == "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{"
    assert message.first("extensionheader-!.%*+_`'~") == "\ufeff大停電"
    via = headers.top_via(message)
    assert via is not None
    assert (via.transport, via.branch) == ("TCP", "z9hG4bK-.!%66*_+`'~")


def test_esc01_and_esc02_and_escnull(torture: Torture) -> None:
    """Escapes are undone within a user and a URI's headers, and nowhere else; a user may be a byte of zero."""
    message = torture("esc01")
    assert read_uri(message.target).user == "sips:user@example.com"
    assert [read_uri(one.uri).user for one in people(message) if one] == ["I have spaces", "user"]
    (contact,) = headers.contacts(message)
    assert contact.address.uri == "sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31"
    assert read_uri(contact.address.uri).user == "caller"
    assert headers.content_type(message)[0] == "application/sdp"

    message = torture("esc02")
    assert message.method == "RE%47IST%45R"
    assert headers.cseq(message) == (29_344, "RE%47IST%45R")
    assert [one.display for one in people(message) if one] == ["%Z%45", "%Z%45"]
    assert [one.address.uri for one in headers.contacts(message)] == [
        "sip:alias1@host1.example.com",
        "sip:alias3@host3.example.com",
    ]

    message = torture("escnull")
    assert [read_uri(one.uri).user for one in people(message) if one] == ["null-\0-null", "null-\0-null"]
    assert [read_uri(one.address.uri).user for one in headers.contacts(message)] == ["\0", "\0\0"]


def test_longreq(torture: Torture) -> None:
    """Long values of every kind; 34 hops under eleven spellings of one name."""
    message = torture("longreq")

    assert len(headers.vias(message)) == 34
    assert hosts(message)[0] == "TCP sip33.example.com"
    last = headers.vias(message)[-1]
    assert (last.host, last.received, len(last.branch)) == ("host.example.com", "192.0.2.5", 215)
    caller, callee = people(message)
    assert caller is not None
    assert callee is not None
    assert len(read_uri(caller.uri).user) == 115
    assert read_uri(callee.uri).port == 6000
    assert headers.call_id(message).startswith("longreq.onereally")
    assert len(message.headers) == 43
    assert len(message.body) == 150


def test_dblreq(torture: Torture) -> None:
    """What follows the first message of a datagram isn't part of it."""
    message = torture("dblreq")

    assert (message.method, message.body) == ("REGISTER", b"")
    assert headers.call_id(message) == "dblreq.0ha0isndaksdj99sdfafnl3lk233412"


def test_lwsdisp_and_semiuri_and_transports(torture: Torture) -> None:
    """No space before a bracket; a semicolon in a user; five transports, one unheard of."""
    caller, _ = people(torture("lwsdisp"))
    assert caller == NameAddr("caller", "sip:caller@example.com", {"tag": "323"})

    message = torture("semiuri")
    assert read_uri(message.target)[:3] == ("sip", "user;par=u@example.net", "example.com")
    assert headers.listed(message, "accept")[-1] == "message/sipfrag"
    assert len(headers.listed(message, "accept")) == 6

    assert hosts(torture("transports")) == [
        "UDP t1.example.com",
        "SCTP t2.example.com",
        "TLS t3.example.com",
        "UNKNOWN t4.example.com",
        "TCP t5.example.com",
    ]


def test_mpart01_and_unreason_and_noreason(torture: Torture) -> None:
    """A body that isn't text; a reason that isn't ASCII, and one that isn't there."""
    message = torture("mpart01")
    assert (len(message.body), message.missing) == (553, 0)
    assert headers.content_type(message) == ("multipart/mixed", {"boundary": "7a9cbec02ceef655"})
    via = headers.top_via(message)
    assert via is not None
    assert via[:6] == ("UDP", "127.0.0.1", 5070, "z9hG4bK-d87543-4dade06d0bdb11ee-1--d87543-", "", 0)

    message = torture("unreason")
    assert (message.status, message.reason[:12], message.reason[-9:]) == (200, "= 2**3 * 5**", "- простое")
    assert media_direction(message) == "sendrecv"

    message = torture("noreason")
    assert (message.status, message.reason) == (100, "")
    assert headers.tag(message, "to") == "902jndnke3"


@pytest.mark.parametrize(
    ("name", "caller", "callee"),
    [
        ("badaspec", ("Bell, Alexander", "sip:a.g.bell@example.com", "433423"), "sip:t.watson@example.org"),
        ("baddn", ("Bell, Alexander", "sip:a.g.bell@example.com", "43"), "sip:t.watson@example.org"),
        ("quotbal", ("", "sip:caller@example.net", "93334"), "sip:j.user@example.com"),
        ("multi01", ("", "sip:caller@example.com", "3413415"), "sip:user@example.com"),
        ("unksm2", ("", "http://www.example.com", "3234233"), "isbn:2983792873"),
        ("inv2543", ("", "sip:+13035551111@ift.client.example.net;user=phone", ""), "sip:+16505552222@ss1.example.net"),
    ],
)
def test_people_are_read_out_of_what_is_wrong(
    torture: Torture, name: str, caller: tuple[str, str, str], callee: str
) -> None:
    """Names that want quotes, quotes that don't close, schemes that nobody knows, the first of two."""
    message = torture(name)
    told, to = people(message)

    assert told is not None
    assert to is not None
    assert (told.display, told.uri, headers.tag(message, "from")) == caller
    assert to.uri == callee


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("ltgtruri", "<sip:user@example.com>"),
        ("lwsruri", "sip:user@example.com; lr"),
        ("lwsstart", "sip:user@example.com"),
        ("trws", "sip:remote-target@example.com"),
        ("escruri", "sip:user@example.com?Route=%3Csip:example.com%3E"),
        ("unkscm", "nobodyKnowsThisScheme:totallyopaquecontent"),
        ("novelsc", "soap.beep://192.0.2.103:3002"),
    ],
)
def test_a_first_line_with_too_much_in_it_is_read(torture: Torture, name: str, target: str) -> None:
    """Spaces and brackets where none may be: whom it is for is clear all the same."""
    message = torture(name)

    assert message.target == target
    assert read_uri(message.target).user in ("user", "remote-target", "totallyopaquecontent", "//192.0.2.103:3002")


@pytest.mark.parametrize(
    ("name", "bytes_read", "missing"),
    [("clerr", 154, 9845), ("ncl", 152, 0), ("mcl01", 67, 0), ("mismatch02", 138, 0), ("baddate", 150, 0)],
)
def test_a_body_is_read_whatever_its_length_says(torture: Torture, name: str, bytes_read: int, missing: int) -> None:
    """Too long, negative, two of them."""
    message = torture(name)

    assert (len(message.body), message.missing) == (bytes_read, missing)


@pytest.mark.parametrize(
    ("name", "hops"),
    [
        ("badinv01", ["UDP 192.0.2.15"]),
        ("badbranch", ["UDP 192.0.2.1"]),
        ("bcast", ["UDP 192.0.2.198", "UDP 255.255.255.255"]),
        ("insuf", ["UDP 192.0.2.95"]),
    ],
)
def test_hops_are_read(torture: Torture, name: str, hops: list[str]) -> None:
    """With parameters that are none, a branch that says nothing, other headers missing."""
    assert hosts(torture(name)) == hops


def test_parameters_belong_to_the_header_or_the_uri(torture: Torture) -> None:
    """Without brackets all are the header's; within them, the URI's."""
    (without,), (within,) = headers.contacts(torture("cparam01")), headers.contacts(torture("cparam02"))
    (asked,) = headers.contacts(torture("regescrt"))

    assert without.address == NameAddr("", "sip:+19725552222@gw1.example.net", {"unknownparam": ""})
    assert within.address == NameAddr("", "sip:+19725552222@gw1.example.net;unknownparam", {})
    assert read_uri(asked.address.uri).headers == {"route": "<sip:sip.example.com>"}
