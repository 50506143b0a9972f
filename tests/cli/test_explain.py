"""`gateway explain`: why a contact is where it is, and what happens next."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.path_lines import path_lines
from gateway.cli.rule_lines import tried_lines
from gateway.model.instant import format_instant, parse_instant
from gateway.model.judgement import Clock
from gateway.rules.trace.path import Cause, Change, ClockPath, Segment, Stretch
from gateway.rules.trace.tried import Tried
from tests.cli.commands import gateway
from tests.cli.desk import MINUTE, Desk, set_up

POLICY = """\
version: 1
name: explained
severity:
  - {id: failing, when: '1 / size(contact.tags) > 5', severity: 9}
  - {id: grave, when: contact.priority == "urgent", severity: 1}
queues: {general: {}, fire: {team: heroes, tier: 2}, later: {}}
routing:
  - {id: vip, when: '"vip" in contact.tags', queue: later}
  - {id: fire, when: contact.severity == 1, queue: fire, skills: [calm], priority: 9}
  - {id: rest, queue: general}
sla:
  - {id: quick, when: contact.severity == 1, metric: first_reply, within: 1h, warn: [50%]}
  - {id: slow, metric: first_reply, within: 8h}
roles: {lead: {endpoints: [helpdesk]}, boss: {endpoints: [helpdesk]}}
chains:
  up: {steps: [{after: 0m, notify: [lead]}, {after: 2h, notify: [boss]}]}
escalation:
  - {id: grave, when: contact.severity == 1, on: matched, chain: up}
"""

OTHER = """\
version: 1
name: other
sla:
  - {id: quick, metric: first_reply, within: 2h}
"""
WORKED = """\
version: 1
name: worked
severity:
  - {id: tagged, when: '"t1" in contact.tags', severity: 2}
sla:
  - {id: next, metric: next_reply, within: 1h}
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """A grave contact of ten minutes ago, an ordinary one that was answered, and one that isn't opened."""
    desk = set_up(tmp_path, monkeypatch)
    (tmp_path / "policy.yaml").write_text(POLICY)
    desk.receive(
        desk.opened("1", 10, priority="urgent", subject="fire\x07"),
        desk.opened("2", 60),
        desk.event("2", "message.added", 30, author={"kind": "agent"}),
        desk.event("3", "message.added", 5, author={"kind": "customer"}),
    )
    desk.judge()
    capsys.readouterr()
    return desk


def explained(desk: Desk, capsys: pytest.CaptureFixture[str], name: str) -> Any:
    """The explanation as JSON."""
    return json.loads(gateway(capsys, "explain", name, "--json", "-c", desk.config).out)


