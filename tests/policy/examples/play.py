"""A policy with every kind of rule, and tests of it in short, for the tests of tests."""

from functools import lru_cache

import pytest

from gateway.kernel.problems import Problems
from gateway.policy.load import Loaded, load_policy
from gateway.policy.rehearsal import Report, run
from gateway.policy.rehearsal.files import read_tests
from gateway.policy.rehearsal.report import Difference
from tests.support.told import told

POLICY = """\
version: 1
name: play
calendars:
  office: {timezone: America/Los_Angeles, hours: {mon-fri: "08:00-17:00"}}
severity:
  - {id: fraud, when: '"fraud" in contact.tags', severity: 1}
  - {id: mail, when: contact.channel == "email", severity: 2}
sla:
  - id: fraud-reply
    when: contact.severity == 1
    metric: first_reply
    within: 30m
    operator: lt
    warn: [50%, 5m before]
    objective: 90%
  - {id: reply, metric: first_reply, within: 4h, calendar: office}
  - {id: answer, metric: next_reply, within: 1h}
queues:
  general: {team: t1, tier: 1}
  fraud: {team: t2, tier: 2}
routing:
  - {id: to-fraud, when: contact.severity == 1, queue: fraud, skills: [law, cards], priority: 9}
  - {id: spam, when: '"spam" in contact.tags', queue: general}
  - {id: by-mail, when: contact.channel == "email", queue: general}
roles:
  lead: {endpoints: [helpdesk]}
  boss: {endpoints: [helpdesk]}
chains:
  up:
    steps:
      - {after: 0m, notify: [lead]}
      - {after: 1h, notify: [lead, boss]}
escalation:
  - {id: fraud-up, when: contact.severity == 1, on: matched, chain: up}
  - {id: late-up, on: sla.breached, chain: up}
enrich:
  - {id: paid, when: contact.customer.known, enricher: payments}
actions:
  - {id: tell, on: sla.breached, do: {tags_add: [late]}}
"""

FILE = "p.tests.yaml"

FRAUD = "{kind: ticket, channel: email, tags: [fraud], customer: {email: a@b.example}, at: 2026-03-02T09:00:00-08:00}"
"""A grave contact, on a Monday morning."""

CHAT = "{kind: chat, channel: chat, at: 2026-03-02T09:00:00-08:00}"
"""One of which no routing rule speaks."""


@lru_cache(maxsize=16)
def loaded(text: str = POLICY) -> Loaded:
    """The policy of a text."""
    return load_policy(text, "p.yaml")


def file_of(given: str, expect: str, *looks: str, name: str = "t") -> str:
    """A file of one test."""
    lines = ["version: 1", "tests:", f"  - name: {name}", f"    given: {given}", f"    expect: {expect}"]
    if looks:
        lines += ["    then:", *(f"      - {look}" for look in looks)]
    return "\n".join(lines) + "\n"


def report(text: str, policy: str = POLICY) -> Report:
    """What came of a file of tests."""
    return run(loaded(policy), read_tests(loaded(policy), text, FILE))


def missed(given: str, expect: str, *looks: str, policy: str = POLICY) -> list[Difference]:
    """What differs in a single test, look after look."""
    (outcome,) = report(file_of(given, expect, *looks), policy).outcomes
    return [difference for look in outcome.missed for difference in look.differences]


def wrong(text: str, policy: str = POLICY) -> list[str]:
    """What is wrong with a file of tests, as `line:column: id: message`."""
    with pytest.raises(Problems) as caught:
        read_tests(loaded(policy), text, FILE)
    return [told(problem).removeprefix(f"{FILE}:") for problem in caught.value.problems]
