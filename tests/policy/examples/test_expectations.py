"""Every key of an expectation: it holds when it is right, and fails when it is off by a little."""

import pytest

from tests.policy.examples.play import CHAT, FRAUD, POLICY, file_of, missed, report

AT_ONCE = [
    # key, right, wrong, and what the difference tells: path, expected, got
    ("status: new", "status: open", ("status", "open", "new")),
    ("severity: 1", "severity: 2", ("severity", 2, 1)),
    ("queue: fraud", "queue: general", ("queue", "general", "fraud")),
    ("queue: fraud", "queue: ~", ("queue", None, "fraud")),
    ("route: to-fraud", "route: by-mail", ("route", "by-mail", "to-fraud")),
    ("route: to-fraud", "route: null", ("route", None, "to-fraud")),
    ("team: t2", "team: t1", ("team", "t1", "t2")),
    ("tier: 2", "tier: 1", ("tier", 1, 2)),
    ("skills: [law, cards]", "skills: [cards, law]", ("skills", ["cards", "law"], ["law", "cards"])),
    ("skills: [law, cards]", "skills: []", ("skills", [], ["law", "cards"])),
    ("priority: 9", "priority: 8", ("priority", 8, 9)),
    ("escalations: [fraud-up]", "escalations: []", ("escalations", [], ["fraud-up"])),
    ("escalations: [fraud-up]", "escalations: [late-up]", ("escalations", ["late-up"], ["fraud-up"])),
    ("steps: {fraud-up: 1, late-up: 0}", "steps: {fraud-up: 2}", ("steps.fraud-up", 2, 1)),
    ("steps: {fraud-up: 1}", "steps: {late-up: 1}", ("steps.late-up", 1, 0)),
    ("asked: [paid]", "asked: []", ("asked", [], ["paid"])),
    ("actions: []", "actions: [tell]", ("actions", ["tell"], [])),
    ("calendars: {office: open, always: open}", "calendars: {office: closed}", ("calendars.office", "closed", "open")),
]


@pytest.mark.parametrize(("right", "wrong", "told"), AT_ONCE, ids=lambda value: value if isinstance(value, str) else "")
def test_of_the_contact(right: str, wrong: str, told: tuple[str, object, object]) -> None:
    """Its severity, its route, what it has raised, whom it has asked."""
    assert missed(FRAUD, f"{{{right}}}") == []
    (difference,) = missed(FRAUD, f"{{{wrong}}}")
    assert (difference.path, difference.expected, difference.got) == told


REPLY = "{after: 40m, given: {type: message.added, author: {kind: agent}}, expect: {clocks: {fraud-reply: {%s}}}}"
OF_A_CLOCK = [
    ("state: breached", "state: met", ("met", "breached")),
    ("target: 30m", "target: 30m1s", ("30m1s", "30m")),
    ("calendar: always", "calendar: office", ("office", "always")),
    ("operator: lt", "operator: le", ("le", "lt")),
    ("objective: 90%", "objective: 90.5%", ("90.5%", "90%")),
    ("objective: 90%", "objective: ~", (None, "90%")),
    ("instance: 1", "", None),
    (
        "started_at: 2026-03-02T17:00:00Z",
        "started_at: 2026-03-02T17:00:00.001Z",
        ("2026-03-02T17:00:00.001Z", "2026-03-02T17:00:00Z"),
    ),
    (
        "due_at: 2026-03-02T09:30:00-08:00",
        "due_at: 2026-03-02T09:30:01-08:00",
        ("2026-03-02T09:30:01-08:00", "2026-03-02T09:30:00-08:00"),
    ),
    ("due_at: 2026-03-02T09:30:00-08:00", "due_at: null", (None, "2026-03-02T09:30:00-08:00")),
    (
        "met_at: 2026-03-02T18:40:00+01:00",
        "met_at: 2026-03-02T18:41:00+01:00",
        ("2026-03-02T18:41:00+01:00", "2026-03-02T18:40:00+01:00"),
    ),
    ("breached_at: 2026-03-02T17:30:00Z", "breached_at: ~", (None, "2026-03-02T09:30:00-08:00")),
    ("cancelled_at: ~", "cancelled_at: 2026-03-02T17:40:00Z", ("2026-03-02T17:40:00Z", None)),
    ("elapsed: 40m", "elapsed: 39m59s", ("39m59s", "40m")),
    ("warned: [5m before, 50%]", "warned: [50%]", (["50%"], ["50%", "5m before"])),
    ("warned: [5m before, 50%]", "warned: []", ([], ["50%", "5m before"])),
]