def test_route_and_severity_name_their_rules(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """The rule that matched, those that did not, and those that were not asked."""
    grave, ordinary = explained(desk, capsys, "1"), explained(desk, capsys, "2")

    verdicts = [(told["rule"], told["verdict"]) for told in grave["routing"]]
    assert verdicts == [("vip", "not matched"), ("fire", "matched"), ("rest", "not needed")]
    assert (grave["severity"], grave["severity_rule"]) == (1, "grave")
    assert (ordinary["severity"], ordinary["severity_rule"]) == (3, None)
    assert list(grave["failures"]) == ["failing"]


def test_what_happens_next_is_told_in_order(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Warning, breach and the chain's next step, each with its instant, the soonest first."""
    grave = explained(desk, capsys, "1")

    whats = [told["what"] for told in grave["next"]]
    assert whats == [
        "first reply: warning at 50% of quick",
        "first reply: breached, by quick",
        "escalation grave: step 2 calls boss",
    ]
    assert grave["next"][1]["at"] == grave["clocks"][0]["due_at"]
    assert [step["state"] for step in grave["escalations"][0]["steps"]] == ["fired", "to come"]
    assert grave["escalations"][0]["steps"][1]["due_at"] == grave["next"][2]["at"]
    assert explained(desk, capsys, "2")["next"] == []


def test_people_are_told_the_same_in_words(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Every part has its lines, times are in UTC and from now, and a customer's control codes stay out."""
    ended = gateway(capsys, "explain", "events:ticket:1", "-c", desk.config)

    assert (ended.code, ended.err) == (0, "")
    for words in (
        "fire·",
        "Severity 1: rule grave matched",
        "Queue fire of heroes, tier 2, priority 9, skills calm: rule fire matched",
        "vip did not match",
        "rest was not asked",
        "first reply: running, due in 4",
        "counted by calendar always",
        "grave: active, raised ",
        "step 1 to lead: fired",
        "step 2 to boss: to come, due ",
        "failing: ",
        "Next, if nothing else happens:",
    ):
        assert words in ended.out


def test_an_answered_contact_waits_for_nothing(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """A met clock says when, and nothing is next."""
    out = gateway(capsys, "explain", "2", "-c", desk.config).out

    assert "first reply: met 30 min" in out
    assert "no rule matched, and there is no priority" in out
    assert "Next: nothing, unless something happens" in out


def test_an_acknowledged_chain_goes_no_further(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """After an acknowledgement its steps are told as not to come any more, with who took it."""
    gateway(capsys, "contacts", "ack", "1", "--by", "Grace", "-c", desk.config)
    desk.judge()

    out = gateway(capsys, "explain", "1", "-c", desk.config).out

    assert "by Grace" in out
    assert "step 2 to boss: not any more: acknowledged" in out
    assert "step 2 calls" not in out


def test_another_policy_is_named(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """A contact is told by the policy that judged it, whatever the file says by now, until the new one has."""
    before = explained(desk, capsys, "1")
    (desk.folder / "policy.yaml").write_text("version: 1\nname: broken\nsla: nonsense\n")
    broken = explained(desk, capsys, "1")
    desk.follow(OTHER)
    waits, ended = explained(desk, capsys, "1"), explained(desk, capsys, "2")
    words = gateway(capsys, "explain", "1", "-c", desk.config).out
    listed = gateway(capsys, "contacts", "list", "-c", desk.config).out
    desk.judge()
    after = explained(desk, capsys, "1")

    assert broken["routing"] == before["routing"]
    assert (waits["clocks"][0]["target_s"], waits["clocks"][0]["due_at"]) == (3600, before["clocks"][0]["due_at"])
    assert waits["policy"] == {**before["policy"], "in_force": after["policy"]["in_force"], "judged_again": True}
    assert ended["policy"]["judged_again"] is True
    assert "judged by the policy explained (" in words
    assert "an earlier one: a running gateway is about to judge it again by other (" in words
    assert "first_reply" in listed
    assert (after["policy"]["name"], after["policy"]["judged_again"]) == ("other", False)
    assert (after["clocks"][0]["rule"], after["clocks"][0]["target_s"]) == ("quick", 7200)


def test_a_contact_that_is_not_opened_says_only_that(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody judges it, so there is nothing to explain; one that isn't there ends with 1."""
    ended = gateway(capsys, "explain", "3", "-c", desk.config)
    missing = gateway(capsys, "explain", "nobody", "-c", desk.config)

    assert "not opened yet" in ended.out
    assert explained(desk, capsys, "3")["status"] == "unopened"
    assert (missing.code, missing.out) == (1, "")


def test_what_has_left_the_state_is_told_from_the_history(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long-lived contact tells its latest finished clocks, how many it leaves out, and with `--all` every one."""
    for module in ("case", "explaining"):
        monkeypatch.setattr(f"gateway.engine.{module}.EARLIER_SHOWN", 3)
    desk = set_up(tmp_path, monkeypatch)
    desk.follow(WORKED)
    talk = [
        desk.event("9", "message.added", 200 - index, author={"kind": "agent" if index % 2 else "customer"})
        for index in range(1, 81)
    ]
    desk.receive(desk.opened("9", 200), *talk)
    desk.judge()
    listed = json.loads(gateway(capsys, "contacts", "list", "--json", "-c", desk.config).out)
    gone = 40 - len(listed["clocks"])

    some, every = (
        json.loads(gateway(capsys, "contacts", "show", "9", "--json", *more, "-c", desk.config).out)
        for more in ([], ["--all"])
    )
    words = gateway(capsys, "explain", "9", "-c", desk.config).out
    shown = gateway(capsys, "contacts", "show", "9", "-c", desk.config).out

    assert [clock["instance"] for clock in every["clocks"]] == list(range(1, 41))
    assert every["clocks_left_out"] == 0
    assert [clock["instance"] for clock in some["clocks"]] == list(range(gone - 2, 41))
    assert some["clocks_left_out"] == gone - 3 > 0
    assert f"… and {gone - 3} clocks that ended earlier; --all tells them" in words
    assert f"… and {gone - 3} clocks that ended earlier; --all tells them" in shown
    assert f"next reply no. {gone - 2}: met" in words
    assert f"next reply no. {gone - 3}: met" not in words


def test_what_the_conditions_did_not_see_is_counted(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """More tags than conditions may read: the explanation says how many."""
    desk.follow(WORKED)
    desk.receive(desk.opened("8", 1, tags=[f"x{number}" for number in range(70)]))
    desk.judge()

    assert explained(desk, capsys, "8")["cut"] == {"tags": 6}
    assert "did not get to see 6 of its tags" in gateway(capsys, "explain", "8", "-c", desk.config).out


def test_each_clock_is_told_line_by_line_with_its_sum(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What counted and what didn't, why the rule changed, and the sum, in tables that fit the terminal."""
    (desk.folder / "policy.yaml").write_text(POLICY)
    desk.receive(
        desk.opened("7", 600),
        desk.event("7", "contact.observed", 420, priority="urgent"),
        desk.event("7", "status.changed", 300, to="pending"),
    )
    desk.judge()
    told = explained(desk, capsys, "7")
    monkeypatch.setenv("COLUMNS", "80")
    lines = gateway(capsys, "explain", "7", "-c", desk.config).out.splitlines()
    (clock,) = told["clocks"]
    start = lines.index(next(line for line in lines if line.startswith("    FROM (UTC)")))
    rows = lines[start : start + 12]
    words = " ".join(" ".join(rows).split())

    assert clock["counted_s"] == clock["elapsed_s"] > 36_000
    assert "  first reply: breached 7 h ago" in lines
    assert "; rule slow counts it" in words
    assert "rule changed: rule slow gave way to quick: priority became urgent" in words
    assert any(line.split()[-3:-1] == ["3", "h"] and line.endswith("always") for line in rows)
    assert any(line.split()[:2] == ["sum", "10"] and line.endswith("of 1 h") for line in rows)
    assert max(len(line) for line in rows) <= 80
    assert any(line.endswith("severity 3 → 1 by rule grave: priority became urgent") for line in lines)


def test_another_rule_for_the_same_queue_and_what_is_dated_ahead(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """That the queue stayed is said; of very many events that are still to happen the first one is told."""
    desk = set_up(tmp_path, monkeypatch)
    (desk.folder / "policy.yaml").write_text(POLICY.replace("queue: later}", "queue: general}"))
    ahead = [desk.event("9", "message.added", -60 - n, author={"kind": "customer"}) for n in range(100)]
    desk.receive(desk.opened("9", 60), desk.event("9", "contact.observed", 30, tags=["vip"]), *ahead)
    desk.judge()
    capsys.readouterr()
    lines = gateway(capsys, "explain", "9", "-c", desk.config).out.splitlines()
    coming = [one for one in explained(desk, capsys, "9")["next"] if one["kind"] == "event"]

    assert any(line.endswith("  route general as before, now by rule vip: tags changed") for line in lines)
    assert [one["what"] for one in coming] == ["the first of the events that are known already happens"]
    assert coming[0]["at"] == format_instant(desk.now + 60 * MINUTE)


def test_a_broken_promise_is_told_line_by_line_however_long_ago_it_was_met(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the clocks that are over the latest two are, and the latest two breached ones; with `--all` each is."""
    desk = set_up(tmp_path, monkeypatch)
    desk.follow(WORKED)
    talk = [
        desk.event("6", "message.added", ago, author={"kind": kind})
        for start, kept in ((900, 70), (700, 5), (600, 5), (500, 5))
        for ago, kind in ((start, "customer"), (start - kept, "agent"))
    ]
    desk.receive(desk.opened("6", 1000), desk.event("6", "message.added", 950, author={"kind": "agent"}), *talk)
    desk.judge()
    some, every = (gateway(capsys, "explain", "6", *more, "-c", desk.config).out for more in ([], ["--all"]))
    told = [part.split(":")[0] for part in some.split("\n  next reply")[1:] if "FROM (UTC)" in part]

    assert told == ["", " no. 3", " no. 4"]
    assert "next reply no. 2: met" in some
    assert (every.count("FROM (UTC)"), every.count("started by the message")) == (4, 4)


def test_an_instant_of_the_past_is_told_as_it_was(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Before the answer its clock ran; what can't be told has its words and its exit code."""

    def at(ago_min: float, name: str = "2") -> Any:
        return gateway(capsys, "explain", name, "--at", format_instant(desk.now - round(ago_min * MINUTE)), *config)

    config = ("-c", desk.config)
    then, before, ahead, unopened = at(45), at(61), at(-60), at(1, "3")
    wrong = gateway(capsys, "explain", "2", "--at", "noon", *config)

    assert then.code == 0
    assert "as it stood at " in then.out
    assert "2 events that had happened by then came in only later" not in then.out
    assert "1 event that had happened by then came in only later" in then.out
    assert "first reply: running, due in 7 h 45 min" in then.out
    assert (before.code, before.out) == (1, "")
    assert "did not exist at " in before.err
    assert (ahead.code, "is still to come" in ahead.err) == (2, True)
    assert (unopened.code, "is not opened yet" in unopened.err) == (1, True)
    assert (wrong.code, "--at: 'noon' is not a time" in wrong.err) == (2, True)


def test_a_history_that_is_not_whole_is_said_to_be_so(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """What is stored is told all the same; of the past nothing is, and nothing is made up."""
    past = format_instant(desk.now - 5 * MINUTE)
    with closing(sqlite3.connect(desk.folder / "gateway.db")) as database, database:
        database.execute("DELETE FROM journal WHERE event LIKE '2/message.added%' OR event LIKE '1/contact.opened%'")
    answered, opened = explained(desk, capsys, "2"), gateway(capsys, "explain", "1", "-c", desk.config)
    then = gateway(capsys, "explain", "1", "--at", past, "-c", desk.config)
    since = gateway(capsys, "explain", "2", "--at", past, "-c", desk.config)

    assert answered["history"]["told"] is False
    assert "1 of the 2 events" in answered["history"]["why"]
    assert (answered["clocks"][0]["state"], answered["clocks"][0]["stretches"]) == ("met", None)
    assert (opened.code, "Severity 1: rule grave matched" in opened.out) == (0, True)
    assert "how it came to be so can't be told: its history isn't whole any more: 0 of the 1 events" in opened.out
    assert (then.code, "its opening of " in then.err) == (1, True)
    assert (since.code, "can't be judged again: its history isn't whole any more" in since.err) == (1, True)


def test_a_damaged_policy_is_named(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """The state is told without what only the policy knows; of the past nothing can be, which ends with 69."""
    with closing(sqlite3.connect(desk.folder / "gateway.db")) as database, database:
        database.execute("UPDATE policies SET text = 'version: x'")
    now = gateway(capsys, "explain", "1", "-c", desk.config)
    past = format_instant(desk.now - 5 * MINUTE)
    then = gateway(capsys, "explain", "1", "--at", past, "-c", desk.config)

    assert (now.code, "Severity 1: rule grave matched" in now.out) == (0, True)
    assert "how it came to be so can't be told: the policy explained (" in now.out
    assert "how much of it has been counted can't be told without its policy" in now.out
    assert " counted by calendar" not in now.out
    assert (then.code, then.out, "can't be used" in then.err) == (69, "", True)


def test_rules_are_told_with_what_they_read(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Each rule's condition and values; a rule that failed says why; with `--all` those of clocks and chains, too."""
    some, every = (gateway(capsys, "explain", "1", *more, "-c", desk.config).out for more in ([], ["--all"]))

    assert "  failing could not be evaluated: 1 / size(contact.tags) > 5 (" in some
    assert '  grave matched: contact.priority == "urgent"\n    priority = "urgent"\n' in some
    assert '  vip did not match: "vip" in contact.tags\n    tags = []\n' in some
    assert "  rest was not asked: the first match wins" in some
    assert "quick matched: contact.severity == 1" not in some
    assert "  quick matched: contact.severity == 1\n    severity = 1\n" in every
    assert "  slow was not asked: the first match wins" in every
    late = Tried("late", "matched", metric="first_reply", on="sla.breached")
    assert tried_lines([late], all=True) == [
        "  late matched: it has no condition; acts only on sla.breached of first reply"
    ]


def test_of_many_rules_the_last_before_the_match_are_told() -> None:
    """How many are left out stands there; those that were not asked are told together; all are told with `--all`."""
    rules = [
        *(Tried(f"n{number}", "not matched", "x == 1", {"x": "\x1b[31m"}) for number in range(20)),
        Tried("yes", "matched"),
        *(Tried(f"u{number}", "not asked") for number in range(6)),
    ]
    some, every = tried_lines(rules, all=False), tried_lines(rules, all=True)

    assert some[:2] == ["  … 12 rules before these did not match; --all tells them", "  n12 did not match: x == 1"]
    assert some[2] == '    x = "\\u001b[31m"'
    assert some[-2:] == [
        "  yes matched: it has no condition",
        "  u0, u1, u2 and 3 more were not asked: the first match wins",
    ]
    assert every[0] == "  n0 did not match: x == 1"
    assert every[-1] == "  u0, u1, u2, u3, u4, u5 were not asked: the first match wins"


def test_a_line_of_a_clock_says_both_ends_in_few_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the date where the end is of the same day; the calendar's own time beside it, where there is room."""
    monkeypatch.setenv("COLUMNS", "120")
    day = parse_instant("2026-03-02T08:00:00Z")
    hour = 60 * MINUTE
    segments = (
        Segment(day, day + 8 * hour, "open", 8 * hour),
        Segment(day + 8 * hour, day + 24 * hour, "closed", 0),
    )
    stretch = Stretch(day, day + 24 * hour, "running", "r", "office", 9 * hour, 8 * hour, segments)
    clock = Clock(metric="first_reply", started_by="e", started_at=day, since=day)
    lines = path_lines(ClockPath(clock, (stretch,)), 9 * hour, {"office": "Europe/Berlin"}, all=False)

    assert [" ".join(line.split()) for line in lines[1:]] == [
        "2026-03-02 08:00:00 16:00:00 8 h office open, Mon 09:00–17:00 Europe/Berlin",
        "2026-03-02 16:00:00 03-03 08:00:00 - office closed, Mon 17:00–Tue 09:00 Europe/Berlin",
        "sum 8 h of 9 h",
    ]


def test_what_is_folded_is_counted_in_words() -> None:
    """One time and one change are one; what they count is in the sum."""
    spans = [
        Stretch(at, at + MINUTE, "running", "r", "c", 1, MINUTE, (Segment(at, at + MINUTE, "open", MINUTE),))
        for at in range(0, 7 * MINUTE, MINUTE)
    ]
    instants = (0, MINUTE // 2, *[MINUTE] * 10)
    changes = tuple(Change(at, "warned", f"w{number}", Cause("time")) for number, at in enumerate(instants))
    clock = Clock(metric="first_reply", started_by="e", started_at=0, since=0)
    first = replace(spans[0], changes=changes)
    lines = path_lines(ClockPath(clock, (first, *spans[1:])), MINUTE, {}, all=False)

    assert [line for line in lines if "…" in line] == ["    … 1 time that counts 1 min and 1 change; --all tells them"]
