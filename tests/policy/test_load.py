"""From a file to a policy: what becomes of each part, every mistake at its place, and the hash of the content."""

import pytest

from gateway.model.instant import HOUR_MS, MINUTE_MS, SECOND_MS
from gateway.rules.policy import Mark, RoutingRule, SeverityRule, Step
from tests.policy.build import loaded, problems

WHOLE = """\
version: 1
name: orion
calendars:
  office: {timezone: America/Los_Angeles, hours: {mon-fri: ["08:00-12:00", "13:00-17:00"]}}
severity:
  - id: fraud
    when: contact.tags.exists(t, t in ["fraud", "account_lockout"])
    severity: 1
sla:
  - id: chat
    when: contact.channel == "chat"
    metric: first_reply
    within: 20s
    operator: lt
    warn: [50%, 75%, 5s before]
    objective: 90%
    bots_count: true
  - {id: email, metric: first_reply, within: 4h, calendar: office}
  - {id: recovery, metric: csat_recovery, within: 1d, below: 60%}
queues:
  general: {team: t1}
  fraud: {team: t2, tier: 2}
routing:
  - {id: fraud, when: contact.severity == 1, queue: fraud, skills: [fraud], priority: 10}
  - {id: default, queue: general}
roles:
  lead: {endpoints: [helpdesk, pager]}
chains:
  sev1:
    calendar: office
    steps:
      - {after: 0m, notify: [lead], reminder: 15m}
      - {after: 2h, notify: [lead]}
    unack_after: 1h
escalation:
  - {id: sev1, when: contact.severity == 1, on: matched, chain: sev1}
  - {id: late, on: sla.breached, metric: first_reply, chain: sev1}
enrich:
  - {id: paid, when: contact.customer.known, enricher: payments, ttl: 1h}
actions:
  - id: tell
    when: contact.severity == 1
    on: sla.breached
    do: {comment: {visibility: internal, text: "SLA breached: {rule}"}, tags_add: [sla_breached]}
tests:
  - name: a test
    given: {kind: ticket, channel: email, at: 2026-11-20T16:30:00-08:00}
    expect: {queue: general, clocks: {email: {due_at: 2026-11-21T21:30:00-08:00}}}
"""


def test_whole() -> None:
    """Every part of a policy arrives in the rules as it was written."""
    made = loaded(WHOLE)
    policy = made.policy

    assert (policy.name, made.text, made.document.actions[0].do.tags_add) == ("orion", WHOLE, ["sla_breached"])
    assert policy.severity == (SeverityRule("fraud", 1),)
    chat, email, recovery = policy.sla
    assert (chat.target_ms, chat.operator, chat.calendar.name, chat.objective) == (20 * SECOND_MS, "lt", "always", 0.9)
    assert chat.marks == (Mark("50%", 10_000), Mark("75%", 15_000), Mark("5s before", 15_000))
    assert (email.operator, email.calendar, email.marks) == ("le", policy.calendars["office"], ())
    assert (chat.bots_count, email.bots_count, recovery.below) == (True, False, 0.6)
    assert (policy.queues["general"].tier, policy.queues["fraud"].team) == (1, "t2")
    assert policy.routing == (RoutingRule("fraud", "fraud", ("fraud",), 10), RoutingRule("default", "general"))
    assert policy.roles == {"lead": ("helpdesk", "pager")}
    chain = policy.chains["sev1"]
    assert chain.steps == (Step(0, ("lead",), 15 * MINUTE_MS), Step(2 * HOUR_MS, ("lead",)))
    assert (chain.calendar.name, chain.unack_after_ms) == ("office", HOUR_MS)
    assert [(rule.id, rule.on, rule.metric) for rule in policy.escalation] == [
        ("sev1", "matched", None),
        ("late", "sla.breached", "first_reply"),
    ]


