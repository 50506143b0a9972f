"""Marks, targets, chains, zones and secrets: what single values say without meaning it."""

import pytest

from tests.policy.lint.finds import found, places


def test_a_warning_with_the_breach() -> None:
    """A mark whose time is the target's, however it is written, is told at the mark; any earlier one is fine."""
    text = """
    sla:
      - id: a
        metric: first_reply
        within: 1h
        warn:
          - 50%
          - 100%
          - 0s before
          - 60m
          - 99.999%
          - 59m
    """

    assert places(text, "warning-with-breach") == [f"{line}:9: warning-with-breach" for line in (7, 8, 9)]


@pytest.mark.parametrize(
    ("promise", "place"),
    [
        ("within: 0s, operator: lt", "2:42"),
        ("within: 0s, operator: lt, warn: [0%]", "2:42"),
        ("within: 0s", ""),
        ("within: 1s, operator: lt", ""),
    ],
)
def test_a_promise_that_nobody_can_keep(promise: str, place: str) -> None:
    """Before the start nothing is done; at it, by chance. What is broken at once has no warning to talk about."""
    text = f"sla:\n  - {{id: a, metric: first_reply, {promise}}}\n"

    assert [one.split(": ")[0] for one in places(text)] == ([place] if place else [])


@pytest.mark.parametrize(
    ("chain", "idle"),
    [
        ("unack_after: 1h, steps: [{after: 0m, notify: [r]}]", True),
        ("unack_after: 1h, steps: [{after: 0m, notify: [r], reminder: 5m}]", False),
        ("unack_after: 1h, steps: [{after: 1m, notify: [r]}]", False),
        ("unack_after: 1h, steps: [{after: 0m, notify: [r]}, {after: 1m, notify: [r]}]", False),
        ("steps: [{after: 0m, notify: [r]}]", False),
    ],
)
def test_nothing_to_go_on_with(chain: str, idle: bool) -> None:
    """A chain whose only step is due at once and never reminds has nothing left when an acknowledgement runs out."""
    text = f"roles: {{r: {{endpoints: [e]}}}}\nchains:\n  c: {{{chain}}}\n"

    assert places(text, "idle-unack") == (["3:7: idle-unack"] if idle else [])


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("EST", "EST has no summer time; for hours as people there keep them write America/New_York"),
        ("MST", "America/Denver, or America/Phoenix"),
        ("HST", "Pacific/Honolulu"),
        ("Etc/GMT+5", "Etc/GMT+5 is 5 h behind UTC all year"),
        ("Etc/GMT-2", "Etc/GMT-2 is 2 h ahead of UTC all year"),
        *((zone, "") for zone in ("UTC", "Etc/UTC", "Europe/Berlin", "America/Phoenix", "EST5EDT", "Etc/GMT+0")),
    ],
)
def test_zones_that_are_an_offset(zone: str, words: str) -> None:
    """Told with the place that is meant; UTC is meant as it is, and a place without summer time is a place."""
    lines = found(f"calendars:\n  a:\n    timezone: {zone}\n    hours: 24x7\n", "fixed-zone")

    assert [line.split(": ")[:2] for line in lines] == ([["3:15", "fixed-zone"]] if words else [])
    assert all(words in line for line in lines)


def test_secrets_are_told_and_not_shown() -> None:
    """In values and in comments, each at its start, and its words in no message."""
    secret = "ghp_" + "a1b2c3d4e5f6"
    text = f"# {secret}\nroles:\n  r:\n    endpoints: ['{secret}', sk-desk]\n"
    lines = found(text, "secret-in-file")

    assert [line.split(": ")[0] for line in lines] == ["1:3", "4:18"]
    assert not any(secret in line for line in lines)


def test_marks_of_a_deadline() -> None:
    """Its target is each clock's own: only a mark at the end of any warns with the breach, and no chain is too slow."""
    text = """
    roles: {r: {endpoints: [e]}}
    chains:
      c: {steps: [{after: 9d, notify: [r]}]}
    sla:
      - {id: a, metric: deadline, operator: lt, warn: [72h before, 0s before, 100%, 99%, 0%, 5d]}
    escalation:
      - {id: b, on: sla.warned, metric: deadline, chain: c}
    """

    assert places(text, "warning-with-breach") == [f"5:{column}: warning-with-breach" for column in (64, 75)]
    assert places(text, "slow-chain") == places(text, "impossible-promise") == []
