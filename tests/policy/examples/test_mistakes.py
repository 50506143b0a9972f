"""What is wrong with tests: every mistake at once, each at its place; nothing that people write breaks the reading."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kernel.document import Document
from gateway.kernel.problems import Problems
from gateway.policy.examples.reading import read_examples
from gateway.policy.rehearsal import run
from gateway.policy.rehearsal.files import read_tests
from tests.policy.build import problems
from tests.policy.examples.play import CHAT, FILE, FRAUD, POLICY, file_of, loaded, wrong

EXPECTED = [
    ("{steps: {}}", "5:21: bad-value: must have at least 1 item(s)"),
    ("{calendars: {}}", "5:25: bad-value: must have at least 1 item(s)"),
    ("{queue: genera}", "5:21: unknown-queue: there is no queue 'genera'; did you mean 'general'?"),
    ("{route: fraud}", "5:21: unknown-rule: there is no rule 'fraud' in routing; did you mean 'to-fraud'?"),
    (
        "{escalations: [fraud-p]}",
        "5:28: unknown-rule: there is no rule 'fraud-p' in escalation; did you mean 'fraud-up'?",
    ),
    ("{asked: [pad]}", "5:22: unknown-rule: there is no rule 'pad' in enrich; did you mean 'paid'?"),
    ("{actions: [tel]}", "5:24: unknown-rule: there is no rule 'tel' in actions; did you mean 'tell'?"),
    ("{calendars: {ofice: open}}", "5:26: unknown-calendar: there is no calendar 'ofice'; did you mean 'office'?"),
    ("{clocks: {repl: none}}", "5:23: unknown-rule: there is no rule 'repl' in sla; did you mean 'reply'?"),
    (
        "{clocks: {reply: {calendar: 24x8}}}",
        "5:41: unknown-calendar: there is no calendar '24x8'; did you mean '24x7'?",
    ),
    (
        "{clocks: {fraud-reply: {warned: [50 %]}}}",
        "5:46: bad-mark: '50 %' is no mark of the rule fraud-reply; it has 50%, 5m ",
    ),
    ("{clocks: {reply: {warned: [50%]}}}", "5:40: bad-mark: '50%' is no mark of the rule reply; it has none"),
    ("{steps: {fraud: 1}}", "5:22: unknown-rule: there is no rule 'fraud' in escalation; did you mean 'fraud-up'?"),
    ("{steps: {late-up: 3}}", "5:31: bad-value: the chain of late-up has 2 steps"),
    (
        "{notices: [sla.breach]}",
        "5:24: unknown-notice: there is no notice 'sla.breach' in tests; did you mean 'sla.breached'?",
    ),
    (
        "{notices: [{type: escalation.steppd}]}",
        "5:31: unknown-notice: there is no notice 'escalation.steppd' in tests; did",
    ),
    (
        "{notices: [contact.opened]}",
        "5:24: unknown-notice: tests don't list notices of the contact itself: it is",
    ),
    ("{notices: [{type: sla.met, rule: late-up}]}", "5:46: unknown-rule: there is no rule 'late-up' in sla"),
    (
        "{notices: [{type: escalation.raised, rule: reply}]}",
        "5:56: unknown-rule: there is no rule 'reply' in escalation",
    ),
    ("{notices: [{rule: nobody}]}", "5:31: unknown-rule: there is no rule 'nobody' in sla or escalation"),
    ("{notices: [{roles: [leed]}]}", "5:33: unknown-role: there is no role 'leed'; did you mean 'lead'?"),
    ("{notices: [{chain: upp}]}", "5:32: unknown-chain: there is no chain 'upp'; did you mean 'up'?"),
    ("{notices: [{mark: 51%}]}", "5:31: bad-mark: '51%' is no mark of any rule"),
    ("{notices: [{at: 2026-03-02T09:00:00Z, after: 1m}]}", "5:51: bad-value: give `at` or `after`, not both"),
    ("{severity: ~}", "5:24: bad-value: there is always one; write which, or leave the key out"),
    ("{clocks: ~}", "5:22: bad-value: there is always one; write which, or leave the key out"),
    ("{severty: 1}", "5:14: unknown-key: unknown key 'severty'; did you mean 'severity'?"),
    ("{clocks: {reply: nnone}}", "5:30: bad-value: "),
    (
        "{clocks: {reply: {elapsed: 1 hour}}}",
        "5:40: bad-value: '1 hour' is not a duration; write 20s, 30m, 4h, 3d or 1h30m, the largest unit first",
    ),
    (
        "{clocks: {reply: {met_at: 2026-03-02}}}",
        "5:39: bad-value: expected a time with its zone, such as 2026-03-02T09:00:00Z",
    ),
    ("{calendars: {office: opened}}", "5:34: bad-value: 'opened' is not one of open, closed; did you mean 'open'?"),
    ("nothing", "5:13: bad-value: expected a mapping of keys to values"),
]


@pytest.mark.parametrize(("expect", "told"), EXPECTED, ids=[expect for expect, _ in EXPECTED])
def test_expectations(expect: str, told: str) -> None:
    """A name that the policy doesn't have, and a value that can't be, at its place."""
    (one,) = wrong(file_of(FRAUD, expect))

    assert one.startswith(told)


GIVEN = [
    ("{kind: ticket, channel: email}", "4:12: missing-key: the time is missing; give `at`"),
    (
        "{kind: ticket, channel: email, after: 1m}",
        "4:43: bad-value: the first event needs `at`, from which the others count",
    ),
    (
        "{kind: ticket, channel: email, after: 1m, at: 2026-03-02T09:00:00Z}",
        "4:43: bad-value: give `at` or `after`, not both",
    ),
    ("{kind: ticket, channel: mail, at: 2026-03-02T09:00:00Z}", "4:36: bad-value: 'mail' is not one of email,"),
    (
        "{kind: ticket, channel: email, at: 1999-12-31T09:00:00Z}",
        "4:12: bad-event: `at` lies before 2000-01-01T00:00:00Z",
    ),
    (
        "{kind: ticket, channel: email, at: 2026-03-02T09:00:00Z, customer: {mail: a}}",
        "4:79: bad-event: Object contains unknown field `mail`",
    ),
    (
        "{type: contact.open, at: 2026-03-02T09:00:00Z}",
        "4:19: bad-value: there is no such event about a contact; did you mean 'contact.opened'?",
    ),
    ("{type: [], at: 2026-03-02T09:00:00Z}", "4:19: bad-value: there is no such event about a contact"),
    (
        "{type: selfservice.viewed, topic: a, at: 2026-03-02T09:00:00Z}",
        "4:19: bad-value: there is no such event about a contact",
    ),
    ("{type: message.added, at: 2026-03-02T09:00:00Z}", "4:12: bad-event: Object missing required field `author`"),
    (
        "{type: message.added, at: 2026-03-02T09:00:00Z, author: {kind: agnt}}",
        "4:75: bad-event: Invalid enum value 'agnt'",
    ),
    (
        "{type: status.changed, at: 2026-03-02T09:00:00Z, to: open, from: new}",
        "4:12: bad-event: Object contains unknown field `from`",
    ),
    (
        "{type: status.changed, at: 2026-03-02T09:00:00Z, to: open, ref: {kind: a, id: ''}}",
        "4:12: bad-event: `ref.id` has 0 characters",
    ),
    (
        "{type: escalation.acknowledged, at: 2026-03-02T09:00:00Z, escalation: fraud, by: me}",
        "4:82: unknown-rule: there is no rule 'fraud' in escalation; did you mean 'fraud-up'?",
    ),
    (
        "{type: escalation.resolved, at: 2026-03-02T09:00:00Z, escalation: fraud, by: me}",
        "4:78: unknown-rule: there is no rule 'fraud' in escalation; did you mean 'fraud-up'?",
    ),
    ("[]", "4:12: bad-value: must have at least 1 item(s)"),
    ("5", "4:12: bad-value: expected a mapping of keys to values"),
]


@pytest.mark.parametrize(("given", "told"), GIVEN, ids=[given for given, _ in GIVEN])
def test_events_that_cannot_be(given: str, told: str) -> None:
    """With the reason, at the event or at what is wrong in it."""
    (one,) = wrong(file_of(given, "{}"))

    assert one.startswith(told)


def test_events_of_one_test() -> None:
    """All belong to one object, an id names one fact, and a repetition is none."""
    opened = (
        "{type: contact.opened, kind: chat, channel: chat, at: 2026-03-02T09:00:00Z, id: a, ref: {kind: chat, id: 1a}}"
    )
    several = f"[{opened}, {{type: status.changed, to: open, after: 1m, ref: {{kind: chat, id: 2a}}}}]"
    twice = f"[{opened}, {{type: status.changed, to: open, after: 1m, id: a}}]"
    again = f"[{opened}, {{type: status.changed, to: open, after: 1m, id: a}}, {opened}]"

    assert [one.partition(" ")[2] for one in wrong(file_of(several, "{}"))] == [
        "bad-event: another `ref` than before: all events belong to one contact"
    ]
    assert [one.partition(" ")[2] for one in wrong(file_of(twice, "{}"))] == [
        "bad-event: the id 'a' was used before with other content"
    ]
    assert len(wrong(file_of(again, "{}"))) == 1
    assert read_tests(loaded(), file_of(f"[{opened}, {opened}]", "{}"), FILE)[0].looks[0].events[1:] == ()


LOOKS = [
    ("{expect: {}}", "7:9: missing-key: the time is missing; give `at`, or `after` the first event"),
    ("{after: 0s, expect: {}}", "7:17: bad-value: must be later than the look before it, at 2026-03-02T09:00:00-08:00"),
    ("{at: 2026-03-02T16:59:59Z, expect: {}}", "7:14: bad-value: must be later than the look before it"),
    ("{at: 2026-03-02T18:00:00Z, after: 1h, expect: {}}", "7:36: bad-value: give `at` or `after`, not both"),
    ("{after: 1h}", "7:9: missing-key: the key 'expect' is missing"),
    ("{after: 1h, expect: {queue: nowhere}}", "7:37: unknown-queue: there is no queue 'nowhere'"),
    (
        "{after: 1h, expect: {}, given: {type: call.answered, after: 61m}}",
        "7:40: bad-event: it must happen after the look before, and by the instant of this one",
    ),
    (
        "{after: 1h, expect: {}, given: [{type: call.answered, after: 0m}]}",
        "7:41: bad-event: it must happen after the look before",
    ),
    (
        "{after: 1h, expect: {}, given: [{type: message.added}]}",
        "7:41: bad-event: Object missing required field `author`",
    ),
    (
        "{after: 1h, expect: {}, given: {type: escalation.acknowledged, escalation: up, by: a}}",
        "7:84: unknown-rule: there is no rule 'up'",
    ),
]


@pytest.mark.parametrize(("look", "told"), LOOKS, ids=[look for look, _ in LOOKS])
def test_further_looks(look: str, told: str) -> None:
    """Time goes on from look to look, and an event of a look happens in its time."""
    (one,) = wrong(file_of(FRAUD, "{}", look))

    assert one.startswith(told)


def test_every_mistake_at_once() -> None:
    """Those of one test don't hide those of another, nor those of its shape those of the names in it."""
    text = "\n".join(
        [
            "version: 1",
            "tests:",
            f"  - {{name: a, given: {CHAT}, expect: {{severty: 1, queue: nowhere}}}}",
            "  - {name: b, given: {type: message.added, at: 2026-03-02T09:00:00Z}, expect: {}}",
            "  - {name: c, given: 4, expect: {route: none}}",
            f"  - {{name: d, given: {CHAT}, expect: {{}}, than: []}}",
            "test: []",
        ]
    )

    assert [one.split(": ")[1] for one in wrong(text)] == [
        *("unknown-key", "unknown-queue", "bad-event", "bad-value", "unknown-rule", "unknown-key", "unknown-key"),
    ]


