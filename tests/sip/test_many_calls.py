"""Many calls at once through a real Kamailio, whose workers overtake each other: each is one contact with own times."""

import json
from collections import defaultdict
from typing import Any

from tests.acceptance.process import eventually
from tests.sip.calls import HANGS_UP
from tests.sip.conftest import Telephone
from tests.sip.kamailio import Kamailio
from tests.sip.scenarios import ENDS, OFFERED, RINGING, RINGS, SUPPORT, TAKEN, Pause, invite, takes
from tests.sip.sipp import Logged
from tests.sip.site import PhoneSite
from tests.sip.test_calls import lasted

CALLS = 100
PER_S = 40
RING = Pause(50, 1_500)
TALK = Pause(50, 2_000)
CALLER = "+15550100200"
PROMISED_MS = 1_000
EDGE_MS = 50
"""An answer so near to the promise may fall on either side of it: SIPp and Kamailio look at their clocks in turn."""


def test_each_of_many_calls_has_its_own_times(site: PhoneSite, kamailio: Kamailio, telephone: Telephone) -> None:
    """However they cross, none is lost, none is two, none has another's length; and the service level is theirs."""
    agents = telephone("many-agents", OFFERED, RINGING, RING, *takes(), *ENDS, calls=CALLS)
    agents.start()
    callers = telephone("many", invite(caller=CALLER), *RINGS, *TAKEN, TALK, *HANGS_UP, calls=CALLS)

    callers.calls(kamailio.address, f"{SUPPORT}@{agents.address}", PER_S)
    callers.ended()
    agents.ended()

    logged: dict[str, list[Logged]] = defaultdict(list)
    for message in callers.log:
        logged[message.call_id].append(message)
    assert len(logged) == CALLS
    ended = eventually(lambda: site.ended_of(set(logged)), "all calls have an outcome")
    assert ended is not None and len({contact["id"] for contact in ended.values()}) == CALLS
    waits = [_between(log, "INVITE", "200 INVITE") for log in logged.values()]
    (soon,) = [rule for rule in _level(site) if rule["rule"] == "soon"]
    assert (soon["offered"], soon["counted"]) == (CALLS, CALLS)
    assert _within(waits, PROMISED_MS - EDGE_MS) <= soon["within"] <= _within(waits, PROMISED_MS + EDGE_MS)
    wrong = [call_id for call_id, contact in ended.items() if not _is_right(contact["fields"], logged[call_id])]
    assert wrong == []


def _level(site: PhoneSite) -> list[dict[str, Any]]:
    """The service levels, as `gateway kpi` reckons them."""
    told = site.run("kpi", "--json")
    assert told.returncode == 0, told.stderr
    rules: list[dict[str, Any]] = json.loads(told.stdout)["calls"]["service_level"]["rules"]
    return rules


def _within(waits: list[float], promised_ms: float) -> int:
    return sum(wait <= promised_ms for wait in waits)


def _between(log: list[Logged], begin: str, end: str) -> float:
    """The time between two messages of a call, each the first of its kind."""
    began, ended = (next(message.at for message in log if message.is_a(what)) for what in (begin, end))
    return ended - began


def _is_right(fields: dict[str, Any], log: list[Logged]) -> bool:
    """Whether a call's figures are those of its own telephone."""
    waited, talked = _between(log, "INVITE", "200 INVITE"), _between(log, "200 INVITE", "BYE")
    return (
        fields["outcome"] == "answered" and lasted(fields["wait_s"], 0, waited) and lasted(fields["talk_s"], 0, talked)
    )
