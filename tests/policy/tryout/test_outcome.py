"""What a policy makes of an imagined contact: by the code that judges, and with nothing left to guess."""

import dataclasses

import msgspec
import pytest

from gateway.model.instant import format_instant, parse_instant
from gateway.policy.evaluate import evaluate, read_events
from gateway.policy.load import load_policy
from gateway.policy.tryout.asked import Asked, read_json
from gateway.policy.tryout.outcome import FOLLOWING_MAX, try_out
from gateway.policy.tryout.view import outcome_view
from tests.web.worlds import NOW, POLICY

TEST = load_policy(POLICY, "policy.yaml").policy


def test_the_path_that_matches_comes_first() -> None:
    """Severity, route, clocks, and which escalation is raised when; then every rule with what it read."""
    view = outcome_view(try_out(TEST, Asked(at=NOW, tags=("outage",), channel="email")))
    assert next(iter(view)) == "at"
    assert [(one["section"], one["rule"], one["leads_to"]) for one in view["path"]] == [
        ("severity", "outage", "1"),
        ("routing", "outage", "engineers"),
        ("sla", "urgent-first-reply", "first_reply"),
        ("sla", "work", "agent_work"),
        ("escalation", "outage-late", "sev1"),
        ("escalation", "outage-late", "sev1"),
    ]
    assert view["clocks"][0]["due_at"] == "2026-03-02T09:15:00Z"
    following = [(one["at"][11:], one["type"], one["endpoints"]) for one in view["following"][:4]]
    assert following == [
        ("09:07:30Z", "sla.warned", []),
        ("09:15:00Z", "sla.breached", []),
        ("09:15:00Z", "escalation.raised", ["helpdesk"]),
        ("09:45:00Z", "escalation.stepped", ["helpdesk"]),
    ]
    tried = {one["rule"]: one for one in view["tried"]["severity"]}
    assert tried["outage"]["reads"] == ["tags"]
    assert view["read"]["tags"] == ["outage"]
    assert tried["paying"]["became"] == "not asked"
    assert msgspec.json.decode(msgspec.json.encode(view))["asked"]["tags"] == ["outage"]


def test_it_says_what_policy_eval_says_of_the_same_opening() -> None:
    """The clocks, the route and the escalations are those of the same events."""
    opening = {"type": "contact.opened", "at": format_instant(NOW), "kind": "ticket", "channel": "email"}
    events = read_events(msgspec.json.encode([{**opening, "priority": "high", "tags": ["outage"]}]))
    view = outcome_view(try_out(TEST, Asked(at=NOW, priority="high", tags=("outage",))))
    told = evaluate(events, TEST, NOW).view
    later = evaluate(events, TEST, NOW + 10_000_000_000).view
    assert [{name: clock[name] for name in told["clocks"][0]} for clock in view["clocks"]] == told["clocks"]
    assert view["route"] == told["route"]
    said = [(one["type"], one["at"], one["rule"]) for one in later["effects"] if not one["type"].startswith("contact.")]
    assert [(one["type"], one["at"], one["rule"]) for one in view["following"]] == said


def test_a_policy_that_is_still_to_come_is_tried_out_all_the_same() -> None:
    """Whoever asks it wants to know what it will do; its `from` keeps it from judging, not from answering."""
    ahead = dataclasses.replace(TEST, starts=parse_instant("2030-01-01T00:00:00Z"))
    assert outcome_view(try_out(ahead, Asked(at=NOW)))["route"]["queue"] == "general"


def test_facts_and_fields_are_what_conditions_read() -> None:
    """A failing condition is told, and counts as not matched."""
    policy = load_policy(
        """
version: 1
severity:
  - {id: gold, when: 'contact.facts.payments.tier == "gold"', severity: 1}
  - {id: rich, when: 'contact.fields.amount > 10.0', severity: 2}
enrich:
  - {id: ask, enricher: payments}
""",
        "policy.yaml",
    ).policy
    gold = outcome_view(try_out(policy, read_json(b'{"facts": {"payments": {"tier": "gold"}}}', NOW)))
    assert gold["severity_rule"] == "gold"
    rich = outcome_view(try_out(policy, read_json(b'{"fields": {"amount": 12}}', NOW)))
    assert rich["severity_rule"] == "rich"
    poor = outcome_view(try_out(policy, read_json(b'{"fields": {"amount": "a lot"}}', NOW)))
    assert poor["severity_rule"] is None
    assert poor["failures"].keys() >= {"rich"}


def test_reminders_end_nowhere_and_are_left_out() -> None:
    """Repeated till somebody acknowledges, they would be all that is told."""
    text = POLICY.replace("{after: 0m, notify: [lead]}", "{after: 0m, notify: [lead], reminder: 1s}")
    outcome = try_out(load_policy(text, "policy.yaml").policy, Asked(at=NOW, tags=("outage",)))
    assert not outcome.more
    assert not any(one.detail.get("reminder") for one in outcome.following)


def test_the_answer_is_bounded() -> None:
    """However much a policy would bring."""
    rules = "\n".join(f"  - {{id: e{number}, on: matched, chain: sev1}}" for number in range(400))
    outcome = try_out(load_policy(POLICY + rules, "policy.yaml").policy, Asked(at=NOW))
    assert len(outcome.following) == FOLLOWING_MAX
    assert outcome.more


@pytest.mark.parametrize("text", ["<script>", "\u202e", "\x00", "Z\u0301" * 300, "{{ 7*7 }}"])
def test_hostile_values_are_values(text: str) -> None:
    """They are judged like any other."""
    asked = Asked(at=NOW, subject=text, tags=(text[:50],), fields={text[:50]: text}, group=text, connector=text)
    assert outcome_view(try_out(TEST, asked))["route"]["queue"] == "general"
