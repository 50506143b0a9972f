"""A judgement as people read it: which clocks are listed, in which order, and what their times say."""

from datetime import UTC, date
from typing import Any

import msgspec

from gateway.model.judgement import Effect
from gateway.rules.announce import announce
from gateway.rules.calendar import ALWAYS, weekly
from gateway.rules.notice import Notice
from gateway.rules.policy import Chain, EscalationRule, Policy, Queue, RoutingRule, Step
from gateway.rules.view import clocks_view, implied_view, judgement_view, notice_body
from tests.rules.worlds import (
    T0,
    H,
    M,
    agent,
    customer,
    event,
    judged,
    lines,
    opening,
    policy,
    sla,
    state_of,
    status,
)

RULES = policy(
    sla("resolution", 4 * H, id="b"),
    sla("next_reply", 15 * M, id="c"),
    sla("first_reply", 15 * M, id="a"),
    chains=(Chain("chain", ALWAYS, (Step(0, ("lead",)), Step(30 * M, ("lead",)))),),
    escalation=(EscalationRule("e", "sla.breached", "chain"),),
)


def view(rules: Policy, until: int, *events: Any) -> dict[str, Any]:
    """The judgement at `until`, through JSON as a receiver gets it."""
    shown = judgement_view(state_of(judged(rules, until, *events)), rules, T0 + until)
    decoded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(shown))
    return decoded


def test_clocks_are_listed_by_rule_in_the_policys_order_then_by_instance() -> None:
    """However they came into being."""
    asked = [customer(20 * M), agent(21 * M), customer(22 * M)]
    told = lines(RULES, 30 * M, opening(), agent(10 * M), *asked)
    assert [line.split()[0] for line in told] == ["b#1", "c#1", "c#2", "a#1"]


def test_what_no_rule_has_counted_is_not_listed() -> None:
    """An obligation without a rule is nobody's clock."""
    rules = policy(sla("first_reply", M), when={"first_reply": lambda facts: False})
    assert lines(rules, H, opening(), agent(M)) == []


def test_elapsed_counts_to_the_instant_asked_for_or_to_the_end() -> None:
    """Asked later, a running clock has used more, a met one has not."""
    result = state_of(judged(RULES, 10 * M, opening(), agent(10 * M)))
    used = {at: [shown["elapsed_s"] for shown in clocks_view(result, RULES, T0 + at)] for at in (10 * M, 2 * H)}
    assert used == {10 * M: [600, 600], 2 * H: [7200, 600]}


def test_times_are_utc_and_durations_seconds_with_a_fraction_only_where_needed() -> None:
    """As RFC 3339 with `Z`; what has no time is null."""
    rules = policy(sla("first_reply", 15 * M + 500))
    assert view(rules, 1500, opening())["clocks"] == [
        {
            "rule": "first_reply",
            "metric": "first_reply",
            "instance": 1,
            "state": "running",
            "started_at": "2026-03-02T09:00:00Z",
            "due_at": "2026-03-02T09:15:00.500Z",
            "met_at": None,
            "breached_at": None,
            "cancelled_at": None,
            "target_s": 900.5,
            "elapsed_s": 1.5,
            "calendar": "always",
        }
    ]


def test_a_contact_is_shown_with_its_route_and_escalations() -> None:
    """What every notice and every listing holds."""
    told = view(
        RULES,
        20 * M,
        opening(subject="Help", tags=["a", "b"], customer={"email": "ada@example.com"}, fields={"plan": "gold"}),
        event("contact.assigned", M, assignee="7"),
    )
    assert {name: told[name] for name in ("status", "severity", "subject", "tags", "assignee", "queue")} == {
        "status": "new",
        "severity": 3,
        "subject": "Help",
        "tags": ["a", "b"],
        "assignee": "7",
        "queue": "general",
    }
    assert told["refs"] == [{"connector": "test", "kind": "ticket", "id": "1"}]
    assert told["customer"] == {"email": "ada@example.com"}
    assert (told["opened_at"], told["updated_at"]) == ("2026-03-02T09:00:00Z", "2026-03-02T09:01:00Z")
    assert told["route"]["rule"] == "default"
    (escalation,) = told["escalations"]
    assert (escalation["state"], escalation["steps_fired"]) == ("active", 1)
    assert (escalation["raised_at"], escalation["next_step_at"]) == ("2026-03-02T09:15:00Z", "2026-03-02T09:45:00Z")


def test_a_contact_without_a_route_has_no_queue() -> None:
    """Where no routing rule matches."""
    rules = policy(routing=(RoutingRule("never", "general"),), when={"never": lambda facts: False})
    told = view(rules, M, opening())
    assert told["route"] is None
    assert told["queue"] is None


def test_what_follows_is_shown_with_its_reason() -> None:
    """As `policy eval` lists effects."""
    result = judged(RULES, 15 * M, opening())
    breach = next(implied_view(item) for item in result.implied if item.type == "sla.breached")
    assert breach["at"] == "2026-03-02T09:15:00Z"
    assert breach["rule"] == "a"
    assert breach["data"] == {
        "reason": "no first reply by 2026-03-02T09:15:00Z",
        "roles": [],
        "policy": "hash",
        "metric": "first_reply",
        "instance": 1,
    }


