"""The redirect server's transactions by RFC 3261, rule by rule."""

import pytest
from gateway_telephony_sip.message import Message
from gateway_telephony_sip.redirect.table import KEPT_MAX, OF_CALL_MAX, T1_MS, TIMER_H_MS, TIMER_I_MS
from gateway_telephony_sip.redirect.targets import Targets, ranked
from gateway_telephony_sip.sip import read_sip

from gateway.plugin import Source
from plugins.telephony_sip.tests.redirecting import DEFAULT, PROXY, VIP, Peer, chosen, offered, request, status, to_tag


def test_an_invite_is_sent_on_to_what_was_chosen() -> None:
    """302 with each target by its q; Via, From, Call-ID and CSeq as they were, To with a tag (8.2.6.2, 8.3)."""
    invite = request(more="Via: SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK-0\r\n")

    answer = Peer().ask(invite)

    asked = read_sip(invite)
    assert answer is not None
    assert offered(answer) == [("sip:vip@pbx.example", 1.0), ("sip:overflow@pbx.example", 0.5)]
    assert answer.every("via") == asked.every("via")
    assert [answer.first(name) for name in ("from", "call-id", "cseq")] == [
        asked.first(name) for name in ("from", "call-id", "cseq")
    ]
    assert answer.first("to").startswith(asked.first("to") + ";tag=")
    assert answer.first("content-length") == "0"


def test_an_invite_again_gets_the_same_bytes() -> None:
    """However often it comes, from another port too, and whatever would be chosen now (17.2.1)."""
    peer = Peer(chosen(VIP, DEFAULT))
    first = peer.send(request())

    assert peer.send(request(), 400) == peer.send(request(), 900, (PROXY[0], 9_999)) == first
    assert len(peer.table) == 1


def test_another_transaction_is_chosen_for_anew() -> None:
    """Another branch, sent-by, CSeq, call or source: another transaction (17.2.3)."""
    peer = Peer()
    for invite in (
        request(),
        request(via="SIP/2.0/UDP 10.1.1.1;branch=z9hG4bK-2"),
        request(via="SIP/2.0/UDP 10.1.1.2;branch=z9hG4bK-1"),
        request(number=2),
        request(call="call-2@proxy.example"),
    ):
        peer.send(invite)
    peer.send(request(), source=("10.1.1.9", 5060))

    assert len(peer.table) == 6


def test_a_final_answer_is_repeated_until_timer_h() -> None:
    """Timer G: after 500 ms, doubling to 4 s; after 32 s without an ACK the INVITE is forgotten (17.2.1)."""
    peer = Peer()
    for _ in range(10):
        peer.send(request("OPTIONS"))  # so that enough has come in for all that goes out
    first = peer.send(request())
    sent = []
    now = 0
    while (now := peer.table.next_due or 0) and len(sent) < 50:
        sent += [(now, again) for again in peer.table.due(now)]

    assert [at for at, _ in sent] == [500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]
    assert {again for _, again in sent} == set(first)
    assert len(peer.table) == 0
    assert peer.counted["not_acknowledged"] == 1


def test_an_ack_ends_the_repetitions_and_is_not_answered() -> None:
    """Then the transaction is silent for 5 s, to an INVITE that comes late as well, and is forgotten (17.2.1)."""
    peer = Peer()
    tag = to_tag(peer.ask(request()))

    assert peer.send(request("ACK", to_tag=tag), 100) == []
    assert peer.table.due(100 + TIMER_I_MS - 1) == []
    assert peer.send(request(), 100 + TIMER_I_MS - 1) == []
    assert peer.send(request("ACK", to_tag=tag), 100 + TIMER_I_MS - 1) == []
    assert peer.table.due(100 + TIMER_I_MS) == []
    assert (len(peer.table), peer.table.next_due) == (0, None)
    assert peer.counted["not_acknowledged"] == 0


def test_a_stray_ack_is_not_answered() -> None:
    """Nor one that lacks what every request has."""
    peer = Peer()

    assert peer.send(request("ACK", to_tag="x")) == []
    assert peer.send(request("ACK").replace(b"Call-ID", b"Other")) == []


