"""What tickets, conversations and ratings mean, in our words."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.plugin import SECOND_MS, UNSET, BadPayload, Customer, Fetch, Person, Ref, parse_instant

SAMPLES = Path(__file__).parent / "samples"
NOW = parse_instant("2026-03-02T09:00:00Z")


def sample(name: str) -> Any:
    """What a sample holds."""
    return json.loads((SAMPLES / f"{name}.json").read_text())


def at(text: str) -> int:
    """An instant of the samples' day."""
    return parse_instant(f"2026-03-02T{text}Z")


def changed(name: str, **values: Any) -> Any:
    """A sample with other values in its ticket."""
    body = sample(name)
    body["ticket"].update(values)
    return body


def by_id(events: list[Any]) -> dict[str, Any]:
    """Events by their ids."""
    return {event.id: event for event in events if not isinstance(event, Fetch)}


def test_a_row_says_what_the_ticket_is(account: Callable[..., Any]) -> None:
    """Opening, description, when each status was reached, and the ticket as it stands."""
    said = account({}).reads(sample("row"), "row")
    events = by_id(said)
    assert list(events) == [
        "ticket:42:opened",
        "ticket:42:description",
        f"ticket:42:status:{at('08:30:00') // SECOND_MS}:open",
        f"ticket:42:status:{at('08:20:00') // SECOND_MS}:pending",
        f"ticket:42:status:{at('08:40:00') // SECOND_MS}:on_hold",
        f"ticket:42:observed:{at('08:40:00') // SECOND_MS}",
    ]
    opened, described, *_, observed = events.values()
    assert (opened.kind, opened.channel, opened.direction) == ("ticket", "email", "inbound")
    assert (opened.at, opened.customer, opened.status) == (at("08:00:00"), Customer(id="103000000701"), UNSET)
    assert described.author == Person(kind="customer", id="103000000701")
    assert (described.text, described.at) == ("It was to be here on Friday.", at("08:00:00"))
    assert (observed.status, observed.priority, observed.rev) == ("on_hold", "high", 1)
    assert (observed.group, observed.assignee) == ("103000000301", "103000000201")
    assert observed.tags == ("parcel", "late")
    assert observed.customer == Customer(
        id="103000000701", email="ada@example.com", phone="+442079460000", name="Ada Lovelace"
    )
    assert observed.fields == {
        "cf_order": "A-1001",
        "cf_gift": True,
        "cf_topics": "parcel,late",
        "cf_empty": None,
        "type": "Problem",
        "company_id": "103000000501",
        "product_id": None,
        "freshdesk_status": "Waiting on Third Party",
        "link": "https://acme.freshdesk.com/a/tickets/42",
    }


def test_who_asks_may_change(account: Callable[..., Any]) -> None:
    """Whoever saw both versions keeps the later one's requester, as whoever sees that one alone."""
    later = {"requester_id": 103000000102, "updated_at": "2026-03-02T08:40:01Z"}
    before, after = (
        by_id(account({}).reads(body, "row"))["ticket:42:opened"] for body in (sample("row"), changed("row", **later))
    )
    assert (before.customer.id, after.customer.id) == ("103000000701", "103000000102")
    assert after.rev > before.rev


def test_a_row_is_looked_up(account: Callable[..., Any]) -> None:
    """For its conversation, unless an answer as new is there; of what was removed there is nothing to read."""
    fetch = account({}).reads(sample("row"), "row")[-1]
    assert (fetch.ref, fetch.version) == (Ref("ticket", "42"), at("08:40:00"))
    assert not any(isinstance(item, Fetch) for item in account({}).reads(sample("row_deleted"), "row"))
    assert not any(isinstance(item, Fetch) for item in account({}).reads(sample("fetched_ticket")))


@pytest.mark.parametrize(
    ("setting", "status", "read"),
    [("open", 6, True), ("open", 5, False), ("all", 5, True), ("none", 6, False)],
)
def test_the_settings_say_whose_past_is_read(
    setting: str, status: int, read: bool, account: Callable[..., Any]
) -> None:
    """Of a backfill's tickets."""
    said = account({}, backfill_conversations=setting).reads(changed("row", status=status), "row", historical=True)
    assert any(isinstance(item, Fetch) for item in said) is read


