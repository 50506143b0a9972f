"""What the redirect server bears: strangers, floods, hostile datagrams; and what it never does to others."""

import os
import random
from ipaddress import ip_network
from itertools import pairwise
from pathlib import Path

import pytest
from gateway_telephony_sip.peers import AMPLIFY, CREDIT_MAX, PEERS_MAX, Peers
from gateway_telephony_sip.redirect.answers import ANSWER_BYTES_MAX
from gateway_telephony_sip.redirect.table import DUE_MAX, TIMER_I_MS
from gateway_telephony_sip.redirect.targets import URI_MAX, ranked
from gateway_telephony_sip.sip import read_sip
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.telephony_sip.tests.redirecting import DEFAULT, PROXY, Peer, chosen, offered, request, status, to_tag

FIXTURES = os.environ.get("GATEWAY_FIXTURES")
ECHOED = {"via", "from", "to", "call-id", "cseq"}
OURS = {"contact", "allow", "accept", "supported", "unsupported", "content-length"}


def test_strangers_get_nothing() -> None:
    """An address outside of the networks, or one that is none, is not answered and not remembered."""
    peer = Peer()

    for stranger in ("192.0.2.1", "::1", "fe80::1%eth0", "", "proxy.example", "10.1.1.1.evil.example"):
        assert peer.send(request(), source=(stranger, 5060)) == []
    assert len(peer.table) == 0
    assert peer.counted["refused_source"] == 6


def test_an_address_of_either_family_is_known_by_its_network() -> None:
    """IPv4 within IPv6 too, as a socket of both families tells it."""
    peer = Peer()

    for friend in ("10.9.9.9", "::ffff:10.9.9.9", "2001:db8::7"):
        assert status(peer.ask(request(), source=(friend, 5060))) == 302


def test_who_sends_too_fast_is_not_heard_for_a_while() -> None:
    """So many datagrams a second from one address, however many ports; others are heard meanwhile."""
    peer = Peer(per_second=10)

    answers = [peer.send(request("OPTIONS"), source=(PROXY[0], port)) for port in range(5_000, 5_012)]

    assert [len(answer) for answer in answers] == [1] * 10 + [0] * 2
    assert peer.counted["refused_rate"] == 2
    assert len(peer.send(request("OPTIONS"), source=("10.1.1.2", 5060))) == 1
    assert [len(peer.send(request("OPTIONS"), at)) for at in (50, 100, 101, 200)] == [0, 1, 0, 1]


def test_sources_are_forgotten_when_there_are_too_many() -> None:
    """Those unheard for the longest time: whoever writes another address on each packet fills no memory."""
    peers = Peers([ip_network("10.0.0.0/8")], 10, lambda what: None)

    first = peers.heard("10.0.0.1", 1, 0)
    for n in range(PEERS_MAX - 1):
        peers.heard(f"10.1.{n >> 8}.{n & 255}", 1, 0)
        assert peers.heard("10.0.0.1", 1, n * 1_000) is first
    peers.heard("10.2.0.1", 1, 0)

    assert len(peers._peers) == PEERS_MAX
    assert "10.1.0.0" not in peers._peers
    assert peers.heard("10.0.0.1", 1, PEERS_MAX * 1_000) is first


def test_an_answer_names_as_many_targets_as_fit() -> None:
    """Those preferred most; what a caller's headers leave of 1,300 bytes is all there is."""
    long = "sip:" + "x" * (URI_MAX - 16) + "@pbx.example"
    eight = ranked([(long.replace("x", str(n), 1), None) for n in range(8)])

    [(data, _)] = Peer(chosen(eight)).send(request(more="Content-Type: application/sdp\r\n" * 10))

    assert len(data) <= ANSWER_BYTES_MAX < len(data) + URI_MAX
    assert offered(read_sip(data)) == [(target.uri, target.q) for target in eight][: len(offered(read_sip(data)))]
    assert len(offered(read_sip(data))) == 4


def test_what_can_not_be_answered_briefly_is_not_answered() -> None:
    """Forty proxies in the Vias: the answer would be longer than one packet, so its proxy takes its own default."""
    peer = Peer()
    vias = "".join(f"Via: SIP/2.0/UDP 192.0.2.{n}:5060;branch=z9hG4bK-{n}\r\n" for n in range(40))

    assert peer.send(request(more=vias)) == []
    assert len(peer.table) == 0
    assert peer.counted["too_long"] == 1