def test_a_cancel_after_the_final_answer_is_answered_and_changes_nothing() -> None:
    """200 with the tag that the INVITE was answered with; no 487, the 302 stands (9.2)."""
    peer = Peer()
    final = peer.send(request())
    tag = to_tag(read_sip(final[0][0]))

    answer = peer.ask(request("CANCEL"), 20)

    assert status(answer) == 200
    assert to_tag(answer) == tag
    assert answer is not None and answer.first("cseq") == "1 CANCEL"
    assert peer.table.due(T1_MS) == final
    assert peer.send(request("ACK", to_tag=tag), 600) == []
    assert status(peer.ask(request("CANCEL"), 700)) == 200


def test_a_cancel_of_nothing_is_told_so() -> None:
    """481 where no such INVITE is known: another branch, or one forgotten (9.2)."""
    peer = Peer()
    peer.send(request())

    assert status(peer.ask(request("CANCEL", via="SIP/2.0/UDP 10.1.1.1;branch=z9hG4bK-9"))) == 481
    peer.table.due(TIMER_H_MS)
    peer.table.due(TIMER_H_MS)
    assert status(peer.ask(request("CANCEL"), TIMER_H_MS)) == 481


def test_options_are_answered_always() -> None:
    """A proxy that pings gets 200 with what is able (11.2), hops left or not, and nothing is kept of it."""
    peer = Peer()

    answer = peer.ask(request("OPTIONS", hops="Max-Forwards: 0\r\n"))

    assert answer is not None
    assert (answer.status, answer.first("allow")) == (200, "INVITE, ACK, CANCEL, OPTIONS")
    assert answer.first("accept") == "application/sdp"
    assert len(peer.table) == 0
    assert peer.send(request("OPTIONS")) == peer.send(request("OPTIONS"))


@pytest.mark.parametrize("method", ["BYE", "REGISTER", "SUBSCRIBE", "INFO", "PRACK", "UPDATE", "invite", "X-OTHER"])
def test_other_methods_are_not_allowed(method: str) -> None:
    """405 with those that are (8.2.1); methods are told apart by case (7.1)."""
    answer = Peer().ask(request(method))

    assert answer is not None
    assert (answer.status, answer.first("allow")) == (405, "INVITE, ACK, CANCEL, OPTIONS")


@pytest.mark.parametrize(
    ("refused", "invite"),
    [
        (483, request(hops="Max-Forwards: 0\r\n")),
        (483, request(hops="Max-Forwards: 00\r\n")),
        (416, request(uri="urn:service:sos")),
        (481, request(to_tag="known")),
        (400, request().replace(b"1 INVITE", b"1 BYE")),
        (400, request().replace(b"1 INVITE", b"many INVITE")),
        (400, request().replace(b"Call-ID", b"Other")),
        (400, request().replace(b"From", b"Other")),
        (400, request().replace(b"To:", b"Other:")),
    ],
)
def test_what_is_wrong_with_an_invite_is_said(refused: int, invite: bytes) -> None:
    """No hop left, an address of no telephone, a dialog that doesn't exist, a request that is none; never a 5xx."""
    answer = Peer().ask(invite)

    assert status(answer) == refused
    assert answer is not None and answer.first("contact") == ""


def test_hops_that_are_not_told_or_make_no_sense_do_not_matter() -> None:
    """RFC 2543 had no Max-Forwards."""
    assert status(Peer().ask(request(hops=""))) == 302
    assert status(Peer().ask(request(hops="Max-Forwards: soon\r\n"))) == 302


def test_an_extension_that_is_required_and_unknown_is_named() -> None:
    """420 with Unsupported (8.2.2.3); what binds only who rings or answers doesn't concern a redirect server."""
    answer = Peer().ask(request(more="Require: 100rel, secret-handshake\r\nRequire: other\r\n"))

    assert answer is not None
    assert (answer.status, answer.first("unsupported")) == (420, "secret-handshake, other")
    assert status(Peer().ask(request(more="Require: 100REL, timer\r\n"))) == 302


def test_a_refusal_is_kept_like_any_final_answer() -> None:
    """Repeated by Timer G, and silent after the ACK."""
    peer = Peer()
    refused = peer.send(request(hops="Max-Forwards: 0\r\n"))

    assert peer.table.due(T1_MS) == refused
    assert peer.send(request("ACK"), 600) == []
    assert peer.table.due(1_500) == []


def test_nothing_is_answered_but_requests() -> None:
    """Responses, keep-alives and noise get nothing (RFC 5626, section 4.4.1: CRLF; zeroes as some send them)."""
    peer = Peer()
    response = b"SIP/2.0 200 OK" + request()[request().index(b"\r\n") :]

    for data in (response, b"", b"\r\n\r\n", b"\0\0\0\0", b" \t\r\n", b"hello", b"\xff" * 300, b"INVITE sip:a SIP/2.0"):
        assert peer.send(data) == []
    assert peer.counted["response"] == 1
    assert peer.counted["keep_alive"] == 4
    assert peer.counted["unreadable"] == 3


