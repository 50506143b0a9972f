"""What happens to a clock when another rule matches in its middle, or none does any more."""

import pytest

from tests.language.words import OFFICE, announced, clocks, judged, only, only_tagged, sla


def urgent(metric: str = "first_reply") -> str:
    """Half an hour for what is urgent, two hours for the rest."""
    return sla(
        f'id: urgent, when: contact.priority == "urgent", metric: {metric}, within: 30m',
        f"id: normal, metric: {metric}, within: 2h",
    )


def tagged(more: str) -> str:
    """A promise of an hour that holds only for contacts with the tag `a`."""
    return sla(f"{only_tagged('a')}, within: 1h, {more}")


def hours(first: str, then: str) -> str:
    """Four hours: by one calendar for contacts with the tag `a`, by another for the rest."""
    return OFFICE + sla(
        f"id: then, {only_tagged('a')}, metric: first_reply, within: 4h, calendar: {then}",
        f"id: first, metric: first_reply, within: 4h, calendar: {first}",
    )


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param(
            "opened; 09:10 observed priority=urgent", "urgent/1 breached 09:00 due 09:30 breached 09:30", id="shorter"
        ),
        pytest.param(
            "opened; 09:45 observed priority=urgent", "urgent/1 breached 09:00 due 09:45 breached 09:45", id="too-late"
        ),
        pytest.param(
            "opened; 09:30 observed priority=urgent", "urgent/1 breached 09:00 due 09:30 breached 09:30", id="just-then"
        ),
        pytest.param(
            "opened priority=urgent; 09:20 observed priority=low", "normal/1 running 09:00 due 11:00", id="longer"
        ),
        pytest.param(
            "opened priority=urgent; 09:40 observed priority=low",
            "normal/1 breached 09:00 due 09:30 breached 09:30",
            id="a-breach-and-its-deadline-stay",
        ),
        pytest.param(
            "opened; 09:10 observed priority=urgent; 09:20 observed priority=null",
            "normal/1 running 09:00 due 11:00",
            id="there-and-back",
        ),
    ],
)
def test_another_target(told: str, expected: str) -> None:
    """What has elapsed is kept, and the new target applies to the sum; if the sum has reached it already, the deadline
    is the moment of the change. A breach and its deadline stay."""
    assert clocks(urgent(), f"09:00 {told}", "09:50") == [expected]


def test_another_target_in_a_pause() -> None:
    """The moment of the change is the deadline of what has elapsed too long by then, in a pause as well."""
    told = "09:00 opened; 09:40 pending; 10:00 observed priority=urgent"

    assert clocks(urgent("agent_work"), told, "10:10") == ["urgent/1 breached 09:00 due 10:00 breached 10:00"]


def test_another_target_that_is_not_reached_in_a_pause() -> None:
    """A change in a pause counts what elapsed before the pause, and no more."""
    told = "09:00 opened; 09:20 pending; 10:00 observed priority=urgent"

    assert clocks(urgent("agent_work"), told, "10:10") == ["urgent/1 paused 09:00"]
    assert clocks(urgent("agent_work"), f"{told}; 11:00 open", "11:05") == ["urgent/1 running 09:00 due 11:10"]


@pytest.mark.parametrize(
    ("first", "then", "told", "at", "expected", "elapsed_h"),
    [
        pytest.param(
            "office", "always", "16:00 opened; 20:00 tags a", "21:00", "then/1 running 16:00 due 23:00", 2, id="out"
        ),
        pytest.param(
            "always",
            "office",
            "16:00 opened; 18:00 tags a",
            "Tue 10:00",
            "then/1 running 16:00 due Tue 11:00",
            3,
            id="in",
        ),
        pytest.param(
            "office",
            "always",
            "16:00 opened; 20:00 tags a; 21:00 tags",
            "Tue 10:00",
            "first/1 running 16:00 due Tue 11:00",
            3,
            id="out-and-in-again",
        ),
    ],
)
def test_each_stretch_by_its_own_calendar(
    first: str, then: str, told: str, at: str, expected: str, elapsed_h: int
) -> None:
    """Each stretch of time is counted by the calendar that was in force in it."""
    policy = hours(first, then)

    assert clocks(policy, told, at) == [expected]
    assert only(policy, told, at)["elapsed_s"] == elapsed_h * 3600


