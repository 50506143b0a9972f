"""Policies that ask for too much: the findings come, or are given up, within a bounded amount of work."""

import pytest

from gateway.policy.document import RULES_MAX
from gateway.policy.lint import findings
from gateway.policy.lint.formula import Formulas, Space
from gateway.policy.lint.search import Cover, GaveUp, Work, outside
from tests.policy.build import loaded


def severities(conditions: list[str]) -> str:
    """A severity rule for each condition."""
    lines = (f"  - id: r{n}\n    severity: 1\n    when: |-\n      {one}" for n, one in enumerate(conditions))
    return "\n".join(["severity:", *lines]) + "\n"


def kinds(text: str) -> set[str]:
    """The kinds of what is found."""
    return {problem.id for problem in findings(loaded(text))}


def test_a_section_full_of_rules() -> None:
    """2,000 rules that all differ: nothing false is found, and the work ends."""
    shapes = (
        '"vip" in contact.tags && contact.group == "g{}"',
        '!("t{}" in contact.tags)',
        'contact.channel == "chat" && "t{}" in contact.tags',
    )

    assert kinds(severities([shapes[number % 3].format(number) for number in range(RULES_MAX)])) == set()


def test_a_section_full_of_the_same_rule() -> None:
    """All but the first are behind it, each told."""
    problems = findings(loaded(severities(['"vip" in contact.tags'] * 300)))

    assert [problem.id for problem in problems] == ["shadowed-rule"] * 299


def test_thousands_of_tags() -> None:
    """As many tags as a file may hold, asked for again behind the rule that takes them all."""
    words = ", ".join(f'"tag{number}"' for number in range(900))
    some = ", ".join(f'"tag{number}"' for number in range(850))
    rules = [f"contact.tags.exists(t, t in [{words}])", f"contact.tags.exists(t, t in [{some}])"] * 10

    assert kinds(severities(rules)) == {"shadowed-rule"}


def test_deep_conditions() -> None:
    """As deep and as wide as the language lets them be."""
    deep = '"a" in contact.tags'
    for number in range(12):
        deep = f'({deep} ? "b{number}" in contact.tags : !contact.csat.given)'
    negated = "!" * 2_001 + "contact.csat.given"
    wide = " || ".join(f'contact.tags.exists(t, t == "w{number}")' for number in range(200))
    nested = "[" + ", ".join(f'"{number}"' for number in range(200)) + "]"
    unrolled = f"{nested}.exists(a, {nested}.exists(b, a in contact.tags && b in contact.tags))"

    assert kinds(severities([deep, negated, wide, unrolled] * 10)) == {"shadowed-rule"}


def test_clauses_that_no_search_settles() -> None:
    """A riddle of pigeons and holes has no short answer: it is given up, and nothing is found."""
    holes, pigeons = 7, 8
    sits = [[f'"p{pigeon}h{hole}" in contact.tags' for hole in range(holes)] for pigeon in range(pigeons)]
    clash = [
        f"({sits[one][hole]} && {sits[two][hole]})"
        for hole in range(holes)
        for one in range(pigeons)
        for two in range(one)
    ]
    rules = [" || ".join(clash[start : start + 100]) for start in range(0, len(clash), 100)]

    assert kinds(severities([*rules, " && ".join("(" + " || ".join(row) + ")" for row in sits)])) == set()


def test_the_work_is_counted() -> None:
    """A question that takes more than is left is given up, and so is every one behind it."""
    make = Formulas(Space({"kind": ("a", "b")}))
    facts = [make.fact(number) for number in range(12)]
    odd = make.false
    for fact in facts:
        odd = make.either((make.both((odd, make.no(fact))), make.both((make.no(odd), fact))))
    cover = Cover()
    cover.add(odd)

    assert outside(make.no(odd), cover, Work()) is not None
    with pytest.raises(GaveUp):
        outside(make.both((odd, make.fact("x"), make.no(facts[0]))), cover, Work(total=10, query=10))


def test_rules_and_chains() -> None:
    """Many escalations, chains and promises, each with another time and condition."""
    sla = [
        f"  - {{id: s{n}, when: 'contact.group == \"g{n}\"', metric: first_reply, within: {n + 1}m, warn: [50%]}}"
        for n in range(100)
    ]
    chains = [f"  c{n}: {{calendar: office, steps: [{{after: {n + 1}s, notify: [r]}}]}}" for n in range(100)]
    escalation = [
        f"  - {{id: e{n}, on: sla.warned, chain: c{n}, when: 'contact.group != \"g{n}\"'}}" for n in range(100)
    ]
    head = [
        "calendars:",
        "  office: {timezone: Europe/Berlin, hours: {mon-fri: '08:00-17:00'}}",
        "roles: {r: {endpoints: [e]}}",
    ]
    text = "\n".join([*head, "sla:", *sla, "chains:", *chains, "escalation:", *escalation]) + "\n"

    assert kinds(text) <= {"slow-chain"}
