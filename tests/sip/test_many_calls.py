"""Many calls at once through a real Kamailio, whose workers overtake each other: each is one contact with own times."""

from collections import defaultdict

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


def test_each_of_many_calls_has_its_own_times(site: PhoneSite, kamailio: Kamailio, telephone: Telephone) -> None:
    """However they cross, none is lost, none is two, and none has another's length."""
    agents = telephone("many-agents", OFFERED, RINGING, RING, *takes(), *ENDS, calls=CALLS)
    agents.start()
    callers = telephone("many", invite(), *RINGS, *TAKEN, TALK, *HANGS_UP, calls=CALLS)

    callers.calls(kamailio.address, f"{SUPPORT}@{agents.address}", PER_S)
    callers.ended()
    agents.ended()

    logged: dict[str, list[Logged]] = defaultdict(list)
    for message in callers.log:
        logged[message.call_id].append(message)
    assert len(logged) == CALLS
    ended = eventually(lambda: site.ended_of(set(logged)), "all calls have an outcome")
    assert ended is not None and len({contact["id"] for contact in ended.values()}) == CALLS
    wrong = [call_id for call_id, contact in ended.items() if not _is_right(contact["fields"], logged[call_id])]
    assert wrong == []


def _is_right(fields: dict[str, object], log: list[Logged]) -> bool:
    """Whether a call's figures are those of its own telephone."""
    asked, taken, ended = (
        next(message.at for message in log if message.is_a(what)) for what in ("INVITE", "200 INVITE", "BYE")
    )
    wait_s, talk_s = fields["wait_s"], fields["talk_s"]
    assert isinstance(wait_s, int | float) and isinstance(talk_s, int | float)
    return fields["outcome"] == "answered" and lasted(wait_s, asked, taken) and lasted(talk_s, taken, ended)
