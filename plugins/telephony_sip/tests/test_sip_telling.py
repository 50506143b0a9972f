"""The events of a call: ids, order, what they carry, and ends that silence will bring."""

import re
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any, get_args

import pytest
from gateway_telephony_sip.facts import Call, Logged, Recording, join
from gateway_telephony_sip.message import Captured
from gateway_telephony_sip.numbers import Plan
from gateway_telephony_sip.outcome import Outcome
from gateway_telephony_sip.rules import Rules
from gateway_telephony_sip.telling import TAGGED, tell

from gateway.plugin import (
    DAY_MS,
    EVENT_ID_MAX,
    UNSET,
    CallAbandoned,
    CallAnswered,
    CallEnded,
    CallQueued,
    CallTransferred,
    ContactObserved,
    ContactOpened,
    Customer,
    Event,
    Handle,
    StatusChanged,
    check_event,
    decode_event,
    encode_event,
)
from plugins.telephony_sip.tests.calls import CALL_ID, RULES, T0, call_of, request, response

TALK, BACK = ("ann", "bob"), ("bob", "ann")
AGENT = ["Contact: <sip:6001@10.0.0.5:5060;ob>"]
TO_6002 = ["Refer-To: <sip:6002@pbx.example>"]
WHOLE = [
    request("INVITE", 0, headers=["Diversion: <sip:+4930999@h>;reason=no-answer, <sip:+4930888@h>;reason=busy"]),
    response(182, 0),
    response(180, 500),
    response(200, 2_000, headers=AGENT),
    request("INVITE", 3_000, tags=BACK, sdp="sendonly", branch="b1"),
    request("INVITE", 4_500, tags=BACK, sdp="sendrecv", branch="b2", cseq=2),
    request("REFER", 5_000, tags=BACK, cseq=3, headers=TO_6002),
    response(202, 5_000, method="REFER", tags=BACK, cseq=3),
    request("BYE", 9_000, tags=TALK, cseq=2, branch="bye"),
]


def told(*packets: Captured, rules: Rules = RULES, also: Call | None = None) -> list[Event]:
    call = call_of(packets, rules)
    return list(tell(join(call, also) if also else call, rules))


def of(kind: type, events: list[Event]) -> Any:
    """The last event of a kind."""
    return [event for event in events if isinstance(event, kind)][-1]


def test_a_call_is_told_from_its_opening_to_its_end() -> None:
    """One id for each fact, in the order of time and, within an instant, of sense."""
    events = told(*WHOLE)
    lines = [(event.id.removeprefix(f"{CALL_ID}:"), int(event.at) - T0) for event in events]

    assert lines == [
        ("opened", 0),
        ("queued", 0),
        ("ringing", 500),
        ("answered", 2_000),
        ("answered:status", 2_000),
        ("held:1", 3_000),
        ("resumed:1", 4_500),
        ("transferred:1", 5_000),
        ("outcome", 9_000),
        ("end", 9_000),
        ("end:status", 9_000),
    ]
    assert [(event.at, event.sequence) for event in events] == sorted((event.at, event.sequence) for event in events)
    assert {("call", CALL_ID)} == {(event.ref.kind, event.ref.id) for event in events}


def test_events_carry_what_is_known() -> None:
    """Who calls at the opening; who answered; to whom it was transferred; figures and their source at the end."""
    events = told(*WHOLE)
    opened, answered = of(ContactOpened, events), of(CallAnswered, events)
    outcome = of(ContactObserved, events)

    assert (opened.kind, opened.channel, opened.direction) == ("call", "phone", "inbound")
    assert opened.customer == Customer(phone="+4915550100") and opened.subject is UNSET
    assert opened.fields == {
        "called_number": "+4930111222",
        "original_number": "+4930888",
        "redirecting_number": "+4930999",
    }
    assert answered.agent == "6001"
    assert of(CallTransferred, events).agent == "6002"
    assert outcome.tags == ()
    assert outcome.fields == {
        "outcome": "answered",
        "wait_s": 2,
        "talk_s": 5.5,
        "hold_s": 1.5,
        "handle_s": 7,
        "ended_by": "caller",
        "called_number": "+4930111222",
        "original_number": "+4930888",
        "measured_by": "queued sip, answered sip, ended sip",
    }
    assert of(CallEnded, events).reason == "answered"
    assert of(StatusChanged, events).to == "solved"


def test_every_event_can_be_stored() -> None:
    """Its id is short enough, whatever the Call-ID; it is read back as it was."""
    events = told(*(replace(packet, payload=packet.payload.replace(CALL_ID.encode(), b"x" * 900)) for packet in WHOLE))

    assert len(events) == 11
    for event in events:
        check_event(event)
        assert len(event.id) <= EVENT_ID_MAX
        assert event == decode_event(encode_event(event))


