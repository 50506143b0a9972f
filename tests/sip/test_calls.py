"""Calls through a real Kamailio become contacts with the times at which the telephones themselves saw them happen.

Telephones, Kamailio and the gateway share one clock here, but Kamailio stamps a copy when it sends it, in one of
several processes: a time may lie TOLERANCE_MS outside of the two at which its message was sent and received.
"""

from tests.sip.calls import DIGEST, KEYED, LIVES_MS
from tests.sip.conftest import Made
from tests.sip.scenarios import CALLER, SUPPORT
from tests.sip.site import PhoneSite, Told

TOLERANCE_MS = 150
"""A fifth of the shortest stretch of any plan: no instant can be taken for another."""


def between(found: float, sent: float, received: float) -> bool:
    """Whether a time lies where its message was on its way."""
    return sent - TOLERANCE_MS <= found <= received + TOLERANCE_MS


def lasted(found_s: float, began: float, ended: float) -> bool:
    """Whether a length, in seconds, is that between two instants, which may both be off."""
    return abs(found_s * 1_000 - (ended - began)) <= 2 * TOLERANCE_MS


def answered(made: Made, told: Told) -> None:
    """Opening, ringing and answer are when the telephones saw them, and the clock met its promise then."""
    caller, agent = made.caller, made.agent
    assert between(told.at("contact.opened"), caller.at("INVITE"), agent.at("INVITE"))
    assert between(told.at("call.ringing"), agent.at("180 INVITE"), caller.at("200 INVITE"))
    assert between(told.at("call.answered"), agent.at("200 INVITE"), caller.at("200 INVITE"))
    assert lasted(told.fields["wait_s"], caller.at("INVITE"), caller.at("200 INVITE"))
    (clock,) = told.contact["clocks"]
    assert (clock["rule"], clock["state"]) == ("answer", "met")


def test_an_answered_call(site: PhoneSite, made: dict[str, Made]) -> None:
    """It is solved, belongs to the caller's number, and its figures are those of the telephones."""
    made_ = made["answered"].ended()
    caller, agent = made_.caller, made_.agent

    told = site.tells(caller.call_id)

    answered(made_, told)
    assert between(told.at("call.ended"), caller.at("BYE"), agent.at("BYE"))
    assert lasted(told.fields["talk_s"], caller.at("200 INVITE"), caller.at("BYE"))
    assert (told.fields["outcome"], told.fields["ended_by"]) == ("answered", "caller")
    assert told.fields["called_number"] == SUPPORT
    assert (told.contact["kind"], told.contact["status"]) == ("call", "solved")
    assert told.contact["customer"]["phone"] == CALLER


def test_a_cancelled_call(site: PhoneSite, made: dict[str, Made]) -> None:
    """It was given up when the caller gave up, and so shortly that it counts as short."""
    made_ = made["cancelled"].ended()
    caller, agent = made_.caller, made_.agent

    told = site.tells(caller.call_id)

    assert between(told.at("call.abandoned"), caller.at("CANCEL"), agent.at("CANCEL"))
    assert lasted(told.fields["wait_s"], caller.at("INVITE"), caller.at("CANCEL"))
    assert "short_abandoned" in told.contact["tags"]
    assert "call.answered" not in told.types
    (clock,) = told.contact["clocks"]
    assert clock["state"] == "cancelled"


def test_a_busy_agent(site: PhoneSite, made: dict[str, Made]) -> None:
    """The call ended with the refusal, and nobody talked."""
    made_ = made["busy"].ended()
    caller, agent = made_.caller, made_.agent

    told = site.tells(caller.call_id)

    assert between(told.at("call.ended"), agent.at("486 INVITE"), caller.at("486 INVITE"))
    assert "busy" in told.contact["tags"]
    assert not {"call.answered", "call.abandoned"} & set(told.types)


def test_a_held_call(site: PhoneSite, made: dict[str, Made]) -> None:
    """What the caller spent on hold is no talk."""
    made_ = made["held"].ended()
    caller, agent = made_.caller, made_.agent

    told = site.tells(caller.call_id)

    answered(made_, told)
    # The agent sends two offers within the call: hold, and back. It has received the first INVITE of all.
    held, resumed = agent.at("INVITE", 1), agent.at("INVITE", 2)
    assert between(told.at("call.held"), held, caller.at("INVITE", 1))
    assert between(told.at("call.resumed"), resumed, caller.at("INVITE", 2))
    assert lasted(told.fields["hold_s"], held, resumed)
    assert lasted(told.fields["talk_s"] + told.fields["hold_s"], caller.at("200 INVITE"), caller.at("BYE"))


def test_a_transferred_call(site: PhoneSite, made: dict[str, Made]) -> None:
    """It was transferred after the REFER had been accepted, and ended by the agent."""
    made_ = made["transferred"].ended()
    caller, agent = made_.caller, made_.agent

    told = site.tells(caller.call_id)

    answered(made_, told)
    assert between(told.at("call.transferred"), agent.at("REFER"), agent.at("NOTIFY"))
    assert between(told.at("call.ended"), agent.at("BYE"), caller.at("BYE"))
    assert told.fields["ended_by"] == "agent"


def test_a_challenged_call(site: PhoneSite, made: dict[str, Made]) -> None:
    """A challenge is no refusal: the call waited since its first INVITE. What proved the caller isn't kept anywhere."""
    made_ = made["challenged"].ended()
    caller, agent = made_.caller, made_.agent

    told = site.tells(caller.call_id)

    assert between(told.at("contact.opened"), caller.at("INVITE"), agent.at("INVITE"))
    assert between(told.at("call.answered"), agent.at("200 INVITE"), caller.at("200 INVITE"))
    assert told.fields["outcome"] == "answered"
    files = [path for path in site.folder.rglob("*") if path.is_file()]
    canaries = [canary.encode() for canary in (DIGEST, KEYED)]
    assert any(caller.call_id.encode() in path.read_bytes() for path in files), "the call isn't where it is looked for"
    assert [path.name for path in files if any(canary in path.read_bytes() for canary in canaries)] == []


def test_a_lost_call(site: PhoneSite, made: dict[str, Made]) -> None:
    """Nobody says goodbye: it is over when its session would have had to be refreshed."""
    made_ = made["lost"].ended()
    caller, agent = made_.caller, made_.agent

    told = site.tells(caller.call_id)

    answered(made_, told)
    assert between(told.at("call.ended"), caller.at("ACK") + LIVES_MS, agent.at("ACK") + LIVES_MS)
    assert "lost" in told.contact["tags"]


def test_every_call_is_one_contact(site: PhoneSite, made: dict[str, Made]) -> None:
    """Kamailio shows each message twice, coming and going; nothing is counted twice."""
    ids = {site.tells(call.ended().caller.call_id).contact["id"] for call in made.values()}

    assert len(ids) == len(made)
