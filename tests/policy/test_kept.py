"""A policy as it is kept: what was in force once means for ever what it meant then."""

import zlib
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from gateway.kernel.problems import Problems
from gateway.model.event import ContactOpened
from gateway.model.identity import Ref
from gateway.model.instant import instant_of, parse_instant
from gateway.policy import calendars as calendars_module
from gateway.policy.kept import Unreadable, load_kept, pack_calendars, unpack_calendars, with_calendars, zones_kept
from gateway.policy.load import follows, load_policy
from gateway.rules.advance import Sourced
from gateway.rules.calendar import ALWAYS, Calendar, resolved
from gateway.rules.replay import replay
from gateway.rules.timeline import Timeline

OFFICE = """
calendars:
  office:
    timezone: America/New_York
    hours: {mon-fri: ["09:00-12:00", "13:00-17:00"], sat: "18:00-02:00"}
    holidays: [{country: US}]
    exceptions: [{date: 2026-12-24, hours: "10:00-14:00"}]
  phones: {any_of: [office, always]}
  both: {all_of: [office, always]}
roles: {lead: {endpoints: [desk]}}
chains: {c: {calendar: both, steps: [{after: 1h, notify: [lead]}]}}
queues: {day: {}}
routing:
  - {id: day, when: '"office" in contact.opened_during', queue: day}
sla:
  - {id: reply, metric: first_reply, within: 4h, calendar: office}
"""
START, END = (instant_of(datetime(year, 1, 1, tzinfo=UTC)) for year in (2000, 2046))


def test_the_open_intervals_come_back_as_they_were() -> None:
    """All of the known years, small; a calendar that is always open stays so."""
    calendars = load_policy(OFFICE, "p.yaml").policy.calendars
    packed = pack_calendars(calendars)
    again = unpack_calendars(packed)
    assert again.keys() == calendars.keys()
    for name in ("office", "both"):
        assert again[name].spans(START, END) == calendars[name].spans(START, END)
    assert again["phones"].spans_of is None
    assert len(packed) < 20_000


def test_a_kept_policy_counts_by_its_kept_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the library of holidays says today: rules and chains go by the intervals of then."""
    loaded = load_policy(OFFICE, "p.yaml")
    packed = pack_calendars(loaded.policy.calendars)
    monkeypatch.setattr(calendars_module, "_public_holidays", lambda country, subdivision: ())
    assert load_policy(OFFICE, "p.yaml").policy.hash != loaded.policy.hash
    kept = load_kept(OFFICE, packed, b"", loaded.policy.hash)
    assert kept.hash == loaded.policy.hash
    christmas = parse_instant("2026-12-25T15:00:00Z")
    for calendar in (kept.sla[0].calendar, kept.chains["c"].calendar, kept.calendars["office"]):
        assert calendar.due(christmas, 1) == parse_instant("2026-12-26T23:00:00Z") + 1
    opening = ContactOpened(id="e", at=christmas, ref=Ref("ticket", "1"), kind="ticket", channel="email")
    state = replay([Sourced("desk", opening)], Timeline.only(kept), christmas).state
    assert state is not None
    assert state.route is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not packed",
        msgspec.msgpack.encode([1]),
        msgspec.msgpack.encode({"a": "b"}),
        msgspec.msgpack.encode({"a": b"not packed"}),
        msgspec.msgpack.encode({"a": zlib.compress(b"\xc1")}),
        msgspec.msgpack.encode({"a": zlib.compress(msgspec.msgpack.encode([1, 2, 3]))}),
    ],
)
def test_damaged_calendars_are_named(body: bytes) -> None:
    """Never another hour than was meant."""
    with pytest.raises(Unreadable, match="damaged"):
        unpack_calendars(body)


def test_a_calendar_that_was_not_kept_is_named() -> None:
    """A policy can't count by hours that nobody knows any more."""
    policy = load_policy(OFFICE, "p.yaml").policy
    with pytest.raises(Unreadable, match="its calendar both was not kept"):
        with_calendars(policy, {"always": ALWAYS, "24x7": ALWAYS, "office": ALWAYS, "phones": ALWAYS}, "x")