@pytest.mark.parametrize(("right", "wrong", "told"), OF_A_CLOCK)
def test_of_a_clock(right: str, wrong: str, told: tuple[object, object] | None) -> None:
    """How it stands, by the rule that counts it; times are told in the offset in which they are expected."""
    assert missed(FRAUD, "{severity: 1}", REPLY % right) == []
    if told is not None:
        (difference,) = missed(FRAUD, "{severity: 1}", REPLY % wrong)
        assert difference.path == f"clocks.fraud-reply.{wrong.partition(':')[0]}"
        assert (difference.expected, difference.got) == told


def test_one_of_several_instances() -> None:
    """The latest, unless another one is named; one that doesn't exist is told."""
    given = (
        "[{kind: chat, channel: chat, at: 2026-03-02T09:00:00Z},"
        " {type: message.added, author: {kind: agent}, after: 1m},"
        " {type: message.added, author: {kind: customer}, after: 2m},"
        " {type: message.added, author: {kind: agent}, after: 3m},"
        " {type: message.added, author: {kind: customer}, after: 4m}]"
    )

    assert missed(given, "{clocks: {answer: {state: running, instance: 2}}}") == []
    assert missed(given, "{clocks: {answer: {started_at: 2026-03-02T09:04:00Z}}}") == []
    assert missed(given, "{clocks: {answer: {instance: 1, state: met}}}") == []
    assert [one.got for one in missed(given, "{clocks: {answer: {instance: 1, state: running}}}")] == ["met"]
    (none,) = missed(given, "{clocks: {answer: {instance: 3}}}")
    assert (none.expected, none.got) == ({"instance": 3}, None)
    assert none.notes == ("rule answer matches, but no next reply number 3 has started under it",)


def test_a_clock_that_must_not_be_there() -> None:
    """`none` or `null`; one that must be there, whatever it shows, is `{}`."""
    for word in ("none", "null"):
        assert missed(FRAUD, f"{{clocks: {{reply: {word}}}}}") == []
        (there,) = missed(CHAT, f"{{clocks: {{reply: {word}}}}}")
        assert (there.path, there.expected, there.got["state"]) == ("clocks.reply", None, "running")
    assert missed(CHAT, "{clocks: {reply: {}}}") == []
    assert [one.path for one in missed(FRAUD, "{clocks: {reply: {}}}")] == ["clocks.reply"]


NOTICES = [
    "notices: [sla.warned, {type: sla.warned, mark: 5m before, at: 2026-03-02T17:25:00Z},"
    " {after: 30m, metric: first_reply}, {rule: late-up, chain: up, step: 1, roles: [lead]}]",
    "notices: [sla.warned, sla.warned, sla.breached, escalation.raised]",
    "notices: [{}, {}, {instance: 1}, {reminder: ~}]",
]