def test_what_was_removed_has_ended(account: Callable[..., Any]) -> None:
    """Deleted, or spam; as the last thing in its second, whatever its status says."""
    for word in ("deleted", "spam"):
        events = account({}).reads(changed("fetched_ticket", **{word: True}))
        assert events[-1].id == "ticket:42:deleted"
        assert events[-1].sequence > max(event.sequence for event in events[:-1])
        assert events[-1].at == at("08:40:00")


def test_what_is_of_one_second_has_an_order(account: Callable[..., Any]) -> None:
    """Solved, then closed, then what the ticket shows; and solved twice in a second is solved once."""
    events = account({}).reads(sample("row_deleted"), "row", stream="tickets")
    same = sorted((e for e in events if e.at == at("08:40:00")), key=lambda e: (e.sequence, e.id))
    assert [event.id.split(":")[2] for event in same] == ["status", "status", "observed", "deleted"]
    assert [event.to for event in same[:2]] == ["solved", "closed"]


def test_a_version_is_final_when_its_second_is_over(account: Callable[..., Any]) -> None:
    """Until then the ticket may change and keep it."""
    for later_ms, rev in ((0, 0), (1_999, 0), (2_000, 1)):
        said = account({}).reads(sample("row"), "row", received_at=at("08:40:00") + later_ms)
        assert next(e.rev for e in said if e.id.startswith("ticket:42:observed")) == rev


@pytest.mark.parametrize(
    ("source", "medium"),
    [
        (1, ("ticket", "email", "inbound")),
        (2, ("ticket", "web", "inbound")),
        (3, ("ticket", "phone", "inbound")),
        (5, ("mention", "social", "inbound")),
        (6, ("mention", "social", "inbound")),
        (7, ("chat", "chat", "inbound")),
        (9, ("ticket", "web", "inbound")),
        (10, ("ticket", "email", "outbound")),
        (13, ("chat", "whatsapp", "inbound")),
        (15, ("chat", "chat", "inbound")),
        (99, ("ticket", "other", "inbound")),
        (None, ("ticket", "other", "inbound")),
    ],
)
def test_sources_are_channels(source: int | None, medium: tuple[str, ...], account: Callable[..., Any]) -> None:
    """One that nobody knows here is no error. What a chat began with is told by its conversation alone."""
    said = account({}).reads(changed("row", source=source), "row")
    assert (said[0].kind, said[0].channel, said[0].direction) == medium
    described = [event for event in said if not isinstance(event, Fetch) and event.id == "ticket:42:description"]
    assert [event.author.kind for event in described] == (
        [] if medium[0] == "chat" else ["agent" if medium[2] == "outbound" else "customer"]
    )


@pytest.mark.parametrize(
    ("status", "label", "settings", "means"),
    [
        (2, None, {}, "open"),
        (3, None, {}, "pending"),
        (4, None, {}, "solved"),
        (5, None, {}, "closed"),
        (6, "Waiting on Customer", {}, "pending"),
        (6, "WAITING FOR THE CUSTOMER", {}, "pending"),
        (7, "Waiting on Third Party", {}, "on_hold"),
        (8, "On hold", {}, "on_hold"),
        (9, "Escalated", {}, "open"),
        (9, None, {}, "open"),
        (9, "Escalated", {"escalated ": "on_hold"}, "on_hold"),
        (9, None, {"9": "solved"}, "solved"),
        (6, "Waiting on Customer", {"Waiting on Customer": "open"}, "open"),
        (1, None, {}, "open"),
        (None, None, {}, UNSET),
    ],
)
def test_statuses(status: Any, label: Any, settings: Any, means: Any, account: Callable[..., Any]) -> None:
    """The account's own mean what the settings say, else what their words tell, else open."""
    body = changed("row", status=status)
    body["labels"] = {} if label is None else {str(status): label}
    said = account({}, statuses=settings).reads(body, "row")
    observed = next(event for event in said if "observed" in event.id)
    assert observed.status == means
    assert observed.fields.get("freshdesk_status") == (label or str(status) if (status or 0) > 5 else None)