def test_a_call_that_comes_back_is_turned_away() -> None:
    """Asked for at an address that it was sent to: 482, and nothing is chosen for it."""
    asked = []

    def choose(invite: Message, source: Source) -> Targets:
        asked.append(invite.target)
        return VIP

    peer = Peer(choose)
    peer.send(request())
    back = request(uri="sip:overflow@PBX.example:5060;transport=udp", via="SIP/2.0/UDP 10.1.1.1;branch=z9hG4bK-2")

    assert status(peer.ask(back)) == 482
    assert asked == ["sip:+15551230000@gateway.example"]


def test_an_address_is_never_redirected_to_itself() -> None:
    """What was asked for is left out of the answer (8.3); with nothing left, the default; with nothing at all, 482."""
    to_vip = "sip:vip@pbx.example"
    only = chosen(ranked([(to_vip, None)]))

    assert offered(Peer().ask(request(uri=to_vip))) == [("sip:overflow@pbx.example", 0.5)]
    assert offered(Peer(only).ask(request(uri=to_vip))) == [("sip:general@pbx.example", 1.0)]
    assert status(Peer(chosen(DEFAULT)).ask(request(uri="sip:general@pbx.example"))) == 482


@pytest.mark.parametrize(
    "more",
    [
        "History-Info: <sip:+15551230000@gateway.example>;index=1, <sip:vip@pbx.example?Reason=SIP>;index=1.1\r\n",
        "Diversion: <sip:vip@pbx.example>;reason=no-answer\r\n",
    ],
)
def test_a_call_is_not_sent_where_it_has_been(more: str) -> None:
    """As its history says (RFC 7044), or who diverted it (RFC 5806), though the first INVITE is long forgotten."""
    assert offered(Peer().ask(request(more=more))) == [("sip:overflow@pbx.example", 0.5)]


def test_a_call_that_asks_again_and_again_goes_in_a_circle() -> None:
    """However new each of its transactions looks; other calls are sent on as before."""
    peer = Peer()
    asked = [peer.ask(request(via=f"SIP/2.0/UDP 10.1.1.1;branch=z9hG4bK-{n}")) for n in range(OF_CALL_MAX + 2)]

    assert [status(answer) for answer in asked] == [302] * OF_CALL_MAX + [482] * 2
    assert status(peer.ask(request(from_tag="bob"))) == 302


def test_a_call_that_starts_anew_is_not_a_circle() -> None:
    """The same call and address under another CSeq, as after a 401 of somebody else's: sent on as before."""
    peer = Peer()
    peer.send(request())

    again = request(number=2, via="SIP/2.0/UDP 10.1.1.1;branch=z9hG4bK-2")

    assert offered(peer.ask(again)) == [("sip:vip@pbx.example", 1.0), ("sip:overflow@pbx.example", 0.5)]


def test_where_choosing_fails_the_default_is_taken() -> None:
    """Whatever is raised, or nothing chosen: a caller is sent somewhere, and never a 5xx."""

    def fails(invite: Message, source: Source) -> Targets:
        raise RuntimeError("no rules today")

    peer = Peer(fails)

    assert offered(peer.ask(request())) == [("sip:general@pbx.example", 1.0)]
    assert peer.counted["choice_failed"] == 1
    assert offered(Peer(chosen(())).ask(request())) == [("sip:general@pbx.example", 1.0)]


