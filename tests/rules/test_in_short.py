"""The explanation in a notice of an escalation: why, how far, and what comes next, without a word of the customer's."""

import json
from typing import Any

import pytest

from gateway.rules.announce import announce
from gateway.rules.calendar import ALWAYS
from gateway.rules.coming import upcoming
from gateway.rules.in_short import NEXT_TOLD
from gateway.rules.policy import Chain, EnrichRule, EscalationRule, Mark, RoutingRule, Step
from gateway.rules.view import notice_body
from tests.rules.worlds import T0, H, M, agent, event, judged, opening, policy, sla, state_of, status

RULES = policy(
    sla("first_reply", 15 * M, marks=()),
    sla("resolution", 4 * H),
    routing=(RoutingRule("default", "general"),),
    chains=(Chain("chain", ALWAYS, (Step(0, ("lead",), 5 * M), Step(30 * M, ("boss",)))),),
    escalation=(EscalationRule("late", "sla.breached", "chain"),),
)
SECRET = {"subject": "Ada's card", "tags": ["vip-ada"], "fields": {"plan": "gold"}, "customer": {"name": "Ada"}}


def explanations(until: int, *events: Any, rules: Any = RULES) -> dict[str, Any]:
    """The last notice of each type by `until`, with its explanation; None where it has none."""
    result = judged(rules, until, *events)
    effects = announce(result.implied, {}, T0 + until, live_from=0, whole=True).effects
    state = state_of(result)
    bodies = [notice_body(effect, "con_1", state, rules, name="t", source="g", link="l") for effect in effects]
    return {body["type"]: body["data"].get("explanation") for body in bodies}


def test_an_escalation_says_why_and_what_comes_next() -> None:
    """Severity and route with their rules, the clock that raised it, the step of how many, the soonest three things."""
    told = explanations(15 * M, opening(**SECRET))
    explained = told["escalation.raised"]

    assert explained["severity"] == {"severity": 3, "rule": None}
    assert explained["route"] == {"queue": "general", "rule": "default"}
    assert explained["clock"] == {
        "metric": "first_reply",
        "instance": 1,
        "rule": "first_reply",
        "state": "breached",
        "counted_s": 900,
        "target_s": 900,
        "calendar": "always",
        "due_at": "2026-03-02T09:15:00Z",
    }
    assert explained["step"] == {"chain": "chain", "step": 1, "of": 2}
    assert explained["next"][0] == {
        "at": "2026-03-02T09:20:00Z",
        "in_s": 300,
        "kind": "reminder",
        "rule": "late",
        "what": "escalation late: a reminder of step 1",
    }
    assert len(explained["next"]) == 2 <= NEXT_TOLD
    assert explained["words"] == [
        "Severity 3: no rule matched, and there is no priority.",
        "Queue general: rule default matched.",
        "First reply: breached, 15 min of 15 min counted by the calendar always under rule first_reply, deadline "
        "2026-03-02T09:15:00Z.",
        "Step 1 of 2 of the chain chain calls lead.",
        "If nothing else happens, 2026-03-02T09:20:00Z: escalation late: a reminder of step 1.",
    ]
    assert told["sla.breached"] is None


def test_what_is_said_late_counts_until_it_is_said() -> None:
    """As the contact's clocks in the same notice do."""
    result = judged(RULES, 15 * M, opening())
    effects = announce(result.implied, {}, T0 + 20 * M, live_from=0, whole=True).effects
    raised = next(effect for effect in effects if effect.type == "escalation.raised")
    data = notice_body(raised, "con_1", state_of(result), RULES, name="t", source="g", link="l")["data"]

    assert data["explanation"]["clock"]["counted_s"] == data["contact"]["clocks"][0]["elapsed_s"] == 1_200
    assert data["explanation"]["next"][0]["in_s"] == 0


def test_nothing_of_the_customer_is_in_it() -> None:
    """Names of the policy, figures and instants alone."""
    text = json.dumps(explanations(2 * H, opening(**SECRET), status(M, "pending")))

    assert [word for word in ("Ada", "card", "vip", "gold", "plan") if word in text] == []


