"""Events, and the contact that they say: order, defaults, snapshots, endings, and what an event may carry."""

import itertools
import json
from typing import Any

import pytest

from gateway.policy.evaluate import BadEvents, read_events
from tests.language.words import announced, clocks, event, judged, life, sla

BARE = "version: 1"
AT = "2026-03-02T09:00:00Z"


def contact(told: str | list[dict[str, Any]], at: str = "12:00") -> dict[str, Any]:
    """The contact that the events say."""
    return dict(judged(BARE, told, at)["contact"])


def refused(*events: dict[str, Any]) -> str:
    """Why the events are wrong."""
    with pytest.raises(BadEvents) as caught:
        read_events(json.dumps(events).encode())
    return str(caught.value)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param("09:00 opened; 09:20 open; 09:10 pending", "open", id="by-time"),
        pytest.param("09:00 opened id=z; 09:00 pending id=a", "pending", id="the-opening-first"),
        pytest.param("09:00 opened sequence=9; 09:00 pending sequence=1", "pending", id="before-its-sequence-too"),
        pytest.param(
            "09:00 opened; 09:10 pending sequence=2 id=a; 09:10 open sequence=1 id=b", "pending", id="then-by-sequence"
        ),
        pytest.param("09:00 opened; 09:10 pending id=b; 09:10 open id=a", "pending", id="then-by-id"),
        pytest.param("09:00 opened; 09:10 pending id=a; 09:10 open id=Z", "pending", id="by-code-point"),
        pytest.param("09:00 opened; 09:10 pending id=10; 09:10 open id=9", "open", id="not-by-number"),
        pytest.param(
            "09:00 opened; 09:10 pending id=\U0001f600; 09:10 open id=\ufffd", "pending", id="not-by-half-a-code-point"
        ),
    ],
)
def test_the_order_of_events(told: str, expected: str) -> None:
    """Events go by time, then the opening first, then by the source's sequence, then by id, code point by code point,
    whatever order they came in."""
    for order in itertools.permutations(life(told)):
        assert contact(list(order))["status"] == expected


def test_any_order_of_a_long_life() -> None:
    """Wherever each event of a long life comes in, the answer is the same."""
    policy = sla("id: a, metric: next_reply, within: 1h, warn: [50%]", "id: b, metric: pausable_update, within: 2h")
    events = life("09:00 opened; 09:10 agent; 09:20 customer; 09:30 pending; 09:40 solved; 09:40 customer; 10:00 open")
    expected = judged(policy, events, "12:00")

    for start in range(len(events)):
        turned = events[start:] + events[:start]
        assert judged(policy, turned, "12:00") == judged(policy, turned[::-1], "12:00") == expected


def test_a_late_event_is_put_in_its_place() -> None:
    """What comes late is put in its place, and everything after it is judged again."""
    policy = sla("metric: first_reply, within: 1h")
    late = event("09:30 agent")

    assert clocks(policy, "09:00 opened; 11:00 customer", "12:00") == ["r/1 breached 09:00 due 10:00 breached 10:00"]
    assert clocks(policy, [*life("09:00 opened; 11:00 customer"), late], "12:00") == [
        "r/1 met 09:00 due 10:00 met 09:30"
    ]


def test_a_second_delivery_changes_nothing() -> None:
    """The same event twice is the same event: with an id, and by its content without one."""
    policy = sla("metric: next_reply, within: 1h")
    told = "09:00 opened id=o; 09:10 agent; 09:20 customer; 09:30 solved; 09:40 open id=r"

    assert judged(policy, life(told) * 2, "10:00") == judged(policy, told, "10:00")


def test_times_in_every_zone() -> None:
    """A time is an instant, whatever zone it is written in."""
    told = "2026-03-02T01:00:00-08:00 opened"

    assert contact(told) == contact("2026-03-02T14:30:00+05:30 opened") == contact("09:00 opened")
    assert contact(told)["opened_at"] == AT


