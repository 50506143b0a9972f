"""A state that is opened for change, and closed again."""

import msgspec

from gateway.rules.draft import draft_of
from gateway.rules.timeline import Timeline
from tests.rules.worlds import T0, H, M, customer, judged, opening, policy, sla, state_of, status

RULES = policy(sla("first_reply", H), sla("resolution", 4 * H))


def test_what_nothing_changes_stays_as_it_is() -> None:
    """Every field goes in and comes out: the rules lose nothing of what they carry."""
    reached = state_of(judged(RULES, H, opening(tags=["a"]), customer(M), status(2 * M, "pending")))
    told = {
        "failures": {"r": "division by zero"},
        "cut": {"tags": 2},
        "future": (T0 + 2 * H,),
        "severity": 2,
        "severity_rule": "s",
        "routed_by": "e1",
        "triggered_in_life": ("escalation/e",),
        "matching": ("escalation/e",),
        "first_message_at": T0 + M,
        "replied": True,
        "acknowledged": True,
        "pending": {"first_reply": "e2"},
        "wait_weight": 1,
        "frozen": True,
        "events": 7,
        "kept_at_event": 5,
        "instances": {"first_reply": 3},
    }
    state = msgspec.structs.replace(reached, **told)
    left_out = {field.name for field in msgspec.structs.fields(state) if getattr(state, field.name) == field.default}
    assert draft_of(state, Timeline.only(RULES).at(T0)).to_state() == state
    assert left_out <= {"escalations"}