@pytest.mark.parametrize(
    ("code", "tag"),
    [(486, "busy"), (603, "declined"), (480, "no_answer"), (404, "bad_number"), (500, "failed")],
)
def test_a_call_that_failed_is_closed_with_its_tag(code: int, tag: str) -> None:
    """Or stays open for somebody to call back."""
    packets = [request("INVITE", 0), response(code, 900)]
    events = told(*packets)
    outcome = of(ContactObserved, events)

    assert ((tag,), tag, code) == (outcome.tags, outcome.fields["outcome"], outcome.fields["sip_code"])
    assert of(CallEnded, events).reason == tag
    assert of(StatusChanged, events).to == "closed"
    assert of(StatusChanged, told(*packets, rules=Rules(missed="open"))).to == "open"


@pytest.mark.parametrize(
    ("at", "short_s", "tag"),
    [(4_999, 5, "short_abandoned"), (5_000, 5, "abandoned"), (20_000, 5, "abandoned"), (0, 0, "abandoned")],
)
def test_who_gives_up_at_once_has_not_waited(at: int, short_s: int, tag: str) -> None:
    """Such calls have a tag of their own, so that service levels can leave them out."""
    events = told(request("INVITE", 0), request("CANCEL", at), rules=Rules(short_abandoned_s=short_s))
    outcome = of(ContactObserved, events)

    assert of(CallAbandoned, events).reason == tag
    assert (outcome.tags, outcome.fields["wait_s"]) == ((tag,), at / 1_000)
    assert of(StatusChanged, events).to == "closed"


def test_silence_ends_a_call_ahead_of_time() -> None:
    """The end is told for the instant at which the call counts as lost, within a day; what comes later replaces it."""
    waiting, talking = told(*WHOLE[:3]), told(*WHOLE[:4])
    outcome = of(ContactObserved, talking)

    assert of(CallEnded, waiting).at == T0 + 180_500
    assert of(CallEnded, talking).at == T0 + 2_000 + 4 * 3_600_000 < T0 + DAY_MS
    assert of(CallEnded, talking).reason == "lost"
    assert (outcome.tags, outcome.fields["outcome"]) == (("lost",), "answered")
    assert {"talk_s", "handle_s"}.isdisjoint(outcome.fields)
    assert of(CallEnded, talking).id == of(CallEnded, told(*WHOLE)).id == of(CallEnded, waiting).id
    long = told(request("INVITE", 0), response(200, 0, headers=["Session-Expires: 999999999"]))
    assert of(CallEnded, long).at < T0 + DAY_MS


def test_glare_has_its_tag() -> None:
    """The caller gave up as the agent answered: answered, and hardly talked."""
    packets = [request("INVITE", 0), request("CANCEL", 8_000), response(200, 8_001), request("BYE", 8_040, tags=TALK)]
    outcome = of(ContactObserved, told(*packets))

    assert (outcome.tags, outcome.fields["outcome"], outcome.fields["talk_s"]) == (("crossed",), "answered", 0.039)


@pytest.mark.parametrize(
    ("headers", "customer"),
    [
        (["P-Asserted-Identity: <tel:+4940777888>"], Customer(phone="+4940777888")),
        (['Remote-Party-ID: "A" <sip:040777888@h>;party=calling'], Customer(phone="+4940777888")),
        (["P-Asserted-Identity: <tel:+4940777888>", "Privacy: id"], UNSET),
        (["Remote-Party-ID: <sip:+4940777888@h>;privacy=full"], UNSET),
        (["P-Asserted-Identity: <sip:anonymous@anonymous.invalid>"], UNSET),
        (["P-Asserted-Identity: <sip:cy@cy.example>"], Customer(handles=(Handle("sip", "cy@cy.example"),))),
        (["P-Asserted-Identity: <sip:6001@10.0.0.5>"], UNSET),
        (["P-Asserted-Identity: <sip:pbx.example>"], UNSET),
    ],
)
def test_the_customer_is_who_the_network_says(headers: list[str], customer: Customer) -> None:
    """In E.164; nobody where the caller wants to be nobody."""
    events = told(request("INVITE", 0, headers=headers), rules=Rules(plan=Plan(country="49")))

    assert of(ContactOpened, events).customer == customer


def test_history_names_the_number_that_was_dialled_first() -> None:
    """RFC 7044; the entry before ours is who redirected."""
    ways = "History-Info: <sip:+4930888@h>;index=1, <sip:+4930999@h>;index=1.1, <sip:+4930111222@h>;index=1.1.1"
    fields = told(request("INVITE", 0, headers=[ways]))[0].fields  # type: ignore[union-attr]

    assert (fields["original_number"], fields["redirecting_number"]) == ("+4930888", "+4930999")


