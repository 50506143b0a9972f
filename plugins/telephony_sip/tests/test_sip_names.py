"""The names that join the legs of a call, and what is no name; calls of several legs."""

from dataclasses import replace

import pytest
from gateway_telephony_sip.facts import Call, Leg, Logged
from gateway_telephony_sip.message import Captured
from gateway_telephony_sip.names import NAME_MAX, call_name, call_names
from gateway_telephony_sip.rules import Rules

from plugins.telephony_sip.tests.calls import CALL_ID, RULES, T0, call_of, legs_of, request, response, story

ONE, TWO, NIL = "a" * 32, "b" * 32, "0" * 32


def names(*headers: str, id: str = CALL_ID, rules: Rules = RULES, correlation: str = "") -> tuple[str, ...]:
    packet = replace(request("INVITE", 0, id=id, headers=headers), correlation=correlation)
    return legs_of([packet], rules)[id].names


def test_a_session_id_gives_a_name_for_each_side_that_is_known() -> None:
    """RFC 7989: the pair has no order, and one side is zeros at first."""
    assert (f"session:{ONE}",) == names(f"Session-ID: {ONE};remote={NIL}")
    assert (f"session:{ONE}", f"session:{TWO}") == names(f"Session-ID: {TWO};remote={ONE}")
    assert () == names(f"Session-ID: {NIL}") == names("Session-ID: nonsense")
    assert names(f"Session-ID: {ONE}", rules=Rules(session_id=False)) == ()


def test_a_configured_header_gives_its_value() -> None:
    """It may be the Call-ID of another leg, so it stands as it is."""
    assert names("X-CID: orion-7781") == ("orion-7781",)
    assert names("X-Call-Id: other@pbx.example") == ("other@pbx.example",)
    assert names("X-HDAP-TraceId: trace-12", rules=Rules(headers=("x-hdap-traceid",))) == ("trace-12",)
    assert names(f"X-CID: {CALL_ID}") == ()


@pytest.mark.parametrize("value", ["", "0", "-", "none", "NULL", "unknown", "0000-0000", "00000000"])
def test_a_value_that_says_nothing_joins_nobody(value: str) -> None:
    """Exchanges that don't know send such values with every call."""
    assert () == names(f"X-CID: {value}") == names(f"P-Charging-Vector: icid-value={value}")


def test_the_charging_id_counts_in_requests() -> None:
    """Responses may carry that of another network."""
    vector = 'P-Charging-Vector: icid-value="1234bc9876e";icid-generated-at=192.0.2.1'

    assert names(vector) == ("icid:1234bc9876e",)
    assert legs_of([response(180, 0, headers=[vector])])[CALL_ID].names == ()
    assert names(vector, rules=Rules(icid=False)) == ()


def test_the_capturer_may_name_the_call() -> None:
    """A channel's name at Asterisk counts from 1 again after a restart, and is no name."""
    assert names(correlation="leg-a@pbx.example") == ("leg-a@pbx.example",)
    assert () == names(correlation="PJSIP/6001-0000001f") == names(correlation="Local/9@agents-00000002;1")
    assert names(correlation="leg-a@pbx.example", rules=Rules(capture_correlation=False)) == ()


def test_a_suffix_of_the_exchange_is_taken_off() -> None:
    """`A_pbx-1`, `A-0`, before an @ as well; what is left has to say something."""
    assert ("4f5e6d7c",) == names(id="4f5e6d7c_pbx-1") == names(id="4f5e6d7c-0") == names(id="4f5e6d7c_b2b-12")
    assert names(id="4f5e6d7c-0@h") == ("4f5e6d7c@h",)
    assert () == names(id="a-1") == names(id="4f5e6d7c.1")
    assert names(id="4f5e6d7c-0", rules=Rules(suffixes=())) == ()
    assert names(id="4f5e6d7c.leg2", rules=Rules(suffixes=(".leg#",))) == ("4f5e6d7c",)


def test_a_counter_at_the_end_joins_nobody() -> None:
    """As diallers and telephones write Call-IDs: `20260115-0001`, `20260115-0002` are two strangers' calls."""
    assert () == names(id="20260115-0001@dialler") == names(id="1803247566-5060-2@10.0.0.7")


def test_long_names_stay_apart() -> None:
    """Two that begin alike never become one by being cut; a name fits into the id of an event."""
    long = "x" * 500

    assert call_name(long + "1") != call_name(long + "2")
    assert len(call_name(long)) == NAME_MAX
    assert call_name("\x00\udcffid").isprintable()


def test_a_call_is_known_by_all_its_names() -> None:
    """Call-IDs, what its legs share, and what logs call it."""
    line = Logged(T0, "entered", "queue_log", call="asterisk:1767225600.7")

    assert call_names(Call(legs={"one": Leg(names=("session:x",)), "two": Leg()}, logged=(line,))) == (
        "asterisk:1767225600.7",
        "one",
        "session:x",
        "two",
    )


