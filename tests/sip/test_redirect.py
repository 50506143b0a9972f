"""A real Kamailio asks the gateway where calls go, follows the answer, and goes on without it when there is none."""

import signal
from collections.abc import Callable
from pathlib import Path

from tests.sip.calls import BRIEF, PLANS
from tests.sip.conftest import Agents, NewKamailio, Telephone
from tests.sip.kamailio import Kamailio
from tests.sip.scenarios import SUPPORT
from tests.sip.sipp import Phone
from tests.sip.site import PhoneSite
from tests.sip.test_calls import TOLERANCE_MS, between

NUMBER = f"{SUPPORT}@support.example"
BUSY = PLANS["busy"]
FALLBACK_WITHIN_MS = 1_000


def test_the_policy_says_who_rings(site: PhoneSite, kamailio: Kamailio, agents: Agents, telephone: Telephone) -> None:
    """The caller's queue has an address: there it rings, the call waited in that queue, and is one contact."""
    agent = telephone("redirected-agent", *BRIEF.agent, port=agents.general)
    agent.start()
    caller = telephone("redirected", *BRIEF.caller)

    caller.calls(kamailio.address, NUMBER)
    caller.ended()
    agent.ended()

    told = site.tells(caller.call_id)
    assert told.contact["queue"] == "general"
    assert between(told.at("call.queued"), caller.at("INVITE"), agent.at("INVITE"))
    assert between(told.at("call.answered"), agent.at("200 INVITE"), caller.at("200 INVITE"))
    assert told.fields["called_number"] == SUPPORT


def test_the_next_address_rings_when_the_first_is_busy(
    site: PhoneSite, kamailio: Kamailio, agents: Agents, telephone: Telephone
) -> None:
    """The refusal of one agent isn't the call's: it was answered by the next."""
    refuses = telephone("overflow-busy", *BUSY.agent, port=agents.general)
    takes = telephone("overflow-agent", *BRIEF.agent, port=agents.overflow)
    refuses.start()
    takes.start()
    caller = telephone("overflow", *BRIEF.caller)

    caller.calls(kamailio.address, NUMBER)
    for phone in (caller, refuses, takes):
        phone.ended()

    told = site.tells(caller.call_id)
    assert between(told.at("call.answered"), takes.at("200 INVITE"), caller.at("200 INVITE"))
    assert told.fields["outcome"] == "answered"
    assert "busy" not in told.contact["tags"]


def test_without_the_gateway_calls_are_answered_all_the_same(
    tmp_path: Path,
    new_site: Callable[[Path], PhoneSite],
    new_kamailio: NewKamailio,
    agents: Agents,
    telephone: Telephone,
) -> None:
    """It rings elsewhere within a second while the gateway is down, or hangs; where it says as soon as it is back.

    What it couldn't hear while it hung it hears afterwards, with the times at which it happened.
    """
    site = new_site(tmp_path)
    kamailio = new_kamailio(site)

    def call(name: str, port: int) -> tuple[Phone, Phone]:
        agent = telephone(f"{name}-agent", *BRIEF.agent, port=port)
        agent.start()
        caller = telephone(name, *BRIEF.caller)
        caller.calls(kamailio.address, NUMBER)
        return caller.ended(), agent.ended()

    def waited_ms(caller: Phone, agent: Phone) -> float:
        return agent.at("INVITE") - caller.at("INVITE")

    assert TOLERANCE_MS < waited_ms(*call("down", agents.fallback)) <= FALLBACK_WITHIN_MS

    daemon = site.listens()
    assert waited_ms(*call("up", agents.general)) < TOLERANCE_MS

    daemon.child.send_signal(signal.SIGSTOP)
    caller, agent = call("hangs", agents.fallback)
    daemon.child.send_signal(signal.SIGCONT)
    assert TOLERANCE_MS < waited_ms(caller, agent) <= FALLBACK_WITHIN_MS
    told = site.tells(caller.call_id)
    assert between(told.at("contact.opened"), caller.at("INVITE"), caller.at("100 INVITE"))
    assert between(told.at("call.answered"), agent.at("200 INVITE"), caller.at("200 INVITE"))
    assert between(told.at("call.ended"), caller.at("BYE"), agent.at("BYE"))
