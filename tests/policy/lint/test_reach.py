"""Rules that never take effect, and conditions that say nothing: found at their places, with the rules in their way."""

import pytest

from tests.policy.lint.finds import found, places

KINDS = ("unreachable-rule", "shadowed-rule", "never-matches", "always-matches")


def severities(*conditions: str) -> str:
    """Severity rules r0, r1, … on the lines 2, 3, …; an empty condition is left out."""
    whens = [f", when: '{condition}'" if condition else "" for condition in conditions]
    return "\n".join(["severity:", *(f"  - {{id: r{n}, severity: 1{when}}}" for n, when in enumerate(whens))]) + "\n"


def test_behind_one_that_always_matches() -> None:
    """Everything behind it is unreachable, told at its id with the rule and its line; what stands before it is not."""
    text = severities('contact.kind == "call"', "", 'contact.kind == "chat"', "")
    way = "this rule is never reached: 'r1' (line 3) stands before it and always matches; move it up, or take it out"

    assert found(text, *KINDS) == [f"4:10: unreachable-rule: {way}", f"5:10: unreachable-rule: {way}"]


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        (['contact.channel in ["chat", "email"]'], 'contact.channel == "chat"'),
        (['contact.channel != "phone"'], 'contact.channel == "chat" && "x" in contact.tags'),
        (['"x" in contact.tags'], 'contact.tags.exists(t, t == "x")'),
        (['contact.tags.exists(t, t in ["x", "y"])'], '["y", "x"].exists(t, t in contact.tags) && true'),
        (['contact.subject.contains("a")'], 'contact.subject.contains("a") && contact.kind == "call"'),
        (['!(contact.tags.all(t, t != "x"))'], '"x" in contact.tags'),
        (["contact.customer.known", "!contact.customer.known"], ""),
        (['contact.priority in ["urgent", "high"]', 'contact.priority == "normal"'], 'contact.priority > "o"'),
        (['contact.kind == "call" ? contact.csat.given : true'], 'contact.kind == "chat"'),
        (["contact.csat.given == true"], "contact.csat.given"),
        (["contact.fields.vip == 1"], 'contact.fields.vip == 1 && contact.kind == "call"'),
    ],
)
def test_shadowed_by_what_it_means(before: list[str], behind: str) -> None:
    """However it is written: what would match has been taken already."""
    line = len(before) + 2

    assert places(severities(*before, behind), *KINDS) == [f"{line}:10: shadowed-rule"]


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        ('contact.channel == "chat"', 'contact.channel in ["chat", "email"]'),
        ('"x" in contact.tags', 'contact.tags.exists(t, t == "xy")'),
        ('"x" in contact.tags', 'contact.tags.exists(t, t != "x")'),
        ('contact.tags.all(t, t == "x")', '"x" in contact.tags'),
        ('contact.kind == "chat"', 'contact.channel == "chat"'),
        # A condition that fails is not matched: for a contact without the field neither of the first two is.
        ("contact.fields.vip == 1 || !(contact.fields.vip == 1)", 'contact.kind == "call"'),
        ("1 / contact.reopened > 0 || !(1 / contact.reopened > 0)", ""),
        # 64 tags by 64 by 64 are too much work, and that takes the whole condition with it.
        (
            'contact.kind == "call" || contact.tags.all(a, contact.tags.all(b, contact.tags.all(c, a + b != c)))',
            'contact.kind == "call" && contact.csat.given',
        ),
        ("contact.fields.vip == 1", "contact.fields.vip == true"),
        ('contact.subject.contains("a")', 'contact.subject.contains("b")'),
    ],
)
def test_not_shadowed(before: str, behind: str) -> None:
    """What leaves the rule behind it anything at all."""
    assert places(severities(before, behind), *KINDS) == []


def test_the_rules_in_the_way_are_named() -> None:
    """Only those that are needed, with their lines; the whole list where one alone takes all."""
    both = severities('contact.kind == "call"', "contact.csat.given", "!contact.csat.given", 'contact.kind == "chat"')
    one = severities("contact.csat.given", 'contact.kind in ["chat", "call"]', 'contact.kind == "chat"')

    assert "taken before it, by 'r1' (line 3) and 'r2' (line 4);" in found(both, *KINDS)[0]
    assert "taken before it, by 'r1' (line 3);" in found(one, *KINDS)[0]


