"""The calls of the bench are what they say: each is one answered call, and an INVITE that a redirect server takes."""

from ipaddress import ip_network
from random import Random

from gateway_telephony_sip.call import became
from gateway_telephony_sip.facts import Call, Leg, join_legs
from gateway_telephony_sip.hep import read_hep
from gateway_telephony_sip.leg import leg_of
from gateway_telephony_sip.redirect.table import Table
from gateway_telephony_sip.redirect.targets import ranked
from gateway_telephony_sip.rules import Rules
from gateway_telephony_sip.sip import read_sip

from bench import sip_calls
from bench.sip_hear import AT, stream
from bench.sip_load import _NUMBER, _TAG


def test_a_call_is_fourteen_packets_of_one_answered_call() -> None:
    """Whatever the order of its packets."""
    seen = list(sip_calls.call(7, AT))
    Random(1).shuffle(seen)
    legs: dict[str, Leg] = {}
    for one in seen:
        captured = read_hep(one.data)
        said = leg_of(read_sip(captured.payload), captured, captured.at or AT, Rules())
        if said is not None:
            legs[said[0]] = join_legs(legs.get(said[0], Leg()), said[1])
    told = became(Call(legs=legs), Rules())

    assert len(seen) == sip_calls.PACKETS
    assert list(legs) == [sip_calls.call_id(7)]
    assert told is not None
    assert told.ringing is not None
    assert told.answered is not None
    assert (told.opened_at, told.ringing.at, told.answered.at, told.end.at) == (AT, AT + 90, AT + 12_000, AT + 192_000)
    assert told.caller.endswith("@trunk.example")
    assert (told.wait_ms, told.handle_ms, told.end.ended_by, told.end.is_lost) == (12_000, 180_000, "caller", False)


def test_the_stream_has_all_packets_in_the_order_of_their_times() -> None:
    """Calls begin evenly."""
    packets = list(stream(50, 10))
    assert len(packets) == 50 * sip_calls.PACKETS
    assert [at for at, _ in packets] == sorted(at for at, _ in packets)
    assert packets[-1][0] == AT + 4_900 + 192_021


def test_a_redirect_server_answers_the_invites_and_takes_the_acknowledgements() -> None:
    """302 to each, and silence after its ACK."""
    here = ranked([("sip:voice@192.0.2.40", None)])
    table = Table(lambda *_: here, here, allow=[ip_network("127.0.0.0/8")], key=b"k", per_second=100, count=print)
    source = ("127.0.0.1", 40_000)
    [(answer, to)] = table.receive(sip_calls.invite(9, source[1]), source, AT)
    number, tag = _NUMBER.search(answer), _TAG.search(answer)

    assert answer.startswith(b"SIP/2.0 302")
    assert to == source
    assert number is not None
    assert tag is not None
    assert int(number[1], 16) == 9
    assert table.receive(sip_calls.ack(9, source[1], tag[1].decode()), source, AT + 1) == []
    assert table.due(AT + 10_000) == [], "an answer that wasn't acknowledged would come again"