def test_a_short_request_gets_no_long_answer() -> None:
    """To a new source at most three times what came from it goes out: a small INVITE draws no answer of its size."""
    long = ranked([("sip:" + "x" * 180 + f"@pbx{n}.example", None) for n in range(5)])
    short = b"INVITE tel:1 SIP/2.0\r\nv:SIP/2.0/UDP a\r\nf:<a>\r\nt:<a>\r\ni:1\r\nCSeq:1 INVITE\r\n\r\n"
    peer = Peer(chosen(long))

    assert peer.send(short) == []
    assert peer.counted["held_back"] == 1
    assert len(peer.table) == 1
    later = [peer.send(short) for _ in range(9)]  # whoever asks again pays for the answer, bit by bit
    first = next(n for n, sent in enumerate(later) if sent)
    assert first > 2
    assert (first + 1) * AMPLIFY * len(short) < len(later[first][0][0]) <= (first + 2) * AMPLIFY * len(short)


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False))
def test_no_source_gets_more_than_it_pays_for(chance: random.Random) -> None:
    """Over every span of time, bytes out are at most three times the bytes in, and the reserve: with INVITEs that are
    never acknowledged, pings, cancels, repetitions and noise, in any order, and all that Timer G sends."""
    peer = Peer(chosen(ranked([(f"sip:queue{n}@pbx.example", None) for n in range(3)])))
    flow: dict[str, list[int]] = {}
    now = 0
    for _ in range(150):
        source = (f"10.0.0.{chance.randint(1, 2)}", chance.randint(1, 3))
        method = chance.choice(["INVITE", "INVITE", "INVITE", "ACK", "CANCEL", "OPTIONS", "BYE", "NOISE"])
        data = request(
            method, call=f"c{chance.randint(1, 40)}", more="X-Long: " + "y" * chance.choice([0, 400]) + "\r\n"
        )
        flow.setdefault(source[0], []).append(-AMPLIFY * len(data))
        sent = peer.send(data[: chance.choice([len(data), 90])] if method == "NOISE" else data, now, source)
        now += chance.choice([0, 1, 30, 900, 40_000])
        for told, to in sent + peer.table.due(now):
            assert to[0] in flow  # nobody is sent anything who sent nothing
            flow[to[0]].append(len(told))

    for moves in flow.values():
        worst = reached = 0
        for move in moves:
            reached = max(0, reached + move)  # the span that brought most so far
            worst = max(worst, reached)
        assert worst <= CREDIT_MAX
        assert sum(moves) <= 0  # from its first datagram on there was no reserve to draw on


def test_the_reserve_is_bounded() -> None:
    """A proxy that sends much, and then falls silent without an ACK, is sent 64 KiB of repetitions and no more."""
    peer = Peer()
    for n in range(400):
        peer.send(request(call=f"c{n}"))

    repeated = sum(len(data) for at in range(500, 40_000, 500) for data, _ in peer.table.due(at))

    assert CREDIT_MAX - ANSWER_BYTES_MAX < repeated <= CREDIT_MAX
    assert peer.counted["held_back"] > 3_000


def test_repetitions_come_in_portions() -> None:
    """However many are due after a stand-still, one call gives a bounded number, and the next the rest."""
    peer = Peer()
    for n in range(DUE_MAX + 20):
        peer.send(request(call=f"c{n}"), source=(f"10.0.0.{n % 4}", 5060))

    portions = [len(peer.table.due(500)), len(peer.table.due(500)), len(peer.table.due(500))]

    assert portions == [DUE_MAX, 20, 0]