def test_a_conversation_says_who_wrote(account: Callable[..., Any]) -> None:
    """Somebody who is copied is not the requester; a note is internal; what nobody typed is marked."""
    events = by_id(account({}).reads(sample("fetched_conversations")))
    told = {
        id: (event.author.kind, event.author.id, event.visibility, event.auto)
        for id, event in events.items()
        if "edited" not in id
    }
    assert told == {
        "conversation:7": ("agent", "103000000201", "public", False),
        "conversation:8": ("customer", "103000000702", "public", False),
        "conversation:9": ("agent", "103000000201", "internal", False),
        "conversation:10": ("agent", None, "public", True),
    }
    edited = events[f"conversation:9:edited:{at('08:35:00') // SECOND_MS}"]
    assert (edited.message, edited.at) == ("conversation:9", at("08:35:00"))


def test_an_edited_entry_says_what_it_says_now(account: Callable[..., Any]) -> None:
    """Whichever edition arrives last."""
    body = sample("fetched_conversations")
    revs = []
    for edited in (None, "2026-03-02T08:35:00Z", "2026-03-02T08:36:00Z"):
        body["conversations"][2]["last_edited_at"] = edited
        revs.append(by_id(account({}).reads(body))["conversation:9"].rev)
    assert revs == sorted(set(revs))


def test_times_have_any_zone(account: Callable[..., Any]) -> None:
    """Freshdesk's own samples have some with an offset."""
    said = account({}).reads(changed("row", created_at="2026-03-02T13:30:00.750+05:30"), "row")
    assert said[0].at == at("08:00:00")


@pytest.mark.parametrize(("told", "score"), [(103, 3), (102, 2), (101, 1), (100, 0), (-101, -1), (-103, -3)])
def test_a_rating_is_a_score(told: int, score: int, account: Callable[..., Any]) -> None:
    """From -3 to 3, at the time at which it was given."""
    body = sample("row_rating")
    body["rating"]["ratings"]["default_question"] = told
    [event] = account({}).reads(body, "row", stream="ratings")
    assert (event.id, event.ref, event.score, event.min, event.max) == ("rating:5", Ref("ticket", "42"), score, -3, 3)
    assert event.at == at("09:10:00")


@pytest.mark.parametrize("told", [None, 0, 1, 99, -100, 104, -104, "103", True])
def test_what_is_no_rating_is_parked(told: Any, account: Callable[..., Any]) -> None:
    """With its reason, never guessed."""
    body = sample("row_rating")
    body["rating"]["ratings"]["default_question"] = told
    with pytest.raises(BadPayload):
        account({}).reads(body, "row", stream="ratings")


@pytest.mark.parametrize(
    ("entry", "kind", "visibility", "auto"),
    [
        ({"category": 3, "incoming": True, "source": 2}, "agent", "public", False),
        ({"category": 1, "incoming": True, "source": 2}, "customer", "public", False),
        ({"category": 1, "incoming": True, "auto_response": True}, "system", "public", True),
        ({"category": 2, "incoming": False, "private": True, "source": 8}, "agent", "internal", False),
        ({"category": 4, "incoming": True, "private": True, "source": 2}, "customer", "internal", False),
        ({"category": 5}, "system", "internal", True),
        ({"category": 6}, "agent", "internal", False),
        ({"category": 7, "incoming": True, "source": 6}, "customer", "internal", False),
        ({"category": 8}, "agent", "public", False),
        ({"category": 99, "incoming": True}, "customer", "public", False),
        ({"category": None}, "agent", "public", False),
        ({"incoming": True}, "customer", "public", False),
    ],
)
def test_the_category_of_an_entry_says_whose_it_is(
    entry: Any, kind: str, visibility: str, auto: bool, account: Callable[..., Any]
) -> None:
    """An agent who replies from their own mailbox comes in from outside as a customer does, and has replied all the
    same; what went to others and came back is no talk with the customer, and no more are words beside a rating."""
    row = {"id": 7, "user_id": 201, "created_at": "2026-03-02T08:20:00Z", **entry}
    [said] = account({}).reads({"ticket_id": 42, "conversations": [row]})
    assert (said.author.kind, said.visibility, said.auto) == (kind, visibility, auto)


def test_telephones_may_be_numbers(account: Callable[..., Any]) -> None:
    """Older accounts write them so; a mobile is taken where there is no other."""
    for person, phone in (
        ({"phone": 5678}, "5678"),
        ({"phone": None, "mobile": "+1 555"}, "+1 555"),
        ({"phone": ""}, None),
    ):
        said = account({}).reads(changed("row", requester={"id": 1, **person}), "row")
        assert next(event for event in said if "observed" in event.id).customer.phone == phone