def test_a_notice_is_one_object_that_both_standards_understand() -> None:
    """CloudEvents in structured mode and Standard Webhooks; the contact as it was at the effect's instant."""
    result = judged(RULES, 15 * M, opening(), status(M, "open"))
    told = announce(result.implied, {}, T0 + 16 * M, live_from=0, whole=True)
    effect: Effect = next(effect for effect in told.effects if effect.type == "escalation.raised")
    body = notice_body(
        effect, "con_1", state_of(result), RULES, name="test", source="gateway", link="https://x.example/con_1"
    )
    assert body["specversion"] == "1.0"
    assert (body["id"], body["type"], body["subject"]) == (effect.id, "escalation.raised", "con_1")
    assert body["time"] == body["timestamp"] == "2026-03-02T09:15:00Z"
    data = body["data"]
    assert data["contact"]["id"] == "con_1"
    assert data["contact"]["status"] == "open"
    assert (data["rule"], data["late_by_s"], data["step"]) == ("e", 60, 1)
    assert data["policy"] == {"name": "test", "hash": "hash"}
    assert data["links"] == {"contact": "https://x.example/con_1"}


def test_a_deadline_that_never_comes_is_null_with_the_reason() -> None:
    """A calendar that doesn't open again has no deadline to give, and says so."""
    once = weekly("once", UTC, [()] * 7, {date(2026, 3, 2): [(9 * 60, 10 * 60)]})
    rules = policy(sla("first_reply", 2 * H, calendar=once))
    (clock,) = clocks_view(state_of(judged(rules, 3 * H, opening())), rules, T0 + 3 * H)
    assert (clock["state"], clock["due_at"], clock["elapsed_s"]) == ("running", None, 3600)
    assert clock["reason"] == "the calendar once doesn't open often enough for a deadline"


def test_a_notice_fills_the_published_shape_and_nothing_else() -> None:
    """Every field that receivers are promised, each with what the judgement has."""
    rules = policy(
        *RULES.sla,
        queues=(Queue("desk", "t2", 2),),
        routing=(RoutingRule("all", "desk", ("tact",), 5),),
        chains=tuple(RULES.chains.values()),
        escalation=RULES.escalation,
    )
    before = opening(subject="Help", priority="high", group="g", language="de", tags=["a"], fields={"seats": 3})
    (raised,) = state_of(judged(rules, 16 * M, before)).escalations
    taken = event("escalation.acknowledged", 20 * M, escalation=raised.id, by="ada")
    result = judged(rules, 2 * H, before, taken, status(H, "solved"), status(90 * M, "open"))
    told = announce(result.implied, {}, T0 + 2 * H, live_from=0, whole=True)
    effect = next(effect for effect in told.effects if effect.type == "contact.solved")
    state = msgspec.structs.replace(state_of(result), cut={"tags": 2})
    body = notice_body(effect, "con_1", state, rules, name="test", source="gw", link="https://x.example/con_1")

    sent = {**body, "sequence": "000000000001"}
    assert msgspec.to_builtins(msgspec.convert(sent, Notice)) == sent
    assert (body["id"], body["source"], body["datacontenttype"]) == (effect.id, "gw", "application/json")
    assert (body["data"]["reason"], body["data"]["rule"], body["data"]["late_by_s"]) == ("was new", None, 3600)
    contact = body["data"]["contact"]
    names = ("kind", "channel", "direction", "priority", "group", "language", "fields", "reopened", "cut")
    assert [contact[name] for name in names] == [
        *("ticket", "email", "inbound", "high", "g", "de", {"seats": 3}, 1, {"tags": 2}),
    ]
    assert contact["route"] == {
        "rule": "all",
        "queue": "desk",
        "team": "t2",
        "tier": 2,
        "skills": ["tact"],
        "priority": 5,
    }
    assert contact["escalations"][:1] == [
        {
            "id": raised.id,
            "rule": "e",
            "chain": "chain",
            "state": "resolved",
            "raised_at": "2026-03-02T09:15:00Z",
            "steps_fired": 1,
            "next_step_at": None,
            "acknowledged_at": "2026-03-02T09:20:00Z",
            "acknowledged_by": "ada",
            "resolved_at": "2026-03-02T10:00:00Z",
            "resolved_by": None,
        }
    ]
    # Nobody has replied: what had been asked for the first life is asked for again in the second.
    assert [(clock["rule"], clock["elapsed_s"]) for clock in contact["clocks"]] == [
        ("b", 5400),
        ("a", 3600),
        ("a", 1800),
    ]


def test_what_the_rules_saw_whole_has_no_word_of_a_cut() -> None:
    """The field comes only where tags or fields were too many; nobody who has acknowledged is null."""
    told = view(RULES, 20 * M, opening())
    assert "cut" not in told
    (escalation,) = told["escalations"]
    assert (escalation["acknowledged_at"], escalation["acknowledged_by"], escalation["resolved_at"]) == (None,) * 3


def test_an_effect_is_listed_with_its_id_and_its_type() -> None:
    """The first fields of every line of `policy eval`."""
    (first, *_) = judged(RULES, M, opening()).implied
    shown = implied_view(first)
    assert (shown["id"], shown["type"], shown["rule"]) == (first.id, "contact.opened", "")
    assert shown["data"]["reason"] == "ticket by email"


def test_clocks_that_the_state_no_longer_carries_are_listed_in_their_places() -> None:
    """Whoever keeps them sees the whole history."""
    asked = [customer(20 * M), agent(21 * M), customer(22 * M)]
    state = state_of(judged(RULES, 30 * M, opening(), agent(10 * M), *asked))
    gone = [clock for clock in state.clocks if clock.metric == "next_reply" and clock.instance == 1]
    rest = msgspec.structs.replace(state, clocks=tuple(clock for clock in state.clocks if clock not in gone))
    assert clocks_view(rest, RULES, T0 + 30 * M, gone) == clocks_view(state, RULES, T0 + 30 * M)