def test_what_an_opening_leaves_out() -> None:
    """An opening that says nothing more is an inbound contact, new, without tags, fields or priority."""
    found = contact("09:00 opened")

    assert {name: found[name] for name in ("kind", "channel", "direction", "status", "tags", "fields")} == {
        "kind": "ticket",
        "channel": "email",
        "direction": "inbound",
        "status": "new",
        "tags": [],
        "fields": {},
    }
    assert [found[name] for name in ("subject", "priority", "group", "assignee", "language")] == [None] * 5


def test_what_an_opening_says() -> None:
    """Everything that an opening says is the contact's."""
    said = {
        "kind": "chat",
        "channel": "whatsapp",
        "direction": "outbound",
        "subject": "Where is it?",
        "tags": ["a", "b"],
        "priority": "high",
        "group": "g",
        "assignee": "Ann",
        "fields": {"text": "t", "number": 1.5, "yes": True},
        "language": "de",
        "status": "open",
    }
    found = contact([{"type": "contact.opened", "at": AT, **said}])

    assert {name: found[name] for name in said} == said


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        pytest.param({}, {"subject": "s", "tags": ["a"], "priority": "low", "group": "g"}, id="missing-is-unknown"),
        pytest.param(
            {"subject": None, "priority": None, "group": None},
            {"subject": None, "priority": None, "group": None},
            id="null-clears",
        ),
        pytest.param({"tags": ["b", "c"]}, {"tags": ["b", "c"], "subject": "s"}, id="tags-replace"),
        pytest.param({"tags": []}, {"tags": []}, id="no-tags"),
        pytest.param({"status": "pending"}, {"status": "pending"}, id="another-status"),
        pytest.param(
            {"kind": "chat", "channel": "sms", "direction": "outbound"},
            {"kind": "ticket", "channel": "email", "direction": "inbound"},
            id="kind-stays",
        ),
    ],
)
def test_a_snapshot(shown: dict[str, Any], expected: dict[str, Any]) -> None:
    """A snapshot says what a contact is at its instant: what is missing in it is unknown, what is null is cleared, its
    tags replace those before; kind, channel and direction are those of the opening."""
    opened = event("09:00 opened") | {"subject": "s", "tags": ["a"], "priority": "low", "group": "g"}
    found = contact([opened, {"type": "contact.observed", "at": "2026-03-02T09:10:00Z", **shown}])

    assert {name: found[name] for name in expected} == expected


def test_a_snapshot_changes_the_status_at_its_instant() -> None:
    """A status that differs in a snapshot is a change of status at the snapshot's instant; one that doesn't is none."""
    policy = sla("metric: resolution, within: 2h")

    assert clocks(policy, "09:00 opened; 09:30 observed status=solved", "10:00") == [
        "r/1 met 09:00 due 11:00 met 09:30"
    ]
    assert clocks(policy, "09:00 opened; 09:30 solved; 09:40 observed status=solved", "10:00") == [
        "r/1 met 09:00 due 11:00 met 09:30"
    ]


def test_a_second_opening_only_updates() -> None:
    """A second opening updates fields; kind, channel, direction and the time of opening are those of the first."""
    second = event("09:10 opened kind=chat channel=sms direction=outbound priority=high")
    found = contact([*life("09:00 opened"), second])

    assert [found[name] for name in ("kind", "channel", "direction", "opened_at", "priority")] == [
        "ticket",
        "email",
        "inbound",
        AT,
        "high",
    ]
    assert clocks(sla("metric: first_reply, within: 1h"), [*life("09:00 opened"), second], "09:30") == [
        "r/1 running 09:00 due 10:00"
    ]


@pytest.mark.parametrize("end", ["solved", "closed", "merged", "deleted"])
@pytest.mark.parametrize("after", ["new", "open", "pending", "on_hold"])
def test_a_reopening(end: str, after: str) -> None:
    """Solved, closed, merged and deleted are ends; any other status after an end is a reopening, and is counted."""
    told = f"09:00 opened; 09:10 {end}; 09:20 {after}; 09:30 pending; 09:40 solved; 09:50 open"

    assert contact(told, "09:15")["reopened"] == 0
    assert contact(told, "09:35")["reopened"] == 1
    assert contact(told)["reopened"] == 2
    assert announced(BARE, told, "12:00", "contact.reopened") == ["09:20 contact.reopened", "09:50 contact.reopened"]