@pytest.mark.parametrize(
    ("via", "source", "to", "told"),
    [
        ("10.1.1.1", PROXY, PROXY, "10.1.1.1"),
        ("10.1.1.1:5070", PROXY, ("10.1.1.1", 5070), "10.1.1.1:5070"),
        ("192.0.2.1:5070", PROXY, ("10.1.1.1", 5070), "192.0.2.1:5070;received=10.1.1.1"),
        ("victim.example", PROXY, PROXY, "victim.example;received=10.1.1.1"),
        ("10.1.1.1;maddr=192.0.2.1", PROXY, PROXY, "10.1.1.1;maddr=192.0.2.1"),
        ("192.0.2.1;rport", ("10.1.1.1", 7_777), ("10.1.1.1", 7_777), "192.0.2.1;received=10.1.1.1;rport=7777"),
        (
            "192.0.2.1:5070;RPORT=1;received=192.0.2.7",
            ("10.1.1.1", 7_777),
            ("10.1.1.1", 7_777),
            "192.0.2.1:5070;received=10.1.1.1;rport=7777",
        ),
        (
            "[2001:db8::9]:5070",
            ("2001:db8::1", 4_000),
            ("2001:db8::1", 5_070),
            "[2001:db8::9]:5070;received=2001:db8::1",
        ),
    ],
)
def test_answers_go_to_where_the_datagram_came_from(via: str, source: Source, to: Source, told: str) -> None:
    """Never to a host that is named; the port is the datagram's with `rport` (RFC 3581), else the Via's (18.2.2)."""
    host, _, params = via.partition(";")
    sent = request(via=f"SIP/2.0/UDP {host};branch=z9hG4bK-1" + (f";{params}" if params else ""))

    [(data, reply_to)] = Peer().send(sent, source=source)

    host, _, params = told.partition(";")
    assert reply_to == to
    assert read_sip(data).first("via") == f"SIP/2.0/UDP {host};branch=z9hG4bK-1" + (f";{params}" if params else "")


def test_vias_that_share_a_line_are_all_given_back() -> None:
    """Only the newest, the first one, is touched."""
    newest, older = "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK-1", "SIP/2.0/TCP a.example;branch=z9hG4bK-0;received=1.2.3.4"

    answer = Peer().ask(request(via=f"{newest}, {older}"))

    assert answer is not None
    assert answer.first("via") == f"{newest};received=10.1.1.1, {older}"


@pytest.mark.parametrize("branch", ["", ";branch=1", ";branch=longer-than-the-cookie", ";branch=z9hG4bK"])
def test_clients_of_rfc_2543_are_served(branch: str) -> None:
    """Without a branch that names the transaction, the whole request does (17.2.3); ACK and CANCEL find it."""
    via = f"SIP/2.0/UDP 10.1.1.1{branch}"
    peer = Peer(chosen(VIP, DEFAULT))
    first = peer.send(request(via=via))
    tag = to_tag(read_sip(first[0][0]))

    assert peer.send(request(via=via), 100) == first
    assert len(peer.table) == 1
    assert status(peer.ask(request("CANCEL", via=via), 100)) == 200
    assert peer.send(request("ACK", via=via, to_tag=tag), 100) == []
    assert peer.table.due(T1_MS) == []
    for other in (request(via=via, from_tag="bob"), request(via=via, uri="sip:+15551230009@gateway.example")):
        assert offered(peer.ask(other, 100)) == [("sip:general@pbx.example", 1.0)]


def test_tags_are_the_same_after_a_restart_and_nobody_can_tell_them() -> None:
    """They are made of the request and the key, and of nothing that a restart forgets."""
    one, two, other = Peer(), Peer(), Peer(key=b"another")

    assert one.send(request()) == two.send(request())
    assert to_tag(one.ask(request())) != to_tag(other.ask(request()))
    assert len({to_tag(one.ask(request(call=f"call-{n}"))) for n in range(100)}) == 100


def test_a_clock_that_is_set_back_delays_nothing() -> None:
    """Timers go on from where they were; they would wait for an hour else."""
    peer = Peer()
    hour = 3_600_000
    final = peer.send(request(), hour)

    assert peer.table.due(0) == []
    assert peer.table.next_due == T1_MS
    assert peer.table.due(T1_MS) == final


def test_a_table_that_is_full_sends_on_all_the_same() -> None:
    """To the default target, unasked and unkept, with the same bytes each time. One source may fill three quarters."""
    peer = Peer(kept_max=4)
    for n in range(3):
        peer.send(request(call=f"call-{n}"))

    over = peer.send(request(call="one more"))

    assert offered(read_sip(over[0][0])) == [("sip:general@pbx.example", 1.0)]
    assert peer.send(request(call="one more")) == over
    assert len(peer.table) == 3
    assert peer.counted["not_kept"] == 2
    assert offered(peer.ask(request(), source=("10.2.2.2", 5060)))[0] == ("sip:vip@pbx.example", 1.0)
    assert offered(peer.ask(request(), source=("10.3.3.3", 5060))) == [("sip:general@pbx.example", 1.0)]
    assert len(peer.table) == 4
    assert KEPT_MAX >= 500 * TIMER_H_MS // 1_000