def test_least() -> None:
    """A policy without routing, or with nothing but its version, is a policy."""
    policy = loaded("version: 1\n").policy

    assert (policy.routing, policy.sla, policy.matcher.reads) == ((), (), frozenset())
    assert policy.matcher.verdict.__self__ is policy.matcher


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("name: orion", "name: orion # the hunter", True),
        ("within: 4h", "within: 240m", True),
        ("a test", "another test", True),
        ("mon-fri:", "mon-sat:", False),
        ("within: 4h", "within: 5h", False),
        ('"fraud", "account_lockout"', '"fraud"', False),
        ("[helpdesk, pager]", "[pager, helpdesk]", False),
        ("name: orion", "name: lyra", False),
    ],
)
def test_hash(old: str, new: str, same: bool) -> None:
    """The hash follows the meaning: not comments, spelling or tests, but every rule and every calendar."""
    changed = WHOLE.replace(old, new)

    assert changed != WHOLE
    assert (loaded(changed).policy.hash == loaded(WHOLE).policy.hash) is same


def test_hash_knows_the_holidays() -> None:
    """Two countries with other holidays are two policies, although nothing else differs."""
    text = "calendars:\n  c: {timezone: UTC, hours: 24x7, holidays: [{country: US}, {date: 2026-01-02}]}\n"

    assert loaded(text).policy.hash != loaded(text.replace("2026-01-02", "2026-01-05")).policy.hash