OURS = Rules(
    networks=(ip_network("192.0.2.0/28"),),
    trunks=(ip_network("198.51.100.0/24"),),
    domains=("pbx.example",),
    numbers=("+4930111", "6"),
)


@pytest.mark.parametrize(
    ("rules", "source", "target", "direction", "tags"),
    [
        (RULES, "192.0.2.10", "sip:+4940777888@h", "inbound", UNSET),
        (OURS, "192.0.2.10", "sip:+4940777888@h", "outbound", UNSET),
        (OURS, "192.0.2.10", "sip:+4930111333@h", "outbound", ("internal",)),
        (OURS, "198.51.100.7", "sip:+4930111333@h", "inbound", UNSET),
        (OURS, "203.0.113.7", "sip:+4930111333@h", "inbound", UNSET),
        (OURS, "", "sip:+4930111333@h", "inbound", UNSET),
    ],
)
def test_inbound_is_told_from_outbound(rules: Rules, source: str, target: str, direction: str, tags: Any) -> None:
    """By where a call comes from; a call among ourselves has a tag."""
    opened = of(ContactOpened, told(request("INVITE", 0, source=source, target=target), rules=rules))

    assert (opened.direction, opened.tags) == (direction, tags)


def test_a_number_that_is_called_has_tags() -> None:
    """From the opening to the end: what says how the call ended takes no tag away."""
    rules = Rules(plan=Plan("49"), tags=(("+4930", ("berlin", "sales")), ("+49301", ("vip",)), ("+44", ("london",))))
    events = told(*WHOLE[:1], rules=rules)

    assert of(ContactOpened, events).tags == ("berlin", "sales", "vip")
    assert of(ContactObserved, events).tags == ("berlin", "lost", "sales", "vip")


def test_a_call_from_a_number_or_a_domain_of_ours_is_outbound() -> None:
    """The customer is then whom we called; giving up is no abandonment."""
    asserted = ["P-Asserted-Identity: <sip:+4930111222@pbx.example>"]
    packets = [
        request("INVITE", 0, source="203.0.113.7", headers=asserted, target="sip:+4940777888@carrier.example"),
        request("CANCEL", 30_000, target="sip:+4940777888@carrier.example"),
    ]
    for rules in (Rules(domains=("pbx.example",)), Rules(numbers=("+4930111",))):
        events = told(*packets, rules=rules)
        outcome = of(ContactObserved, events)

        assert (of(ContactOpened, events).direction, of(ContactOpened, events).customer) == (
            "outbound",
            Customer(phone="+4940777888"),
        )
        assert (of(CallEnded, events).reason, outcome.tags, outcome.fields["ended_by"]) == ("cancelled", (), "agent")


def test_what_logs_and_recordings_add() -> None:
    """The queue and its agent; where a recording lies, and how long it is kept."""
    lines = (
        Logged(T0 + 500, "entered", "queue_log", queue="vip", call="asterisk:1.7"),
        Logged(T0 + 1_500, "connected", "queue_log", queue="vip", agent="Agent/7", call="asterisk:1.7"),
    )
    recording = Recording("https://rec.example/1.wav", encrypted=True, retention="one-year")
    events = told(*WHOLE, also=Call(logged=lines, recordings=(recording,)))
    answered, fields = of(CallAnswered, events), of(ContactObserved, events).fields

    assert of(CallQueued, events).queue == "vip"
    assert (answered.agent, answered.queue, answered.at) == ("Agent/7", "vip", T0 + 1_500)
    assert fields["measured_by"] == "queued queue_log, answered queue_log, ended sip"
    assert fields["recording_url"] == recording.url
    assert (fields["recording_encrypted"], fields["recording_retention"]) == (True, "one-year")


def test_nothing_is_told_of_nothing() -> None:
    """Not before there is a call."""
    assert list(tell(Call(), RULES)) == []
    assert told(request("BYE", 0, tags=TALK)) == []


def test_the_page_about_calls_has_every_outcome() -> None:
    """In its table: the word, in bold where it is a tag."""
    page = (Path(__file__).parents[3] / "docs" / "explanation" / "how-calls-are-read.md").read_text()
    rows = re.findall(r"^\| (\**)([a-z_]+)\** \| .* \|$", page.partition("## When silence")[0], re.MULTILINE)

    assert [word for _, word in rows if word != "outcome"] == list(get_args(Outcome))
    assert {word for stars, word in rows if stars} == TAGGED
