"""The reference model: cases worked out by hand, and whether it and the real rules agree on whatever is told."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from gateway.kernel.store import ContactRow
from gateway.model.event import convert_event
from gateway.model.instant import format_instant, instant_of, parse_instant
from gateway.model.judgement import Implied, LedgerEntry
from gateway.policy.load import load_policy
from gateway.rules import calendar
from gateway.rules.advance import Judged, Sourced, next_due
from gateway.rules.replay import replay
from gateway.rules.timeline import InForce, Timeline
from tests.simulation.laws.judged import names_of
from tests.simulation.laws.model import Expected, Model, differences
from tests.simulation.world import policies, stories

MINUTE, HOUR, DAY = stories.MINUTE, stories.HOUR, stories.DAY
SPRING = int(parse_instant("2026-03-29T01:00:00Z"))
"""The clocks of Berlin go from 02:00 to 03:00."""


# ── By hand ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def event(type: str, at: int, **content: Any) -> dict[str, Any]:
    """An event of the one contact; its id tells its place."""
    return {"type": type, "id": f"{at}-{type}", "at": format_instant(at), "ref": {"kind": "t", "id": "1"}, **content}


def opened(at: int, channel: str = "email", **content: Any) -> dict[str, Any]:
    """The contact's opening."""
    return event("contact.opened", at, kind="ticket", channel=channel, **content)


def reply(at: int) -> dict[str, Any]:
    """An agent's public reply."""
    return event("message.added", at, author={"kind": "agent"})


def expected(*events: dict[str, Any], until: int, second_at: int | None = None) -> Expected:
    """What the model expects of a contact by an instant."""
    known = [(0, policies.first()), *([(second_at, policies.second())] if second_at is not None else [])]
    return Model(known, SPRING - 2 * DAY, SPRING + 2 * DAY).expect(events, until)


def clock(found: Expected, rule: str) -> dict[str, Any]:
    """The rule's only clock."""
    assert found.view is not None
    (only,) = [one for one in found.view["clocks"] if one["rule"] == rule]
    return only


def test_a_night_in_which_the_clocks_change_is_an_hour_shorter() -> None:
    """Three hours of nights from 02:30Z on: until 06:00 in Berlin, which is 04:00Z, and from 22:00, which is 20:00Z."""
    at = SPRING + 90 * MINUTE
    found = expected(opened(at, tags=["fraud"]), until=at)

    assert clock(found, "grave-work")["due_at"] == parse_instant("2026-03-29T21:30:00Z")


def test_a_gap_in_the_hours_is_none_where_its_beginning_does_not_exist() -> None:
    """The pause from 02:30 to 03:15 falls into the hour that isn't there: 02:30 is 03:30. On the day before it is."""
    tags = ["fraud"]
    in_the_change = expected(opened(SPRING - 15 * MINUTE, tags=tags), until=SPRING)
    day_before = expected(opened(SPRING - DAY - 15 * MINUTE, tags=tags), until=SPRING - DAY)

    assert clock(in_the_change, "grave-first")["due_at"] == SPRING + 45 * MINUTE
    assert clock(day_before, "grave-first")["due_at"] == SPRING - DAY + 90 * MINUTE


def test_a_pause_moves_the_deadline() -> None:
    """Six hours of work, one hour of which the customer is waited for: seven."""
    at = SPRING + 12 * HOUR
    story = [
        opened(at, priority="low"),
        reply(at + 1),
        event("status.changed", at + HOUR, to="pending"),
        event("status.changed", at + 2 * HOUR, to="open"),
    ]
    paused = expected(*story[:3], until=at + 2 * HOUR - 1)
    breached = expected(*story, until=at + 7 * HOUR)

    assert (clock(paused, "work")["state"], clock(paused, "work")["due_at"]) == ("paused", None)
    assert paused.next_due == at + 22 * HOUR  # the warning of the day in which it must end
    assert clock(breached, "work")["breached_at"] == at + 7 * HOUR
    assert (at + 7 * HOUR, "escalation.raised", "late-work") in breached.said