def answered(after: int, enricher: str = "payments", **said: Any) -> Any:
    """What an enricher says."""
    name = f"{enricher}@{after}"
    return event("enrichment.received", after, id=name, enricher=enricher, **said)


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ((), "payments: asked at 2026-03-02T09:00:00Z, no answer yet."),
        (({"status": "ok", "facts": {"plan": "gold"}},), "payments: known as of 2026-03-02T09:01:00Z."),
        (({"status": "unavailable", "reason": "no\nanswer"},), "payments: unavailable: no answer."),
        (({"status": "unavailable", "reason": "x" * 9_999},), f"payments: unavailable: {'x' * 199}…."),
        (
            ({"status": "ok", "facts": {"plan": "gold"}}, {"status": "unavailable"}),
            "payments: unavailable: it gave no reason; what it said at 2026-03-02T09:01:00Z stands.",
        ),
    ],
)
def test_why_nothing_is_known_is_told(answers: tuple[dict[str, Any], ...], sentence: str) -> None:
    """Before what comes next; a reason on one line and not for ever; never what is known of the customer."""
    rules = policy(
        *RULES.sla,
        routing=RULES.routing,
        chains=tuple(RULES.chains.values()),
        escalation=RULES.escalation,
        enrich=(EnrichRule("who-pays", "payments"),),
    )
    said = [answered((place + 1) * M, **one) for place, one in enumerate(answers)]
    words = explanations(15 * M, opening(**SECRET), *said, rules=rules)["escalation.raised"]["words"]

    assert words[-2] == sentence
    assert "gold" not in str(words)


def test_a_crowd_of_enrichers_is_counted() -> None:
    """Whoever says them: the words stay few."""
    crowd = [answered(M, f"e{n}", status="unavailable", reason="no") for n in range(8)]
    words = explanations(15 * M, opening(), *crowd)["escalation.raised"]["words"]

    assert [word for word in words if "unavailable" in word] == [f"e{n}: unavailable: no." for n in range(5)]
    assert "3 more enrichers were asked." in words


def test_one_that_is_over_or_gone_says_so() -> None:
    """A resolved one tells how far it came; of one that is taken back there is no step any more."""
    over = explanations(70 * M, opening(), agent(50 * M), status(H, "solved"))["escalation.resolved"]
    result = judged(RULES, 20 * M, opening())
    said = {entry.id: entry for entry in announce(result.implied, {}, T0 + 20 * M, live_from=0, whole=True).entries}
    undone = judged(RULES, 20 * M, opening(), agent(5 * M))
    effects = announce(undone.implied, said, T0 + 20 * M, live_from=0, whole=True).effects
    cancelled = next(effect for effect in effects if effect.type == "escalation.cancelled")
    body = notice_body(cancelled, "con_1", state_of(undone), RULES, name="t", source="g", link="l")

    assert (over["step"], over["clock"]["state"], over["next"]) == (
        {"chain": "chain", "step": 2, "of": 2},
        "breached",
        [],
    )
    assert over["words"][-1] == "Nothing comes next unless something happens."
    assert body["data"]["explanation"]["step"] is None
    assert body["data"]["explanation"]["clock"]["metric"] == "resolution"


@pytest.mark.parametrize("taken", [True, False])
def test_an_acknowledged_one_tells_the_clock_that_is_due_first(taken: bool) -> None:
    """Raised by its own condition it has no clock of its own: the first that is due is told, none where none runs."""
    rules = policy(
        *(RULES.sla if taken else (sla("speed_of_answer", M),)),
        routing=(),
        chains=tuple(RULES.chains.values()),
        escalation=(EscalationRule("hard", "matched", "chain"),),
    )
    (raised,) = state_of(judged(rules, M, opening())).escalations
    ack = event("escalation.acknowledged", 2 * M, escalation=raised.id, by="ada")
    explained = explanations(3 * M, opening(), ack, rules=rules)["escalation.acknowledged"]

    assert explained["route"] is None
    assert explained["step"]["step"] == 1
    assert (explained["clock"] or {}).get("metric") == ("first_reply" if taken else None)


@pytest.mark.parametrize("most", [0, 1, 2, 3, 9])
def test_the_soonest_few_are_the_first_of_all(most: int) -> None:
    """However many are asked for, they are the first of all that comes."""
    rules = policy(
        sla("first_reply", H, marks=(Mark("50%", 30 * M),)),
        sla("resolution", 50 * M),
        sla("acknowledgement", 2 * H, marks=(Mark("1m", M), Mark("2m", M))),
        chains=tuple(RULES.chains.values()),
        escalation=(EscalationRule("hard", "matched", "chain"),),
    )
    state = state_of(judged(rules, 0, opening()))
    every = upcoming(state, rules)

    assert upcoming(state, rules, most) == every[:most]
    assert [coming.at - T0 for coming in every] == [M, M, 5 * M, 30 * M, 50 * M, H, 2 * H]