def test_ten_mistakes_show_ten() -> None:
    """Mistakes of every kind, in one file, are told together, each at its place."""
    text = """\
version: 1
nam: x
calendars:
  office: {timezone: America/Los_Angelos, hours: {mon-fry: "08:00-12:00"}}
severity:
  - id: a
    when: contact.chanel == "chat"
    severity: 12
  - {id: a, when: contact.severity == 1, severity: 1}
sla:
  - id: b
    when: contact.channel == "emial"
    metric: first_replly
    within: 20
    calendar: offise
    warn: [50%, 5x, 5h before]
queues: {general: {}}
routing:
  - {id: r, queue: generel}
chains:
  k: {steps: [{after: 1h, notify: [nobody]}, {after: 0s, notify: [nobody]}]}
escalation:
  - {id: s, on: matched, metric: first_reply, chain: kk}
"""
    expected = [
        "2:1: unknown-key: unknown key 'nam'; did you mean 'name'?",
        "4:22: unknown-zone: there is no time zone 'America/Los_Angelos'; did you mean 'America/Los_Angeles'?",
        "4:51: bad-key: expected weekdays such as mon, mon-fri or sat,sun",
        "7:18: bad-expression: contact has no field 'chanel'; did you mean 'channel'?",
        "8:15: bad-value: must be at most 9",
        "9:10: duplicate-id: the id 'a' stands twice in severity; the first is at 6:9",
        "9:26: bad-expression: contact.severity isn't known yet: this section decides it",
        "12:30: bad-expression: contact.channel can never be 'emial'; did you mean 'email'?",
        "13:13: bad-value: 'first_replly' is not one of ",
        "14:13: bad-value: expected a duration with its unit, such as 20s, 30m, 4h, 3d or 1h30m",
        "15:15: unknown-calendar: there is no calendar 'offise'; did you mean 'office'?",
        "16:17: bad-mark: '5x' is no mark; write 50% (of the target), 5s before (its end) or 24h (elapsed)",
        "19:20: unknown-queue: there is no queue 'generel'; did you mean 'general'?",
        "21:36: unknown-role: there is no role 'nobody'; add it under `roles`",
        "21:54: bad-value: a step can't come before the one above it; put the steps in order of time",
        "21:67: unknown-role: there is no role 'nobody'; add it under `roles`",
        "23:26: bad-value: a metric narrows sla.warned and sla.breached",
        "23:54: unknown-chain: there is no chain 'kk'; did you mean 'k'?",
    ]
    found = problems(text)

    assert len(found) == len(expected), found
    assert all(line.startswith(start) for line, start in zip(found, expected, strict=True)), found


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("warn: [50%, 75%, 5s before]", "warn: [21s]", ["15:12: warning-after-breach: '21s' lies behind the target"]),
        ("warn: [50%, 75%, 5s before]", "warn: [50%, 50%]", ["15:17: bad-mark: '50%' stands twice"]),
        ("warn: [50%, 75%, 5s before]", "warn: [25s before]", ["15:12: bad-mark: '25s before' lies before the start"]),
        ("objective: 90%", "objective: 0.9", ["16:16: bad-value: expected a share such as 90%"]),
        ("below: 60%}", "warn: [1h]}", ["19:28: missing-key: csat_recovery needs `below`"]),
        ("calendar: office}", "below: 50%}", ["18:50: bad-value: only the metric csat_recovery has a threshold"]),
        ("reminder: 15m", "reminder: 0s", ["32:47: bad-value: must be longer than 0s"]),
        (
            "notify: [lead], rem",
            "notify: [led], rem",
            ["32:30: unknown-role: there is no role 'led'; did you mean 'lead'?"],
        ),
        ("[helpdesk, pager]", "[]", ["27:21: notifies-nobody: this role notifies nobody; name its endpoints"]),
        ("on: sla.breached, m", "on: sla.breach, m", ["37:20: bad-value: 'sla.breach' is not one of matched, "]),
        ("  - {id: late,", "  - {id: sev1,", ["37:10: duplicate-id: the id 'sev1' stands twice in escalation"]),
        ("when: contact.customer.known", "when: ~", ["39:22: bad-value: the condition is empty"]),
        ("do: {comment", "do: {} # {comment", ["44:9: bad-value: nothing to do"]),
        ("version: 1", "version: 2", ["1:10: bad-value: expected 1"]),
        ("after: 2h, notify: [lead]", "after: 2h, notify: []", ["33:29: notifies-nobody: this step notifies nobody"]),
        ("name: orion", "name: o/n", ["2:7: bad-value: a name has letters"]),
        ("at: 2026-11-20T16:30:00-08:00", "at: 2026-11-20", ["47:47: bad-value: expected a time with its zone"]),
        ("expect: {queue: general", "expect: {queue: generl", ["48:21: unknown-queue: there is no queue 'generl'"]),
        ("clocks: {email:", "clocks: {emial:", ["48:39: unknown-rule: there is no rule 'emial' in sla"]),
        ("{kind: ticket,", "{kind: tiket,", ["47:19: bad-value: 'tiket' is not one of ticket, call, chat, mention"]),
        ("severity: 1\nsla", "severity: high\nsla", ["8:15: bad-value: expected a whole number"]),
        (
            "queues:\n",
            "queues: 3\nqueue:\n",
            ["20:9: bad-value: expected a mapping of names to values", "21:1: unknown-key"],
        ),
    ],
)
def test_one_mistake(old: str, new: str, found: list[str]) -> None:
    """One mistake is told once, at its place, and nothing else with it."""
    assert old in WHOLE
    lines = problems(WHOLE.replace(old, new, 1))

    assert len(lines) == len(found), lines
    assert all(line.startswith(start) for line, start in zip(lines, found, strict=True)), lines


@pytest.mark.parametrize("text", ["", "- a\n", "text\n", "3\n"])
def test_not_a_policy(text: str) -> None:
    """A file that holds no mapping is refused in one line."""
    assert problems(text) == ["1:1: bad-value: expected a mapping of keys to values"]


def test_unknown_enricher() -> None:
    """Where the installed enrichers are known, one that isn't among them is a mistake."""

    class Paid:
        pass

    assert problems("enrich: [{id: a, enricher: paymets}]\n", payments=Paid) == [
        "1:28: unknown-enricher: there is no enricher 'paymets'; did you mean 'payments'?"
    ]