def test_the_clock_goes_by_the_name_of_the_rule_in_force() -> None:
    """Rule, target, calendar and the place in the list are those of the rule in force."""
    policy = OFFICE + sla(
        f"id: vip, {only_tagged('a')}, metric: first_reply, within: 1h, calendar: office",
        "id: work, metric: agent_work, within: 2h",
        "id: plain, metric: first_reply, within: 3h",
    )
    before = judged(policy, "09:00 opened; 09:10 tags a", "09:05")["clocks"]
    after = judged(policy, "09:00 opened; 09:10 tags a", "09:15")["clocks"]

    assert [(c["rule"], c["target_s"], c["calendar"]) for c in before] == [
        ("work", 7200, "always"),
        ("plain", 10800, "always"),
    ]
    assert [(c["rule"], c["target_s"], c["calendar"]) for c in after] == [
        ("vip", 3600, "office"),
        ("work", 7200, "always"),
    ]


def test_severity_and_channel_and_tags_change_rules() -> None:
    """Whatever a condition reads may change the rule: the severity, which follows the tags, among them."""
    policy = "severity: [{id: s, when: '\"fraud\" in contact.tags', severity: 1}]\n" + sla(
        "id: grave, when: contact.severity == 1, metric: first_reply, within: 30m",
        'id: pending, when: contact.status == "pending", metric: first_reply, within: 40m',
        "id: rest, metric: first_reply, within: 1h",
    )

    assert clocks(policy, "09:00 opened; 09:10 tags fraud", "09:20") == ["grave/1 running 09:00 due 09:30"]
    assert clocks(policy, "09:00 opened; 09:10 pending", "09:20") == ["pending/1 running 09:00 due 09:40"]
    assert clocks(policy, "09:00 opened; 09:10 tags fraud; 09:15 tags", "09:20") == ["rest/1 running 09:00 due 10:00"]


def test_one_event_that_changes_and_meets() -> None:
    """What one event both changes and meets is judged by the rule before it."""
    told = "09:00 opened; 09:45 observed priority=urgent status=solved"

    assert clocks(urgent("resolution"), told, "10:00") == ["normal/1 met 09:00 due 11:00 met 09:45"]


def test_a_reopening_applies_the_rule_then_in_force() -> None:
    """While a contact is ended its clocks keep their rule; a reopening applies the one then in force."""
    told = "09:00 opened; 09:20 solved; 09:30 observed priority=urgent"
    late = "09:00 opened; 09:40 solved; 09:50 observed priority=urgent; 10:00 open"

    assert clocks(urgent("resolution"), told, "09:40") == ["normal/1 met 09:00 due 11:00 met 09:20"]
    assert clocks(urgent("resolution"), f"{told}; 10:00 open", "10:05") == ["urgent/1 running 09:00 due 10:10"]
    assert clocks(urgent("resolution"), late, "10:05") == ["urgent/1 breached 09:00 due 10:00 breached 10:00"]


def test_a_cancelled_clock_keeps_its_rule() -> None:
    """What the end cancelled keeps the rule of its end; what the reopening starts has the rule then in force."""
    told = "09:00 opened; 09:20 solved; 09:30 observed priority=urgent; 10:00 open"

    assert clocks(urgent(), told, "10:05") == [
        "urgent/2 running 10:00 due 10:30",
        "normal/1 cancelled 09:00 cancelled 09:20",
    ]


def test_a_recovery_keeps_its_rule_in_the_end() -> None:
    """A recovery runs on while the contact is ended, and keeps its rule there too; the reopening looks anew."""
    policy = tagged("metric: csat_recovery, below: 60%")
    told = "09:00 opened tags=a; 09:10 csat 1; 09:20 solved; 09:30 tags"

    assert clocks(policy, told, "09:45") == ["r/1 running 09:10 due 10:10"]
    assert clocks(policy, told, "11:00") == ["r/1 breached 09:10 due 10:10 breached 10:10"]
    assert clocks(policy, f"{told}; 09:50 open", "11:00") == ["r/1 cancelled 09:10 cancelled 09:50"]


def test_what_is_met_keeps_its_rule() -> None:
    """A clock that is met is over: it keeps the rule that it was met under."""
    told = "09:00 opened; 09:10 agent; 09:20 observed priority=urgent"

    assert clocks(urgent(), told, "10:00") == ["normal/1 met 09:00 due 11:00 met 09:10"]