@pytest.mark.parametrize("notices", NOTICES)
def test_notices(notices: str) -> None:
    """Exactly those since the look before, in order; of an entry only what is written is compared."""
    assert missed(FRAUD, "{severity: 1}", f"{{after: 30m, expect: {{{notices}}}}}") == []
    one_more = f"{notices[:-1]}, sla.met]"
    assert [one.path for one in missed(FRAUD, "{severity: 1}", f"{{after: 30m, expect: {{{one_more}}}}}")] == [
        "notices"
    ]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("sla.breached", "sla.met"),
        ("{rule: fraud-reply}", "{rule: reply}"),
        ("{at: 2026-03-02T17:30:00Z}", "{at: 2026-03-02T17:30:00.001Z}"),
        ("{after: 30m}", "{after: 29m59s}"),
        ("{roles: []}", "{roles: [lead]}"),
        ("{metric: first_reply}", "{metric: next_reply}"),
        ("{instance: 1}", "{instance: 2}"),
    ],
)
def test_one_key_of_a_notice(right: str, wrong: str) -> None:
    """The breach; what differs is told in its place, among those that are as expected."""
    looks = ["{after: 29m, expect: {severity: 1}}", "{after: 30m, expect: {notices: [%s, escalation.raised]}}"]

    assert missed(FRAUD, "{severity: 1}", looks[0], looks[1] % right) == []
    (difference,) = missed(FRAUD, "{severity: 1}", looks[0], looks[1] % wrong)
    kinds = [kind for kind, _ in difference.entries]
    assert sorted(kinds[:2]) in (["expected", "got"], ["missing", "unexpected"])
    assert kinds[2:] == [""]


@pytest.mark.parametrize(
    ("notices", "kinds"),
    [
        ("[]", ["unexpected", "unexpected"]),
        ("[sla.breached]", ["", "unexpected"]),
        ("[escalation.raised]", ["unexpected", ""]),
        ("[sla.breached, escalation.raised, sla.met]", ["", "", "missing"]),
        ("[sla.breached, {type: escalation.raised, step: 2}]", ["", "expected", "got"]),
    ],
)
def test_notices_are_told_like_a_diff(notices: str, kinds: list[str]) -> None:
    """What is missing, what came beside, and what came differently."""
    looks = ["{after: 29m, expect: {severity: 1}}", f"{{after: 30m, expect: {{notices: {notices}}}}}"]
    (difference,) = missed(FRAUD, "{severity: 1}", *looks)

    assert [kind for kind, _ in difference.entries] == kinds


def test_notices_in_another_order() -> None:
    """It is said that nothing but the order is wrong."""
    looks = [
        "{after: 29m, expect: {severity: 1}}",
        "{after: 30m, expect: {notices: [escalation.raised, sla.breached]}}",
    ]
    (difference,) = missed(FRAUD, "{severity: 1}", *looks)

    assert difference.notes == ("all of them went out, in another order",)


def test_many_notices_are_compared_all_the_same() -> None:
    """By their place, where there are too many to lay them side by side in every way."""
    policy = POLICY.replace("{after: 0m, notify: [lead]}", "{after: 0m, notify: [lead], reminder: 1m}")
    many = ", ".join(["escalation.stepped"] * 900)
    (difference,) = missed(FRAUD, "{severity: 1}", f"{{after: 1d, expect: {{notices: [{many}]}}}}", policy=policy)

    assert len(difference.entries) > 900
    assert difference.got[0]["type"] == "escalation.stepped"


EMPTY = """\
version: 1
sla: [{id: chats, when: contact.channel == "chat", metric: first_reply, within: 1h}]
queues: {q: {}}
routing: [{id: phones, when: contact.channel == "phone", queue: q}]
roles: {r: {endpoints: [e]}}
chains: {c: {steps: [{after: 1h, notify: [r]}]}}
escalation: [{id: socials, when: contact.channel == "social", on: matched, chain: c}]
enrich: [{id: webs, when: contact.channel == "web", enricher: payments}]
actions: [{id: texts, when: contact.channel == "sms", on: matched, do: {tags_add: [a]}}]
"""


@pytest.mark.parametrize(
    ("channel", "paths"),
    [
        ("email", []),
        ("chat", ["clocks"]),
        ("phone", ["queue"]),
        ("social", ["escalations", "notices"]),
        ("web", ["asked"]),
        ("sms", ["actions"]),
    ],
)
def test_an_empty_expectation_is_an_assertion(channel: str, paths: list[str]) -> None:
    """Nothing has followed: each thing that did is told."""
    given = f"{{kind: ticket, channel: {channel}, at: 2026-03-02T09:00:00Z}}"

    assert [one.path for one in missed(given, "{}", policy=EMPTY)] == paths
    assert missed(given, "{severity: 3}", policy=EMPTY) == []