@pytest.mark.parametrize(("early", "state"), [(1, "met"), (0, "breached")])
def test_a_chat_is_answered_before_its_deadline_or_late(early: int, state: str) -> None:
    """`lt`: at the very deadline it is breached, and met at the same instant."""
    due = SPRING + 15 * MINUTE
    found = expected(opened(SPRING, "chat"), reply(due - early), until=due)

    assert clock(found, "chat-first")["state"] == state
    assert clock(found, "chat-first")["met_at"] == due - early
    assert ((due, "sla.breached", "chat-first") in found.said) is (state == "breached")
    assert ((due, "escalation.raised", "late-first") in found.said) is False


def test_at_the_very_deadline_a_mail_is_answered_in_time() -> None:
    """`le`, in New York's hours: Monday 08:00 is 12:00Z, four hours later it is due."""
    due = int(parse_instant("2026-03-30T16:00:00Z"))
    story = [opened(due - 4 * HOUR), reply(due)]

    assert clock(expected(*story, until=due), "first")["state"] == "met"
    assert clock(expected(*story, until=due - 1), "first")["due_at"] == due
    assert clock(expected(story[0], until=due), "first")["state"] == "breached"


def test_a_policy_that_comes_later_has_its_own_targets() -> None:
    """After twelve of fifteen minutes ten are enough: it is due at once."""
    comes = SPRING + 12 * MINUTE
    found = expected(opened(SPRING, "chat"), until=comes, second_at=comes)

    assert clock(found, "chat-first")["breached_at"] == comes


def test_before_its_opening_a_contact_is_nothing() -> None:
    """What was told of it waits; what lies ahead is due at its time."""
    unopened = expected(reply(SPRING), until=SPRING + HOUR)
    ahead = expected(opened(SPRING + HOUR), until=SPRING)

    assert (unopened.view, unopened.said, unopened.next_due) == (None, [], None)
    assert (ahead.view, ahead.next_due) == (None, SPRING + HOUR)


# ── Against the real rules ───────────────────────────────────────────────────────────────────────────────────────────