@pytest.mark.parametrize(
    ("one", "two", "correlation"),
    [
        ((f"Session-ID: {ONE};remote={NIL}",), (f"Session-ID: {ONE};remote={TWO}",), ("", "")),
        ((f"Session-ID: {ONE};remote={TWO}",), (f"Session-ID: {TWO};remote={ONE}",), ("", "")),
        (("X-CID: orion-7781",), ("X-CID: orion-7781",), ("", "")),
        ((), ("X-Call-Id: one@a",), ("", "")),
        ((), ("X-CID: one@a",), ("", "")),
        (("P-Charging-Vector: icid-value=4711@b",), ("P-Charging-Vector: icid-value=4711@b;orig-ioi=h",), ("", "")),
        ((), (), ("group-1", "group-1")),
        ((), (), ("", "one@a")),
    ],
)
def test_two_legs_of_an_exchange_share_a_name(
    one: tuple[str, ...], two: tuple[str, ...], correlation: tuple[str, str]
) -> None:
    """By each rule; without any they are strangers, however alike their numbers and times."""
    first = replace(request("INVITE", 0, id="one@a", headers=one), correlation=correlation[0])
    second = replace(request("INVITE", 1, id="two@b", headers=two), correlation=correlation[1])
    stranger = request("INVITE", 1, id="two@b")

    assert set(call_names(call_of([first]))) & set(call_names(call_of([second])))
    assert not set(call_names(call_of([first]))) & set(call_names(call_of([stranger])))


def test_a_leg_with_a_suffix_shares_the_other_ones_call_id() -> None:
    """As some exchanges name their second leg."""
    for id in ("4f5e6d7c@a_b2b-1", "4f5e6d7c_pbx-1@a", "4f5e6d7c-0@a"):
        assert "4f5e6d7c@a" in call_names(call_of([request("INVITE", 0, id=id)]))


def b2bua(*, answered_at: int = 300) -> list[Captured]:
    """An exchange that answers the caller at once, and calls an agent, who takes the call after 20 s."""
    return [
        request("INVITE", 0),
        response(200, answered_at),
        request("INVITE", 15_000, id="two@pbx.example", tags=("pbx", ""), target="sip:6001@10.0.0.5"),
        response(180, 15_100, id="two@pbx.example", tags=("pbx", "kim")),
        response(
            200, 20_000, id="two@pbx.example", tags=("pbx", "kim"), headers=["Contact: <sip:6001@10.0.0.5:5060;ob>"]
        ),
        request("INVITE", 25_000, id="two@pbx.example", tags=("kim", "pbx"), cseq=1, branch="hold", sdp="sendonly"),
        request("INVITE", 27_000, id="two@pbx.example", tags=("kim", "pbx"), cseq=2, branch="back", sdp="sendrecv"),
        request("BYE", 60_000, id="two@pbx.example", tags=("kim", "pbx"), cseq=3, branch="bye2"),
        request("BYE", 60_010, tags=("bob", "ann"), cseq=2, branch="bye"),
    ]


def test_the_agents_leg_answers_where_the_exchange_plays_music() -> None:
    """`answered_by: agent_leg`; holds of any leg count, and the customer's leg ends the call."""
    expected = {"outcome": "answered", "answered": 20_000, "ended": 60_010, "by": "agent", "holds": [(25_000, 27_000)]}

    assert expected == story(call_of(b2bua()), Rules(answered_by="agent_leg"))
    assert {**expected, "answered": 300} == story(call_of(b2bua()))


def test_who_hangs_up_in_the_music_has_abandoned() -> None:
    """The exchange had answered; nobody of ours had."""
    packets = [request("INVITE", 0), response(200, 300), request("BYE", 30_000, tags=("ann", "bob"), cseq=2)]
    by_exchange = [*packets[:2], request("BYE", 30_000, tags=("bob", "ann"), cseq=2)]
    rules = Rules(answered_by="agent_leg")

    assert story(call_of(packets), rules) == {"outcome": "abandoned", "ended": 30_000, "by": "caller"}
    assert story(call_of(by_exchange), rules) == {"outcome": "no_answer", "ended": 30_000, "by": "agent"}


def test_a_transfer_is_another_call() -> None:
    """Whose place a call takes is said, and joins nothing; where the exchange joins both, it is a transfer."""
    replacing = request(
        "INVITE", 30_000, id="two", tags=("kim", ""), headers=[f"Replaces: {CALL_ID};to-tag=bob;from-tag=ann"]
    )
    first = [request("INVITE", 0), response(200, 300)]
    second = [replacing, response(200, 31_000, id="two", tags=("kim", "pbx"), headers=["Contact: <sip:7@h>"])]

    assert legs_of(second)["two"].names == ()
    assert "transfers" not in story(call_of(second))
    assert story(call_of(first + second))["transfers"] == [(31_000, "sip:7@h")]


def test_a_pickup_is_no_transfer() -> None:
    """It takes the place of a leg that only rang."""
    ringing = [request("INVITE", 0), response(180, 300), request("CANCEL", 5_000), response(487, 5_010)]
    taken = request("INVITE", 4_000, id="two", tags=("kim", ""), headers=[f"Replaces: {CALL_ID};to-tag=b;from-tag=a"])
    up = response(200, 4_100, id="two", tags=("kim", "pbx"))

    assert "transfers" not in story(call_of([*ringing, taken, up]))


def test_the_main_leg_is_the_earliest() -> None:
    """Ties go by the Call-ID; a leg whose INVITE was seen goes before one whose wasn't."""
    from gateway_telephony_sip.call import became

    tied = call_of([request("INVITE", 5, id="zwei"), request("INVITE", 5, id="drei"), response(180, 1, id="aaaa")])
    told = became(tied, RULES)

    assert told is not None and told.id == "drei"