@pytest.mark.parametrize(
    ("told", "at", "expected"),
    [
        pytest.param("opened tags=a; 09:20 tags", "09:50", ["r/1 cancelled 09:00 cancelled 09:20"], id="none-any-more"),
        pytest.param(
            "opened tags=a; 09:20 tags; 09:40 tags a", "09:50", ["r/1 running 09:00 due 10:00"], id="the-same-again"
        ),
        pytest.param(
            "opened tags=a; 09:20 tags; 09:40 agent; 09:50 tags a",
            "09:55",
            ["r/1 cancelled 09:00 cancelled 09:20"],
            id="met-while-no-rule-matched",
        ),
        pytest.param(
            "opened tags=a; 10:20 tags",
            "10:30",
            ["r/1 breached 09:00 due 10:00 breached 10:00 cancelled 10:20"],
            id="a-breach-stays",
        ),
        pytest.param(
            "opened tags=a; 09:20 tags; 10:20 tags a",
            "10:30",
            ["r/1 breached 09:00 due 10:20 breached 10:20"],
            id="too-late-while-no-rule-matched",
        ),
        pytest.param("opened; 09:20 tags a", "09:50", ["r/1 running 09:00 due 10:00"], id="matches-later"),
        pytest.param(
            "opened; 10:20 tags a", "10:30", ["r/1 breached 09:00 due 10:20 breached 10:20"], id="matches-too-late"
        ),
        pytest.param("opened; 09:10 agent; 09:20 tags a", "09:50", [], id="over-before-any-rule-matched"),
        pytest.param(
            "opened; 09:10 solved; 09:20 tags a; 09:30 open",
            "09:50",
            ["r/1 running 09:30 due 10:30"],
            id="numbered-without-holes",
        ),
    ],
)
def test_no_rule_matches(told: str, at: str, expected: list[str]) -> None:
    """A clock that no rule matches any more is cancelled; when a rule matches again it goes on as if that rule had
    matched in between, and if it is too late by then the deadline is the moment at which the rule matches. One that a
    rule matches only later counts from its metric's start. What was over before any rule matched is no clock, and takes
    no number."""
    assert clocks(tagged("metric: first_reply"), f"09:00 {told}", at) == expected


def test_a_later_match_counts_by_its_own_calendar() -> None:
    """What a rule matches only later is counted from the metric's start by that rule's calendar."""
    policy = OFFICE + tagged("metric: first_reply, calendar: office")

    assert clocks(policy, "16:30 opened; 20:00 tags a", "20:10") == ["r/1 running 16:30 due Tue 09:30"]


def test_the_time_in_between_counts_by_the_rule_that_matches_again() -> None:
    """While no rule matched, time went on as the rule that matches again counts it: hours, and pauses."""
    policy = OFFICE + sla(
        f"id: a, {only_tagged('a')}, metric: agent_work, within: 4h",
        f"id: b, {only_tagged('b')}, metric: agent_work, within: 4h, calendar: office",
    )
    told = "15:00 opened tags=a; 16:00 tags; Tue 09:30 tags b"

    assert clocks(policy, told, "Tue 09:30") == ["b/1 running 15:00 due Tue 11:00"]
    assert only(policy, told, "Tue 09:30")["elapsed_s"] == 2.5 * 3600


def test_repeats_that_no_rule_matched_take_no_number() -> None:
    """Instances are numbered in order and without holes: a repeat that no rule ever matched takes no number."""
    told = "09:00 opened; 09:05 agent; 09:10 customer; 09:20 agent; 09:30 tags a; 09:40 customer"

    assert clocks(tagged("metric: next_reply"), told, "09:50") == ["r/1 running 09:40 due 10:40"]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param("opened; 09:10 bot; 09:20 tags a", "a/1 running 09:00 due 10:00", id="not-then"),
        pytest.param("opened tags=a; 09:10 bot; 09:20 tags", "a/1 met 09:00 due 10:00 met 09:10", id="then"),
        pytest.param("opened; 09:10 tags a; 09:20 bot", "a/1 met 09:00 due 10:00 met 09:20", id="by-then"),
    ],
)
def test_whether_a_bot_counts_is_said_when_it_writes(told: str, expected: str) -> None:
    """Whether a bot's message is a reply is said by the rule in force when it comes, not by a later one."""
    policy = sla(
        f"id: a, {only_tagged('a')}, metric: first_reply, within: 1h, bots_count: true",
        "id: b, metric: first_reply, within: 1h",
    )

    assert clocks(policy, f"09:00 {told}", "09:45") == [expected]