def test_a_name_stands_once() -> None:
    """The second one is told, with the place of the first."""
    text = file_of(CHAT, "{severity: 3}") + f"  - {{name: t, given: {CHAT}, expect: {{severity: 3}}}}\n"

    assert wrong(text) == ["6:12: duplicate-name: the name 't' stands twice; the first is at 3:11"]
    assert problems(POLICY + text.removeprefix("version: 1\n")) == [
        "44:12: duplicate-name: the name 't' stands twice in tests; the first is at 41:11"
    ]


def test_the_policys_own_tests_are_checked_alike() -> None:
    """What is wrong with a test in a policy is wrong with the policy."""
    text = POLICY + file_of(FRAUD, "{queue: nowhere}", "{after: 0s, expect: {}}").removeprefix("version: 1\n")

    assert [one.split(": ")[1] for one in problems(text)] == ["unknown-queue", "bad-value"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "5",
        "tests: 5",
        "tests:",
        "version: 2\ntests: []",
        "tests: [~, 4, [], {}]",
        "tests: [{name: {}}]",
        "a: &a [*a]",
        "\ttests: []",
        "version: 1",
        "tests: [{then: [{then: 5}], given: {given: {}}, expect: []}]",
    ],
)
def test_what_is_no_file_of_tests(text: str) -> None:
    """Told, whatever it is."""
    assert wrong(text)


JUNK = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-3, 3),
        st.sampled_from(["a", "none", "1h", "2026-03-02T09:00:00Z", "sla.met", "reply"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    "name",
                    "given",
                    "expect",
                    "then",
                    "at",
                    "after",
                    "type",
                    "kind",
                    "channel",
                    "clocks",
                    "notices",
                    "reply",
                ]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@given(st.lists(JUNK, max_size=3))
def test_any_content_is_read_or_told(content: list[object]) -> None:
    """Nothing that can be written raises anything but problems, and what is read can be run."""
    text = f"version: 1\ntests: {content!r}".replace("None", "~").replace("True", "true").replace("False", "false")
    try:
        tests = read_tests(loaded(), text, FILE)
    except Problems as found:
        assert all(problem.line >= 1 for problem in found.problems)
    else:
        assert len(run(loaded(), tests).outcomes) == len(content)
    read_examples(Document.parse(text, FILE))