class Both:
    """The model and the real rules round one story."""

    def __init__(self, number: int) -> None:
        self.rng = Random(number)
        zones = [policies.DAY_ZONE, policies.NIGHT_ZONE]
        start = stories.first_instant(self.rng, zones)
        end = start + DAY
        holiday = format_instant(start + DAY)[:10]
        comes = self.rng.randrange(start, end)
        known = [(0, policies.first(holiday)), (comes, policies.second(holiday))]
        self.model = Model(known, start, end + DAY)
        # Not from a cache: what a test has broken must be loaded as it is now.
        self.timeline = Timeline(
            InForce(since, load_policy(policies.text(plain), "policy.yaml").policy) for since, plain in known
        )
        self.plans = stories.tell(self.rng, ["one", "two"], start, end, hot=[comes])
        self.until = self.rng.choice([end, end + DAY, self.rng.randrange(start, end)])

    def contacts(self) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """Each contact's connector and events; of escalations that were raised some are taken, or ended."""
        for connector, plan in self.plans.items():
            by_contact = defaultdict(list)
            for _, told in plan:
                by_contact[told["ref"]["id"]].append(told)
            for events in by_contact.values():
                judged = self.real(connector, events)
                calls = judged.state.escalations if judged.state else ()
                if calls and self.rng.random() < 0.5:
                    call = self.rng.choice(calls)
                    taken = call.raised_at + self.rng.choice([0, 1, HOUR // 2, HOUR, 3 * HOUR])
                    content = {"id": "taken", "ref": events[0]["ref"], "escalation": call.id, "by": "kim"}
                    deed = self.rng.choice(["acknowledged", "resolved"])
                    events.append({"type": f"escalation.{deed}", "at": format_instant(taken), **content})
                yield connector, events

    def real(self, connector: str, events: Sequence[dict[str, Any]]) -> Judged:
        """What the real rules make of it."""
        return replay([Sourced(connector, convert_event(told)) for told in events], self.timeline, self.until)

    def disagreements(self) -> Iterator[str]:
        """Every contact of which the two say something else."""
        for connector, events in self.contacts():
            judged = self.real(connector, events)
            ahead = [at for told in events if (at := int(parse_instant(told["at"]))) > self.until]
            due = next_due(judged.state) if judged.state else None
            first = min((at for at in (due, *ahead) if at is not None), default=None)
            row = ContactRow(id="1", version=1, strands=(), state=judged.state, next_due=first)
            raised = {one.id: entry_of(one) for one in judged.implied}
            found = self.model.expect(events, self.until, names=names_of(row, raised))
            lines = differences(found, row)
            if found.said != sorted((one.at, one.type, one.rule) for one in judged.implied):
                lines.append("what is said differs")
            yield from (f"{events[0]['id']}: {line}" for line in lines)


def entry_of(following: Implied) -> LedgerEntry:
    """What follows, as the ledger would have it."""
    return LedgerEntry(id=following.id, type=following.type, at=following.at, rule=following.rule)


@pytest.mark.parametrize("number", range(10))
def test_the_model_and_the_rules_agree(number: int) -> None:
    """On some two hundred contacts in ten days."""
    assert list(Both(number).disagreements()) == []


def test_a_calendar_of_naive_local_time_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hours that are counted from midnight, as if a day always had 24 hours."""

    def naive(_: object, zone: ZoneInfo, day: date, interval: tuple[int, int]) -> tuple[int, int]:
        start, end = interval
        midnight = instant_of(calendar.datetime(day.year, day.month, day.day, tzinfo=zone))
        return midnight + start * MINUTE, midnight + (end if end > start else end + 1440) * MINUTE

    monkeypatch.setattr(calendar, "_span", naive)

    assert any(True for number in range(10) for _ in Both(number).disagreements())


def test_a_difference_is_told() -> None:
    """Of every part of a contact that is not as it must be."""
    both = Both(1)
    state, found = next(
        (state, found)
        for connector, events in both.contacts()
        if (state := both.real(connector, events).state) is not None
        and (found := both.model.expect(events, both.until)).view is not None
        and found.view["queue"]
        and any(clock["met_at"] is None and clock["cancelled_at"] is None for clock in found.view["clocks"])
    )
    changed: dict[str, dict[str, Any]] = {
        "queue": {"route": None},
        "severity": {"severity": 4 if state.severity == 1 else 1},
        "clock": {"clocks": ()},
        "next_due": {},
    }
    for word, change in changed.items():
        row = ContactRow(id="1", version=1, strands=(), state=replace(state, **change), next_due=1)
        assert any(word in line for line in differences(found, row)), word


# ── The stories ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_same_dice_tell_the_same_story() -> None:
    """Ids are unique, instants in order and within the days, and a day is neither empty nor a crowd."""
    first, again = (stories.tell(Random(7), ["a", "b"], SPRING, SPRING + 4 * DAY) for _ in range(2))
    told = [(at, one) for plan in first.values() for at, one in plan]

    assert first == again
    assert len({one["id"] for _, one in told}) == len(told)
    assert all(plan == sorted(plan, key=lambda planned: planned[0]) for plan in first.values())
    assert all(SPRING <= at < SPRING + 4 * DAY and one["at"] == format_instant(at) for at, one in told)
    assert 4 * 100 <= len(told) <= 4 * 250


def test_a_story_has_everything() -> None:
    """Contacts that nobody answers, cards, reopened ones, and several things at one instant."""
    told = [one for _, one in stories.tell(Random(1), ["a"], SPRING, SPRING + 10 * DAY)["a"]]
    types = {one["type"] for one in told}
    per_contact = defaultdict(list)
    for one in told:
        per_contact[one["ref"]["id"]].append(one)

    assert types >= {"contact.opened", "message.added", "status.changed", "contact.observed", "contact.merged"}
    assert types >= {"call.answered", "call.abandoned", "contact.acknowledged", "message.edited", "contact.deleted"}
    assert any(len(events) == 1 for events in per_contact.values())
    assert any(card in one.get("text", "") for one in told for card in stories.CARDS)
    assert len({one["at"] for one in told}) < len(told)


def test_a_story_begins_before_a_change_of_the_clocks() -> None:
    """Mostly within the day before one of the zone's."""
    found = [stories.first_instant(Random(number), [policies.NIGHT_ZONE]) for number in range(50)]
    offsets = [
        [calendar.datetime.fromtimestamp((at + off) / 1000, ZoneInfo("Europe/Berlin")).utcoffset() for off in (0, DAY)]
        for at in found
    ]

    assert sum(first != last for first, last in offsets) > 25


def test_a_policys_file_is_read_back() -> None:
    """The plain values of a policy that the store kept, whatever its surroundings."""
    for plain in (policies.first("2026-10-25"), policies.second(night_zone="Europe/Paris")):
        assert policies.named(policies.text(plain)) == plain
    with pytest.raises(ValueError, match="no policy"):
        policies.named("version: 1\n")