def test_from_one_end_to_another() -> None:
    """From one end to another is no reopening, and a message on an ended contact reopens nothing."""
    found = contact("09:00 opened; 09:10 solved; 09:20 customer; 09:30 closed; 09:40 solved")

    assert (found["status"], found["reopened"]) == ("solved", 0)


def test_the_opening_that_counts() -> None:
    """Of two openings the one that was first at the vendor counts, whichever came first."""
    for told in ("09:00 opened; 08:50 opened direction=outbound", "08:50 opened direction=outbound; 09:00 opened"):
        found = contact(told)

        assert (found["direction"], found["opened_at"]) == ("outbound", "2026-03-02T08:50:00Z")


def test_a_second_opening_changes_no_status() -> None:
    """A second opening ends nothing and reopens nothing, whatever its status."""
    assert contact("09:00 opened; 09:10 opened status=solved")["status"] == "new"
    assert contact("09:00 opened; 09:10 solved; 09:20 opened")["status"] == "solved"


def test_redacted() -> None:
    """What is redacted is gone: the fields that are named, or everything that people wrote."""
    opened = event("09:00 opened group=g") | {
        "subject": "s",
        "customer": {"email": "a@b.c"},
        "fields": {"a": 1, "b": 2},
    }
    redacted = {"type": "contact.redacted", "at": "2026-03-02T09:10:00Z"}
    some, every = (contact([opened, redacted | more]) for more in ({"fields": ["subject", "a"]}, {"all": True}))

    assert (some["subject"], some["fields"], some["customer"]) == (None, {"b": 2}, {"email": "a@b.c"})
    assert (every["subject"], every["fields"], every["customer"], every["status"]) == (None, {}, {}, "new")


def test_assigned() -> None:
    """An assignment sets whom and which group it names, clears what is null, and leaves the rest."""
    told = "09:00 opened assignee=Ann group=g; 09:10 assigned assignee=Bob; 09:20 assigned group=null"

    assert [contact(told, at)["assignee"] for at in ("09:05", "09:15", "09:25")] == ["Ann", "Bob", "Bob"]
    assert [contact(told, at)["group"] for at in ("09:05", "09:15", "09:25")] == ["g", "g", None]


MINIMAL: dict[str, dict[str, Any]] = {
    "contact.opened": {"kind": "ticket", "channel": "email"},
    "contact.observed": {},
    "message.added": {"author": {"kind": "customer"}},
    "message.edited": {"message": "m1"},
    "message.removed": {"message": "m1"},
    "status.changed": {"to": "open"},
    "contact.assigned": {},
    "contact.acknowledged": {"by": "Ann"},
    **{f"call.{what}": {} for what in ("queued", "ringing", "answered", "held", "resumed")},
    **{f"call.{what}": {} for what in ("transferred", "abandoned", "ended")},
    "csat.received": {"score": 3, "min": 1, "max": 5},
    "nps.received": {"score": 9},
    "contact.merged": {"into": {"kind": "ticket", "id": "2"}},
    "contact.deleted": {},
    "contact.redacted": {"all": True},
    "enrichment.received": {"enricher": "payments", "status": "ok"},
    "escalation.acknowledged": {"escalation": "e1", "by": "Ann"},
    "escalation.resolved": {"escalation": "e1", "by": "Ann"},
    "bot.handed_over": {},
}
FULL: dict[str, dict[str, Any]] = {
    "contact.opened": {
        "customer": {
            "id": "7",
            "email": "a@example.com",
            "phone": "+1",
            "name": "Ann",
            "handles": [{"network": "x", "handle": "@ann"}],
            "verified": ["a@example.com"],
        }
    },
    "message.added": {"author": {"kind": "agent", "id": "1", "name": "Ann"}, "auto": True, "text": "x"},
    "contact.assigned": {"assignee": "Ann", "group": None},
    **{f"call.{what}": {"agent": "Ann", "queue": "q", "reason": "r"} for what in ("queued", "answered", "ended")},
    "contact.redacted": {"fields": ["subject"]},
    "enrichment.received": {"facts": {"paid": True}, "reason": "r"},
    "bot.handed_over": {"topic": "refund"},
}
EVERY = {"id": "e", "ref": {"kind": "ticket", "id": "1"}, "sequence": 3, "rev": 1, "historical": True}


