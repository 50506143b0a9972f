"""What is asked of enrichers and connectors: when, how often, and by which rule."""

import pytest

from gateway.model.event import Event
from gateway.model.instant import format_instant
from gateway.rules.calendar import ALWAYS
from gateway.rules.policy import ActionRule, Chain, Deed, EnrichRule, EscalationRule, Mark, Step, Trigger
from gateway.rules.view import facts_view
from tests.rules.worlds import (
    T0,
    D,
    H,
    M,
    agent,
    event,
    following,
    judged,
    opening,
    policy,
    sla,
    state_of,
    status,
    tagged,
    tags,
)

PAID = EnrichRule("paid", "payments", ttl_ms=H)
ADA, BOB = {"email": "ada@x.example"}, {"email": "bob@x.example"}


def asked(rules: object, *events: object) -> list[tuple[str, int]]:
    """Rule and minute of every enrichment that is asked for within a day."""
    told = judged(rules, D, *events).implied  # type: ignore[arg-type]
    return [(item.rule, (item.at - T0) // M) for item in told if item.type == "enrichment.requested"]


def test_an_enricher_is_asked_at_the_opening() -> None:
    """With how long its answer is good; nobody is called for it."""
    (request,) = [
        item for item in judged(policy(enrich=(PAID,)), D, opening()).implied if item.type == "enrichment.requested"
    ]
    assert (request.at, request.rule, request.roles) == (T0, "paid", ())
    assert request.detail == {"enricher": "payments", "ttl_s": 3600}


@pytest.mark.parametrize(
    ("second", "again"),
    [
        ({"customer": BOB}, True),
        ({"customer": {**ADA, "phone": "+1"}}, True),
        ({"customer": {**ADA, "verified": ["ada@x.example"]}}, True),
        ({"customer": {**ADA, "name": "Ada"}}, False),
        ({"customer": ADA}, False),
        ({"customer": None}, True),
        ({"subject": "x"}, False),
    ],
)
def test_it_is_asked_again_when_the_identities_change(second: dict[str, object], again: bool) -> None:
    """A name is no identity; the same ones again are no change."""
    events = opening(customer=ADA), event("contact.observed", M, **second)
    assert asked(policy(enrich=(PAID,)), *events) == [("paid", 0), *([("paid", 1)] if again else [])]


def test_the_same_identities_in_another_order_are_no_change() -> None:
    """A vendor that lists them as they come isn't asked about the same person with each event."""
    told = {"handles": [{"network": "mastodon", "handle": "@ada"}, {"network": "x", "handle": "@ada"}]}
    emails = ["ada@x.example", "ada@y.example"]
    events = (
        opening(customer={**ADA, **told, "verified": emails}),
        event("contact.observed", M, customer={**ADA, "handles": told["handles"][::-1], "verified": emails[::-1]}),
    )
    assert asked(policy(enrich=(PAID,)), *events) == [("paid", 0)]


def test_each_request_to_an_enricher_has_an_id_of_its_own_and_its_reason() -> None:
    """One for every customer who was named."""
    named = [event("contact.observed", n * M, customer=who) for n, who in enumerate((BOB, ADA, BOB), 1)]
    told = judged(policy(enrich=(PAID,)), D, opening(customer=ADA), *named).implied
    requests = [item for item in told if item.type == "enrichment.requested"]
    assert [item.reason for item in requests] == ["rule paid matched"] * 4
    assert len({item.id for item in requests}) == 4


def test_the_first_matching_rule_asks_each_enricher_once() -> None:
    """Others ask others."""
    rules = policy(
        enrich=(EnrichRule("a", "payments"), EnrichRule("b", "payments"), EnrichRule("c", "identity")),
        when={"a": tagged("vip")},
    )
    assert asked(rules, opening()) == [("b", 0), ("c", 0)]
    assert asked(rules, opening(tags=["vip"])) == [("a", 0), ("c", 0)]


def test_a_rule_that_matches_later_asks_nothing_by_itself() -> None:
    """Only the opening and another customer do; nor does a policy that comes into force."""
    rules = policy(enrich=(PAID,), when={"paid": tagged("vip")})
    assert asked(rules, opening(customer=ADA), tags(M, "vip")) == []
    assert asked(rules, opening(customer=ADA), tags(M, "vip", customer=BOB)) == [("paid", 1)]
    assert asked(following(policy(), (H, policy(enrich=(PAID,)))), opening()) == []


def answered(after: int, **said: object) -> Event:
    """What the enricher says."""
    return event("enrichment.received", after, enricher="payments", **said)


GOLD = answered(M, status="ok", facts={"plan": "gold"})
DOWN = answered(2 * M, status="unavailable", reason="it is down")


@pytest.mark.parametrize(
    ("events", "status", "at", "reason", "known_at"),
    [
        ((), "asked", 0, None, None),
        ((GOLD,), "ok", 1, None, 1),
        ((answered(M, status="unavailable", reason="it is down"),), "unavailable", 1, "it is down", None),
        ((answered(M, status="unavailable"),), "unavailable", 1, "it gave no reason", None),
        ((GOLD, DOWN), "unavailable", 2, "it is down", 1),
        ((DOWN, answered(3 * M, status="ok", facts={"plan": "gold"})), "ok", 3, None, 3),
        ((GOLD, event("contact.observed", 2 * M, customer={**ADA, "phone": "+1"})), "asked", 2, None, 1),
        ((GOLD, event("contact.observed", 2 * M, customer=BOB)), "asked", 2, None, None),
    ],
)
def test_everybody_sees_how_a_question_stands(
    events: tuple[Event, ...], status: str, at: int, reason: str | None, known_at: int | None
) -> None:
    """Asked, answered, or why not; what is known of the same customer stays beside it."""
    (told,) = facts_view(state_of(judged(policy(enrich=(PAID,)), D, opening(customer=ADA), *events))).values()
    assert told == {
        "status": status,
        "at": format_instant(T0 + at * M),
        "reason": reason,
        "known_at": None if known_at is None else format_instant(T0 + known_at * M),
        "known": None if known_at is None else {"plan": "gold"},
    }


# ── actions ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def action(on: Trigger, **more: object) -> ActionRule:
    """A comment and a tag."""
    return ActionRule("tell", on, Deed("late", "internal", ("late",)), **more)  # type: ignore[arg-type]


def done(rules: object, *events: object) -> list[tuple[int, object]]:
    """Minute and SLA rule of every action that is asked for within a day."""
    told = judged(rules, D, *events).implied  # type: ignore[arg-type]
    return [((item.at - T0) // M, item.detail["sla"]) for item in told if item.type == "action.requested"]


FIRST = sla("first_reply", 30 * M, marks=(Mark("50%", 15 * M), Mark("80%", 24 * M)))


def test_an_action_says_what_is_to_be_done_and_by_whom() -> None:
    """At the instant of its trigger, with the rule and the clock's."""
    rules = policy(FIRST, actions=(action("sla.breached", connector="desk"),))
    (request,) = [item for item in judged(rules, D, opening()).implied if item.type == "action.requested"]
    assert (request.at, request.rule, request.reason) == (
        T0 + 30 * M,
        "tell",
        "sla.breached under rule first_reply",
    )
    assert request.detail == {
        "connector": "desk",
        "comment": "late",
        "visibility": "internal",
        "tags_add": ["late"],
        "sla": "first_reply",
    }


@pytest.mark.parametrize(
    ("on", "expected"),
    [("sla.warned", [(15, "first_reply")]), ("sla.breached", [(30, "first_reply")]), ("matched", [(0, None)])],
)
def test_each_trigger_asks_once(on: Trigger, expected: list[tuple[int, object]]) -> None:
    """Once for a clock's instance, however many marks it has, or once in a life."""
    assert done(policy(FIRST, actions=(action(on),)), opening()) == expected


def test_a_metric_narrows_it() -> None:
    """Only that metric's clocks set it off."""
    rules = policy(FIRST, sla("resolution", H), actions=(action("sla.breached", metric="resolution"),))
    assert done(rules, opening()) == [(60, "resolution")]


def test_the_condition_may_come_true_after_the_breach() -> None:
    """Then it is asked for at that instant; once the clock is met it is too late."""
    rules = policy(FIRST, actions=(action("sla.breached"),), when={"tell": tagged("vip")})
    assert done(rules, opening(), tags(H, "vip"), tags(2 * H), tags(3 * H, "vip")) == [(60, "first_reply")]
    assert done(rules, opening(), agent(45 * M), tags(H, "vip")) == []


def test_a_new_life_and_a_new_instance_ask_again() -> None:
    """A reopen begins a life in which rules may match anew."""
    rules = policy(FIRST, actions=(action("matched"),))
    assert done(rules, opening(), status(M, "solved"), status(2 * M, "open")) == [(0, None), (2, None)]
    twice = judged(rules, D, opening(), status(M, "solved"), status(2 * M, "open")).implied
    assert len({item.id for item in twice}) == len(twice)
    rules = policy(sla("periodic_update", 10 * M), actions=(action("sla.breached"),))
    twice = judged(rules, D, opening(), agent(M), agent(30 * M)).implied
    assert len({item.id for item in twice}) == len(twice)
    assert done(rules, opening(), agent(M), agent(30 * M)) == [(11, "periodic_update"), (40, "periodic_update")]


def test_actions_come_after_everything_else_of_their_instant() -> None:
    """Warnings, breaches, raisings and steps first, then what is asked for, in the policy's order."""
    rules = policy(
        sla("first_reply", 0, marks=(Mark("0m", 0),)),
        chains=(Chain("c", ALWAYS, (Step(0, ("lead",)),)),),
        escalation=(EscalationRule("e", "sla.breached", "c"),),
        actions=(ActionRule("z", "sla.breached", Deed("z")), ActionRule("a", "matched", Deed("a"))),
    )
    told = [(item.type, item.rule) for item in judged(rules, 0, opening()).implied][2:]
    assert told == [
        ("sla.warned", "first_reply"),
        ("sla.breached", "first_reply"),
        ("escalation.raised", "e"),
        ("action.requested", "z"),
        ("action.requested", "a"),
    ]


def test_what_only_a_policy_sets_off_is_marked() -> None:
    """As with escalations: a rule that is new, or a target that is."""
    first, second = policy(FIRST), policy(FIRST, actions=(action("matched"), action("sla.breached")), name="second")
    told = [
        (item.rule, (item.at - T0) // M, item.by_policy)
        for item in judged(following(first, (H, second)), D, opening()).implied
        if item.type == "action.requested"
    ]
    assert told == [("tell", 60, True), ("tell", 60, True)]


def test_what_would_have_been_asked_for_all_the_same_is_not_marked() -> None:
    """A reopen at the very change, of a contact that its rule matched before; a deadline that was coming."""
    rules = [policy(FIRST, actions=(action("matched"), action("sla.breached")), name=name) for name in "ab"]
    events = opening(status="solved"), status(10 * M, "open")
    told = judged(following(rules[0], (10 * M, rules[1])), 10 * M, *events).implied
    assert [item.by_policy for item in told if item.type == "action.requested"] == [False]
    strict = policy(sla("first_reply", 10 * M), actions=rules[0].actions, name="strict")
    told = judged(following(rules[0], (20 * M, strict)), D, opening()).implied
    assert [item.by_policy for item in told if item.type == "action.requested"] == [False, True]


def test_an_instant_at_which_an_action_was_asked_for_is_settled() -> None:
    """What happens in it later could have changed that."""
    rules = policy(routing=(), actions=(action("matched"),), when={"tell": tagged("vip")})
    events = opening(), tags(M, "vip"), agent(2 * M)
    assert [state_of(judged(rules, n * M, *events)).settled - T0 for n in range(3)] == [-1, M, M]