def test_empty_lists_and_mappings_are_assertions() -> None:
    """No clock at all, nothing under way, nothing since the look before."""
    assert [one.path for one in missed(FRAUD, "{clocks: {}, escalations: [], notices: []}")] == [
        "clocks",
        "escalations",
        "notices",
    ]
    assert missed(FRAUD, "{severity: 1}", "{after: 14m59s, expect: {notices: [], asked: [], actions: []}}") == []


def test_what_went_out_is_told_once() -> None:
    """A look has what came since the look before, events at its own instant included; contact.* is not in it."""
    looks = (
        "{after: 15m, expect: {notices: [sla.warned], actions: []}}",
        "{after: 30m, expect: {notices: [sla.warned, sla.breached, escalation.raised], actions: [tell], asked: []}}",
        "{after: 31m, given: {type: status.changed, to: solved},"
        " expect: {status: solved, escalations: [], notices: [escalation.resolved, escalation.resolved], actions: []}}",
    )

    assert missed(FRAUD, "{notices: [escalation.raised]}", *looks) == []


def test_the_reasons() -> None:
    """A wrong severity, queue or clock comes with the rules that matched and those that were passed over."""
    severity, queue, team = missed(CHAT, "{severity: 1, queue: fraud, team: t2}")
    (mail,) = missed(FRAUD.replace("fraud", "spam"), "{route: by-mail}")
    (clock,) = missed(FRAUD, "{clocks: {reply: {state: running}}}")
    (behind,) = missed(CHAT, "{clocks: {fraud-reply: {state: running}}}")
    (idle,) = missed(CHAT, "{clocks: {answer: {state: running}}}")

    assert severity.notes == ("it is that of a contact without a priority; fraud, mail did not match",)
    assert queue.notes == ("no routing rule matched; to-fraud, spam, by-mail did not match",)
    assert team.notes == ()
    assert mail.notes == ("routing rule spam matched; to-fraud did not match",)
    assert clock.notes == ("rule fraud-reply, before it in the file, matches and counts the first reply",)
    assert behind.notes == (
        "rule reply, behind it in the file, matches and counts the first reply; fraud-reply did not match",
    )
    assert idle.notes == ("rule answer matches, but no next reply has started under it",)


def test_before_the_policy_judges() -> None:
    """Of a policy with a `from` that lies ahead no rule is named: it judges nothing yet."""
    later = POLICY.replace("version: 1\n", "version: 1\nfrom: 2026-06-01\n")

    severity, queue, clock = missed(FRAUD, "{severity: 1, queue: fraud, clocks: {reply: {}}}", policy=later)

    assert severity.notes == ("the policy judges nothing before its `from`, 2026-06-01T07:00:00Z",)
    # Said once.
    assert (queue.notes, clock.notes) == ((), ())


def test_a_condition_that_fails_is_named() -> None:
    """With its reason, in the test that fails; not in one that passes."""
    policy = POLICY.replace("'\"fraud\" in contact.tags'", "1 / (contact.reopened) == 1")
    failing = report(file_of(FRAUD, "{severity: 1}"), policy).outcomes[0]
    passing = report(file_of(FRAUD, "{severity: 2}"), policy).outcomes[0]

    ((rule, reason),) = failing.failures
    assert rule == "fraud"
    assert "zero" in reason
    assert passing.failures == ()


def test_before_the_opening() -> None:
    """What happens before a contact is known comes to nothing."""
    given = "{type: message.added, author: {kind: agent}, at: 2026-03-02T09:00:00Z}"
    (difference,) = missed(given, "{severity: 1}")

    assert missed(given, "{}") == []
    assert (difference.got, difference.notes) == (None, ("no contact has been opened",))