def test_memory_does_not_grow_with_calls() -> None:
    """Thousands of calls, each acknowledged: what is kept is those of the last five seconds."""
    peer = Peer()
    kept = []
    for n in range(3_000):
        now = n * 10
        tag = to_tag(peer.ask(request(call=f"c{n}"), now))
        peer.send(request("ACK", call=f"c{n}", to_tag=tag), now + 1)
        peer.table.due(now + 2)
        kept.append((len(peer.table), len(peer.table._timers), len(peer.table._calls)))

    assert max(kept[1_000:]) == max(kept) <= (TIMER_I_MS // 10 + 1, 2 * TIMER_I_MS // 10, TIMER_I_MS // 10 + 1)
    peer.table.due(40_000)
    assert (len(peer.table), peer.table._timers, peer.table._calls) == (0, [], {})


def told_well(peer: Peer, data: bytes) -> None:
    """Whatever was sent, there is at most one answer, to its source, short, whole, and of headers that belong there."""
    sent = peer.send(data)
    assert len(sent) <= 1
    for told, to in sent:
        answer = read_sip(told)
        assert to[0] == PROXY[0]
        assert len(told) <= ANSWER_BYTES_MAX
        assert {name for name, _ in answer.headers} <= ECHOED | OURS
        assert answer.status < 500
        head = told.removesuffix(b"\r\n\r\n").split(b"\r\n")
        assert b"\n" not in b"".join(head) and b"\r" not in b"".join(head)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["INVITE", "CANCEL", "OPTIONS", "ACK", "REFER"]),
    st.lists(st.tuples(st.integers(0, 500), st.binary(max_size=6), st.integers(0, 4)), min_size=1, max_size=6),
)
def test_mutated_requests_break_nothing(method: str, changes: list[tuple[int, bytes, int]]) -> None:
    """Bytes put in, taken out and overwritten at any place."""
    data = request(method, more="Require: a\r\nDiversion: <sip:a@b>\r\nHistory-Info: <sip:c@d>;index=1\r\n")
    for at, piece, out in changes:
        at %= len(data)
        data = data[:at] + piece + data[at + out :]

    told_well(Peer(), data)


@pytest.mark.parametrize(
    "more",
    [
        "Via: " + "," * 5_000 + "\r\n",
        "Via: " + "<" * 5_000 + "\r\n",
        'Diversion: "' + '\\"' * 5_000 + "\r\n",
        "Diversion: " + "<sip:a@b>," * 3_000 + "\r\n",
        "Require: " + "a," * 5_000 + "\r\n",
        "History-Info: " + "<sip:a@b>;index=" + "1." * 5_000 + "\r\n",
        "X: y\r\n" * 5_000,
        "Contact: <sip:a@b>\rContact: <sip:evil@example>\nVia: x\r\n",
        "To: <sip:a@b>\x00;tag=\x7f\r\n",
    ],
)
def test_headers_made_to_hurt_break_nothing(more: str) -> None:
    """Long lists, brackets that never close, line ends of half a kind."""
    told_well(Peer(), request(more=more))
    told_well(Peer(), request(via="SIP/2.0/UDP 10.1.1.1;branch=z9hG4bK-1" + more[4:200].replace("\r", " "), more=more))


def test_a_line_end_within_a_value_ends_no_header() -> None:
    """A lone CR is a space to us, so that nobody writes headers of ours."""
    sent = request(from_tag="a\rContact: <sip:evil@example>\r\tContact: <sip:evil@example>")

    answer = Peer(chosen(DEFAULT)).ask(sent)

    assert offered(answer) == [("sip:general@pbx.example", 1.0)]


@pytest.mark.skipif(not FIXTURES, reason="GATEWAY_FIXTURES names no folder with the messages of RFC 4475")
def test_torture_messages_break_nothing() -> None:
    """Those of RFC 4475, each alone and cut at some places."""
    paths = sorted(Path(str(FIXTURES), "sip", "torture").glob("*.dat"))
    peer = Peer()

    assert len(paths) == 49
    for path in paths:
        data = path.read_bytes()
        for end in range(len(data), 0, -97):
            told_well(peer, data[:end])


def test_targets_are_in_the_order_of_preference() -> None:
    """Without a q each has a little less than the one before it."""
    found = ranked([("sip:a@x", None), ("sip:b@x", None), ("tel:+1555", 0.95), ("sip:c@x", 0), ("sip:d@x", None)])

    assert [(target.uri, target.q) for target in found] == [
        ("sip:a@x", 1.0), ("tel:+1555", 0.95), ("sip:b@x", 0.9), ("sip:c@x", 0.0), ("sip:d@x", 0.0),
    ]  # fmt: skip
    assert all(one.q >= two.q for one, two in pairwise(found))