def test_each_metric_is_a_list_of_its_own() -> None:
    """In sla the first match of each metric wins: the same condition for another metric is not behind it."""
    text = """
    sla:
      - {id: a, metric: first_reply, within: 1h}
      - {id: b, metric: resolution, within: 1h}
      - {id: c, metric: first_reply, within: 2h}
    """

    assert places(text, *KINDS) == ["4:10: unreachable-rule"]


def test_escalations_stand_side_by_side() -> None:
    """Of escalation, enrich and actions every rule that matches counts; none is behind another."""
    text = """
    roles: {r: {endpoints: [e]}}
    chains: {c: {steps: [{after: 0m, notify: [r]}]}}
    escalation:
      - {id: a, on: matched, chain: c}
      - {id: b, on: matched, chain: c}
    actions:
      - {id: a, on: matched, do: {tags_add: [x]}}
      - {id: b, on: matched, do: {tags_add: [x]}}
    """

    assert places(text, *KINDS) == []


DECIDED = """
severity:
  - {{id: s, when: '"x" in contact.tags', severity: 2}}
queues: {{a: {{team: ta, tier: 1}}, b: {{team: tb, tier: 2}}, c: {{}}}}
routing:
  - {{id: a, when: contact.severity == 2, queue: a, skills: [k], priority: 5}}
  - {{id: b, queue: b}}
actions:
  - id: act
    on: matched
    do: {{tags_add: [y]}}
    when: {}
"""


@pytest.mark.parametrize(
    ("condition", "kind"),
    [
        ("contact.severity == 5", "never-matches"),
        ("contact.severity >= 1 && contact.severity <= 4", "always-matches"),
        ('contact.queue == "c"', "never-matches"),
        ('contact.queue == ""', "never-matches"),
        ('contact.queue != ""', "always-matches"),
        ("contact.tier > 2", "never-matches"),
        ('contact.team in ["ta", "tb"]', "always-matches"),
        ('"k" in contact.skills && contact.queue == "b"', "never-matches"),
        ('contact.route_priority == 5 && contact.queue == "b"', "never-matches"),
        # The tag decides the severity, and that the route.
        ('"x" in contact.tags && contact.queue == "b"', "never-matches"),
        ('contact.priority == "high" && contact.queue == "b"', "never-matches"),
        ("contact.severity == 4", ""),
        ('contact.queue == "a"', ""),
        ('contact.severity == 2 && contact.priority == "low"', ""),
        ('contact.kind == "call" && contact.kind == "chat"', "never-matches"),
        ('contact.kind != "call" || contact.kind != "chat"', "always-matches"),
        ("true", ""),
        ("false", "never-matches"),
        ("contact.csat.given && !contact.csat.given", "never-matches"),
        ("contact.csat.given || !contact.csat.given", "always-matches"),
        ("contact.fields.x == 1 || !(contact.fields.x == 1)", ""),
    ],
)
def test_conditions_alone(condition: str, kind: str) -> None:
    """A condition that no contact fulfils, or every contact, by what the sections before have decided."""
    assert places(DECIDED.format(f"'{condition}'"), *KINDS) == ([f"11:11: {kind}"] if kind else [])


def test_what_is_decided_is_told() -> None:
    """The message names the values that there are."""
    (line,) = found(DECIDED.format("contact.severity == 5"), "never-matches")

    assert "no contact can fulfil this condition: contact.severity is only ever one of 1, 2, 3, 4; change it" in line


def test_an_answer_that_only_calls_give() -> None:
    """speed_of_answer counts for calls alone: a rule of it that no call fulfils is none."""
    text = """
    sla:
      - {id: a, metric: speed_of_answer, within: 1m, when: contact.kind == "chat"}
      - {id: b, metric: speed_of_answer, within: 1m, when: contact.kind != "chat"}
    """

    assert places(text, *KINDS) == ["2:56: never-matches"]


def test_the_place_in_a_block() -> None:
    """A condition over several lines is told at its beginning, a rule at its id."""
    text = """
    severity:
      - id: a
        when: >-
          contact.kind == "call" &&
          contact.kind == "chat"
        severity: 1
      - severity: 1
        id: b
      - severity: 1
        id: c
    """

    assert places(text, *KINDS) == ["3:11: never-matches", "10:9: unreachable-rule"]
