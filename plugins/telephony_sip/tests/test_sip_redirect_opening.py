"""The same contact and the same policy: a call is routed at the redirect server as it is once its events are stored."""

import pytest
from gateway_telephony_sip.facts import Call, Logged
from gateway_telephony_sip.leg import leg_of
from gateway_telephony_sip.message import Captured
from gateway_telephony_sip.numbers import Plan
from gateway_telephony_sip.rules import Rules
from gateway_telephony_sip.sip import read_sip
from gateway_telephony_sip.telling import opening, tell

from gateway.model.event import identified
from gateway.plugin import CallQueued, Customer, Event, Ref
from gateway.policy.load import load_policy
from gateway.rules.advance import Sourced
from gateway.rules.replay import replay
from gateway.rules.timeline import FROM_THE_BEGINNING, InForce, Timeline
from plugins.telephony_sip.tests.redirecting import PROXY, request

NOW = 1_772_442_000_000
SALES = "+15551230001"
RULES = Rules(plan=Plan("1", "1", "011"))

POLICY = """
version: 1
name: phones
queues:
  vip: {team: t1}
  sales: {team: t2}
  hidden: {team: t3}
  general: {team: t4}
routing:
  - {id: sales, when: 'contact.fields["called_number"] == "+15551230001"', queue: sales}
  - {id: vip, when: 'contact.customer.phone == "+15557770000"', queue: vip}
  - {id: hidden, when: '!contact.customer.known', queue: hidden}
  - {id: default, queue: general}
"""


def leg(data: bytes) -> Call:
    """What one message shows of its call."""
    found = leg_of(read_sip(data), Captured(b"", source=PROXY, at=NOW), NOW, RULES)
    assert found is not None
    return Call(legs=dict([found]))


def route(*events: Event) -> str:
    """The queue that the policy gives a contact of these events, as they stand at the call's beginning."""
    policy = load_policy(POLICY, "policy.yaml").policy
    said = [Sourced("phones", identified(event)) for event in events]
    state = replay(said, Timeline([InForce(FROM_THE_BEGINNING, policy)]), NOW).state
    assert state is not None and state.route is not None
    return state.route.queue


@pytest.mark.parametrize(
    ("invite", "queue"),
    [
        (request(), "vip"),
        (
            request(uri=f"sip:{SALES}@gateway.example").replace(
                b"To: <sip:+15551230000@", f"To: <sip:{SALES}@".encode()
            ),
            "sales",
        ),
        (request(more="Privacy: id\r\n"), "hidden"),
        (request().replace(b"<sip:+15557770000@", b"<sip:+15557770009@"), "general"),
    ],
)
def test_a_call_is_routed_as_its_contact_will_be(invite: bytes, queue: str) -> None:
    """By who calls, by what was dialled, by who wants not to be known."""
    told = list(tell(leg(invite), RULES))

    assert route(opening(told)) == queue
    assert route(*told) == queue


def test_the_opening_is_that_of_the_call_with_what_was_dialled() -> None:
    """No more: what became of the call isn't known when its INVITE is answered."""
    opened = opening(tell(leg(request()), RULES))

    assert (opened.kind, opened.channel, opened.direction) == ("call", "phone", "inbound")
    assert (opened.ref, opened.at) == (Ref("call", "call-1@proxy.example"), NOW)
    assert opened.customer == Customer(phone="+15557770000")
    assert opened.fields == {"called_number": "+15551230000"}


def test_no_call_has_no_opening() -> None:
    """Nothing told: the default target is taken."""
    with pytest.raises(ValueError, match="no call"):
        opening([])


def test_what_was_chosen_is_the_call_s_queue() -> None:
    """As the redirect server's line tells it: `call.queued` at that instant."""
    facts = leg(request())
    line = Logged(at=NOW + 3, what="entered", by="redirect", queue="vip", call=next(iter(facts.legs)))

    told = tell(Call(legs=facts.legs, logged=(line,)), RULES)

    assert [(event.queue, int(event.at)) for event in told if isinstance(event, CallQueued)] == [("vip", NOW + 3)]
