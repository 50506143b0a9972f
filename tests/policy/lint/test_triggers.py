"""Rules that nothing sets off, and facts that nobody asks for."""

import msgspec
import pytest

from gateway.policy.lint import findings
from tests.policy.build import loaded
from tests.policy.lint.finds import found, places
from tests.support.told import told

BASE = """
roles: {{r: {{endpoints: [e]}}}}
chains: {{c: {{steps: [{{after: 0m, notify: [r]}}]}}}}
sla:
  - {{id: chat, when: contact.channel == "chat", metric: first_reply, within: 1h, warn: [50%]}}
  - {{id: done, when: contact.kind != "call", metric: resolution, within: 1d}}
  - {{id: call, metric: speed_of_answer, within: 1m, warn: [50%]}}
  - {{id: sorry, metric: csat_recovery, within: 1d, below: 60%}}
escalation:
  - {{id: e, chain: c, {}}}
"""


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("on: sla.breached, metric: next_reply", "no rule of sla promises a next_reply"),
        ("on: sla.warned, metric: resolution", "no rule of sla that promises a resolution warns"),
        ('on: sla.breached, metric: first_reply, when: contact.channel == "email"', "every promise"),
        ('on: sla.warned, metric: speed_of_answer, when: contact.kind == "chat"', "every promise"),
        ('on: sla.breached, metric: resolution, when: \'contact.status in ["solved", "closed"]\'', "every promise"),
        ('on: matched, when: contact.status == "solved"', "only when the contact is over"),
    ],
)
def test_never_raised(rule: str, words: str) -> None:
    """Told at the trigger, with why."""
    (line,) = found(BASE.format(rule), "never-raised")

    assert line.startswith("9:27: never-raised: ")
    assert words in line


@pytest.mark.parametrize(
    "rule",
    [
        "on: sla.breached",
        "on: sla.warned",
        "on: sla.warned, metric: first_reply",
        'on: sla.breached, metric: resolution, when: contact.channel == "email"',
        'on: sla.warned, when: contact.channel == "email"',
        # The clock of a survey's answer goes on when the contact is over.
        'on: sla.breached, metric: csat_recovery, when: contact.status == "closed"',
        'on: matched, when: contact.status != "new"',
    ],
)
def test_raised(rule: str) -> None:
    """Where some clock of some contact can do it."""
    assert places(BASE.format(rule), "never-raised") == []


def test_actions_are_set_off_alike() -> None:
    """The same holds for actions; a condition that never holds is told as that, once."""
    text = """
    actions:
      - {id: a, on: sla.breached, do: {tags_add: [x]}}
      - {id: b, on: sla.breached, do: {tags_add: [x]}, when: contact.severity == 9}
    """

    assert places(text, "never-raised", "never-matches") == ["2:17: never-raised", "3:58: never-matches"]


class Risk(msgspec.Struct):
    """What one enricher tells."""

    score: int = 0


class Paid(msgspec.Struct):
    """What another one tells."""

    paid: bool = False


def test_facts_that_nobody_asks_for() -> None:
    """Told where the condition reads them, once a rule; those that a rule asks for come."""
    text = """\
severity:
  - id: a
    severity: 1
    when: >-
      contact.kind == "call" &&
      has(contact.facts.risk.score) && contact.facts.risk.score > 3
  - {id: b, severity: 2, when: has(contact.facts.payments.paid)}
enrich:
  - {id: e, enricher: payments}
"""
    problems = findings(loaded(text, risk=Risk, payments=Paid))

    assert [told(problem) for problem in problems if problem.id == "facts-never-asked"] == [
        "p.yaml:6:18: facts-never-asked: no rule of enrich asks 'risk', so these facts never come; add one"
    ]