def test_a_kept_text_that_this_program_cannot_read_is_named() -> None:
    """With the first thing that is wrong."""
    with pytest.raises(Unreadable, match="no longer reads it: policy abc:1:1: GW110"):
        load_kept("rules: []", pack_calendars({}), b"", "abc")


def test_a_kept_policy_is_read_without_its_tests() -> None:
    """They judge nothing: what is wrong with them by now doesn't make what judged unreadable."""
    text = OFFICE + "tests: [{name: old, expect: {queue: nowhere}, then: [5]}]\n"
    kept = load_kept(text, pack_calendars(load_policy(OFFICE, "p.yaml").policy.calendars), b"", "0123")

    assert [rule.id for rule in kept.sla] == ["reply"]
    with pytest.raises(Problems):
        load_policy(text, "p.yaml")


def test_what_a_zone_shows_is_part_of_what_a_policy_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A law that changes summer time makes another policy of the same file."""
    before = load_policy(OFFICE, "p.yaml").policy.hash
    calendars_module._offsets.cache_clear()
    monkeypatch.setattr(calendars_module, "ZoneInfo", lambda name: ZoneInfo("America/Phoenix"))
    after = load_policy(OFFICE, "p.yaml").policy.hash
    assert before != after


# ── from ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def office(hours: str, since: str = "") -> str:
    """A policy of one calendar, and one made of it."""
    return f"""
calendars:
  office: {{timezone: Europe/Berlin, hours: {{mon-sun: "{hours}"}}{since}}}
  both: {{all_of: [office, always]}}
"""


JUNE = parse_instant("2026-05-31T22:00:00Z")
"""The midnight, in Berlin, with which June begins."""

HOUR = 3_600_000


def test_the_hours_of_before_count_until_a_calendars_own_date() -> None:
    """Those of the policy that it follows, in what is made of it as well; alone it is closed until then."""
    old = load_policy(office("08:00-10:00"), "old.yaml").policy
    new = load_policy(office("09:00-17:00", ", from: 2026-06-01"), "new.yaml")
    followed = follows(new, old).policy
    assert followed.hash == new.policy.hash
    for name in ("office", "both"):
        assert followed.calendars[name].elapsed(JUNE - 24 * HOUR, JUNE) == 2 * HOUR
        assert followed.calendars[name].elapsed(JUNE, JUNE + 24 * HOUR) == 8 * HOUR
        assert new.policy.calendars[name].elapsed(JUNE - 24 * HOUR, JUNE) == 0


def test_without_a_date_nothing_of_before_counts() -> None:
    """Another policy's hours are its own."""
    old = load_policy(office("08:00-10:00"), "old.yaml").policy
    new = load_policy(office("09:00-17:00"), "new.yaml")
    assert follows(new, old) is new


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        ("from: 2026-06-01\n" + office("08:00-10:00"), JUNE),
        ("from: 2026-06-01\ncalendars: {a: {any_of: [always]}}", parse_instant("2026-06-01T00:00:00Z")),
        ("from: 2026-06-01", parse_instant("2026-06-01T00:00:00Z")),
        (office("08:00-10:00"), None),
    ],
)
def test_a_policys_own_date_begins_in_the_zone_of_its_first_calendar(text: str, starts: int | None) -> None:
    """In UTC where no calendar has a zone."""
    assert load_policy(text, "p.yaml").policy.starts == starts


def test_a_calendar_that_begins_later_is_no_calendar_that_never_opens() -> None:
    """It is looked at from its own date on."""
    assert "office" in load_policy(office("08:00-10:00", ", from: 2031-06-01"), "p.yaml").policy.calendars


def test_kept_intervals_end_and_then_there_is_no_deadline() -> None:
    """An unknown deadline is none, never a search without end."""
    calendar: Calendar = resolved("x", [(0, HOUR)])
    assert (calendar.due(0, HOUR), calendar.due(0, HOUR + 1)) == (HOUR, None)


@pytest.mark.parametrize("text", ["", "calendars: []", "calendars: {a: 3, b: {timezone: [x]}}", "a: [", "- 1", "\x00"])
def test_the_zones_of_a_kept_text(text: str) -> None:
    """By calendar, of those that have one; of a text that says none, or can't be read, there are none."""
    assert zones_kept(OFFICE) == {"office": "America/New_York"}
    assert zones_kept(text) == {}