def test_bots_count_for_the_metric_whose_rule_says_so() -> None:
    """`bots_count` is that of each metric's own rule."""
    policy = sla(
        "id: first, metric: first_reply, within: 1h, bots_count: true",
        "id: seen, metric: acknowledgement, within: 1h",
    )

    assert clocks(policy, "09:00 opened; 09:10 bot", "09:45") == [
        "first/1 met 09:00 due 10:00 met 09:10",
        "seen/1 running 09:00 due 10:00",
    ]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param("opened; 09:40 tags a", ["09:40"], id="a-mark-that-is-past"),
        pytest.param("opened; 09:10 tags a", ["09:30"], id="a-mark-to-come"),
        pytest.param("opened tags=a; 09:40 tags; 09:45 tags a", ["09:30"], id="not-a-second-time"),
    ],
)
def test_the_warnings_of_another_rule(told: str, expected: list[str]) -> None:
    """A mark that is past when a rule starts to apply fires at once; one that has fired doesn't fire again."""
    policy = tagged("metric: first_reply, warn: [50%]")

    assert announced(policy, f"09:00 {told}", "09:55", "sla.warned") == [f"{at} sla.warned r" for at in expected]


STRICT = sla(
    'id: urgent, when: contact.priority == "urgent", metric: first_reply, within: 30m, operator: lt',
    "id: normal, metric: first_reply, within: 2h, operator: lt",
)


@pytest.mark.parametrize(
    ("policy", "told", "expected"),
    [
        pytest.param(
            urgent(),
            "opened priority=urgent; 09:30 observed priority=low",
            "normal/1 running 09:00 due 11:00",
            id="le-more-time-at-the-deadline",
        ),
        pytest.param(
            STRICT,
            "opened priority=urgent; 09:30 observed priority=low",
            "normal/1 breached 09:00 due 09:30 breached 09:30",
            id="lt-more-time-at-the-deadline",
        ),
        pytest.param(
            urgent(),
            "opened; 09:40 observed priority=urgent sequence=1; 09:40 agent sequence=2",
            "urgent/1 met 09:00 due 09:40 met 09:40",
            id="le-a-reply-after-the-change",
        ),
        pytest.param(
            STRICT,
            "opened; 09:40 observed priority=urgent sequence=1; 09:40 agent sequence=2",
            "urgent/1 breached 09:00 due 09:40 met 09:40 breached 09:40",
            id="lt-a-reply-after-the-change",
        ),
        pytest.param(
            STRICT,
            "opened; 09:40 agent sequence=1; 09:40 observed priority=urgent sequence=2",
            "normal/1 met 09:00 due 11:00 met 09:40",
            id="lt-a-reply-before-the-change",
        ),
    ],
)
def test_a_change_at_the_very_deadline(policy: str, told: str, expected: str) -> None:
    """At the deadline itself `le` looks at the events first, a change of rule too; `lt` is breached before them."""
    assert clocks(policy, f"09:00 {told}", "09:45") == [expected]


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        pytest.param("le", "cancelled 09:00 cancelled 10:00", id="le"),
        pytest.param("lt", "breached 09:00 due 10:00 breached 10:00 cancelled 10:00", id="lt"),
    ],
)
def test_no_rule_from_the_very_deadline(operator: str, expected: str) -> None:
    """A clock that no rule matches from its deadline on is cancelled under `le`; under `lt` it is breached before."""
    policy = tagged(f"metric: first_reply, operator: {operator}")

    assert clocks(policy, "09:00 opened tags=a; 10:00 tags", "11:00") == [f"r/1 {expected}"]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param("10:20 tags; 10:40 tags a", ["r/1 breached 09:00 due 10:00 breached 10:00"], id="breached-before"),
        pytest.param(
            "09:10 tags; 09:20 solved; 09:30 tags a; 10:50 open",
            ["r/1 cancelled 09:00 cancelled 09:10", "r/2 running 10:50 due 11:50"],
            id="ended-meanwhile",
        ),
    ],
)
def test_a_rule_that_matches_again(told: str, expected: list[str]) -> None:
    """A breached clock goes on when a rule matches again; one whose contact has ended meanwhile stays cancelled."""
    assert clocks(tagged("metric: first_reply"), f"09:00 opened tags=a; {told}", "11:00") == expected
