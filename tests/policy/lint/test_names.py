"""Names that a policy declares and nobody uses: found at their keys; every way of using one counts."""

from tests.policy.lint.finds import found, places

UNUSED = """
calendars:
  office: {timezone: UTC, hours: 24x7}
  nights: {timezone: UTC, hours: 24x7}
  part: {timezone: UTC, hours: 24x7}
  joint: {any_of: [part, office]}
sla:
  - {id: reply, metric: first_reply, within: 1h, calendar: office}
queues:
  general: {team: t1}
  idle-one: {team: t1}
routing:
  - {id: all, queue: general}
roles:
  lead: {endpoints: [desk]}
  boss: {endpoints: [desk]}
chains:
  used: {steps: [{after: 0m, notify: [lead]}]}
  idle: {calendar: nights, steps: [{after: 0m, notify: [lead]}]}
escalation:
  - {id: late, on: sla.breached, chain: used}
tests:
  - name: no use
    given: {kind: chat, channel: chat, at: 2026-11-20T00:00:00Z}
    expect: {queue: idle-one}
"""


def test_unused_names_are_found() -> None:
    """Each unused name is told at its key; a joint calendar that nobody uses uses none of its parts."""
    assert found(UNUSED, "unused-calendar", "unused-queue", "unused-role", "unused-chain") == [
        "4:3: unused-calendar: nothing counts by the calendar 'part'; name it in a rule or a chain, or take it out",
        "5:3: unused-calendar: nothing counts by the calendar 'joint'; name it in a rule or a chain, or take it out",
        "10:3: unused-queue: nothing is routed to the queue 'idle-one'; add a rule to routing, or take it out",
        "15:3: unused-role: no step of a chain calls the role 'boss'; name it in notify, or take it out",
        "18:3: unused-chain: no rule of escalation starts the chain 'idle'; add one, or take it out",
    ]


def test_parts_of_a_used_calendar_are_used() -> None:
    """Through any number of joint calendars, by rules of sla and by chains."""
    text = """
    calendars:
      a: {timezone: UTC, hours: 24x7}
      b: {timezone: UTC, hours: 24x7}
      inner: {any_of: [a]}
      outer: {all_of: [inner, b]}
    sla:
      - {id: reply, metric: first_reply, within: 1h, calendar: outer}
    """

    assert places(text, "unused-calendar") == []


def test_the_calendar_that_says_when_the_policy_begins_is_used() -> None:
    """A policy with a date of its own begins in the zone of its first calendar of hours; the second says nothing."""
    text = """
    from: 2026-12-01
    calendars:
      joint: {any_of: [a]}
      a: {timezone: Europe/Berlin, hours: 24x7}
      b: {timezone: Europe/Paris, hours: 24x7}
    """

    assert places(text, "unused-calendar") == ["3:3: unused-calendar", "5:3: unused-calendar"]