@pytest.mark.parametrize("type_", MINIMAL)
def test_what_an_event_must_carry(type_: str) -> None:
    """Each type is an event with what it must carry, isn't one without, and refuses what it doesn't know."""
    least = {"type": type_, "at": AT, **MINIMAL[type_]}

    assert len(read_events(json.dumps([least]).encode())) == 1
    assert len(read_events(json.dumps([least | FULL.get(type_, {}) | EVERY]).encode())) == 1
    assert "hello" in refused(least | {"hello": 1})
    for name in MINIMAL[type_]:
        if name not in ("all",):
            assert name in refused({key: value for key, value in least.items() if key != name})


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        pytest.param({"type": "contact.danced"}, "contact.danced", id="unknown-type"),
        pytest.param({"kind": "letter"}, "kind", id="kind"),
        pytest.param({"channel": "pigeon"}, "channel", id="channel"),
        pytest.param({"direction": "up"}, "direction", id="direction"),
        pytest.param({"priority": "mild"}, "priority", id="priority"),
        pytest.param({"status": "done"}, "status", id="status"),
        pytest.param({"id": "x" * 201}, "id", id="a-long-id"),
        pytest.param({"at": "2026-03-02T09:00:00"}, "zone", id="no-zone"),
        pytest.param({"at": "yesterday"}, "at", id="no-time"),
        pytest.param({"at": "1999-12-31T23:59:59Z"}, "2000", id="before-2000"),
        pytest.param({"fields": {"a": [1]}}, "fields", id="a-field-that-is-a-list"),
        pytest.param({"ref": {"kind": "ticket"}}, "id", id="half-a-ref"),
        pytest.param({"customer": {"shoe": 43}}, "shoe", id="unknown-in-a-customer"),
    ],
)
def test_what_is_no_event(wrong: dict[str, Any], named: str) -> None:
    """A word that a field of fixed words can't have, a time without a zone or before the year 2000, and an id of more
    than 200 characters are refused, by name."""
    assert named in refused(event("09:00 opened") | wrong)


def test_the_longest_id() -> None:
    """An id of 200 characters is one."""
    assert contact([event("09:00 opened") | {"id": "x" * 200}])["status"] == "new"


def test_one_id_names_one_fact() -> None:
    """The same id with another content is an error, whichever revision each claims; the same content is not."""
    first, second = event("09:00 opened id=a"), event("09:00 opened id=a priority=low")

    assert "a" in refused(first, second)
    assert "a" in refused(first, second | {"rev": 1})
    assert contact([first, first])["status"] == "new"


def test_whether_it_is_historical_changes_nothing() -> None:
    """An event read in hindsight means what it says, as a live one does."""
    policy = sla("metric: first_reply, within: 1h")
    events = [one | {"historical": True, "id": f"e{n}"} for n, one in enumerate(life("09:00 opened; 10:30 agent"))]

    assert clocks(policy, events, "11:00") == ["r/1 breached 09:00 due 10:00 met 10:30 breached 10:00"]


def test_nobody_judges_what_nobody_opened() -> None:
    """Without an opening there is no contact, no clock, no route and nothing to come."""
    answer = judged(sla("metric: first_reply, within: 1h"), "09:00 customer; 09:10 pending", "12:00")

    assert (answer["contact"], answer["clocks"], answer["effects"], answer["next_due"]) == (None, [], [], None)
