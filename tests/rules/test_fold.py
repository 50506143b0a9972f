"""What a contact says of itself after its events."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from gateway.model.contact import Answer, Contact, Strand
from gateway.model.event import ContactOpened, Event
from gateway.model.identity import Customer, Ref
from gateway.model.words import Life
from gateway.rules.advance import advance, in_order
from gateway.rules.fold import fold, opened
from gateway.rules.timeline import Timeline
from tests.rules.worlds import (
    T0,
    H,
    M,
    agent,
    customer,
    event,
    judged,
    opening,
    policy,
    sourced,
    state_of,
    status,
    tags,
)

RULES = policy()


def contact(*events: Event) -> Contact:
    """The contact after these events."""
    return state_of(judged(RULES, 9 * H, *events)).contact


def observed(after: int, **fields: Any) -> Event:
    """A snapshot of the vendor's."""
    return event("contact.observed", after, **fields)


def test_an_opening_begins_a_contact() -> None:
    """New, inbound and without anything that it doesn't say."""
    told = contact(opening())
    assert (told.status, told.direction, told.opened_at, told.updated_at) == ("new", "inbound", T0, T0)
    assert (told.subject, told.priority, told.tags, told.fields) == (None, None, (), {})
    assert told.customer == Customer()


def test_an_opening_may_say_everything() -> None:
    """Each of its fields is taken."""
    said: dict[str, Any] = {
        "subject": "Help",
        "priority": "high",
        "group": "g",
        "assignee": "a",
        "language": "de",
        "status": "open",
    }
    told = contact(opening(**said, tags=["a", "b", "a"], fields={"plan": "gold"}, customer={"id": "7"}))
    assert {name: getattr(told, name) for name in said} == said
    assert (told.tags, told.fields, told.customer) == (("a", "b"), {"plan": "gold"}, Customer(id="7"))


def test_unknown_leaves_and_null_clears() -> None:
    """A snapshot says nothing of what it doesn't name."""
    events = opening(subject="Help", priority="high", customer={"id": "7"}), observed(M, priority=None)
    told = contact(*events)
    assert (told.subject, told.priority, told.customer) == ("Help", None, Customer(id="7"))
    assert contact(*events, observed(2 * M, customer=None, subject=None)).customer == Customer()


def test_tags_replace() -> None:
    """The snapshot's tags are the tags; an empty list clears."""
    assert contact(opening(tags=["a", "b"]), tags(M, "c", "b")).tags == ("c", "b")
    assert contact(opening(tags=["a", "b"]), tags(M)).tags == ()
    assert contact(opening(tags=["a", "b"]), observed(M, subject="x")).tags == ("a", "b")


def test_fields_are_taken_one_by_one() -> None:
    """A field that isn't named stays; one that is null is known to be empty."""
    told = contact(opening(fields={"a": 1, "b": 2}), observed(M, fields={"b": None, "c": True}))
    assert told.fields == {"a": 1, "b": None, "c": True}


def test_an_assignment_changes_what_it_names() -> None:
    """Assignee and group, each for itself."""
    told = contact(opening(assignee="a", group="g"), event("contact.assigned", M, assignee=None))
    assert (told.assignee, told.group) == (None, "g")


def test_a_second_opening_only_updates_fields() -> None:
    """Kind, channel, direction and opening are those of the first, and the status is left to what changes a status."""
    more = {"kind": "chat", "channel": "chat", "direction": "outbound", "status": "solved", "tags": ["a"]}
    second = opening(M, id="again", subject="Again", **more)
    told = contact(opening(subject="Help"), status(30_000, "open"), second)
    assert (told.kind, told.channel, told.direction, told.opened_at) == ("ticket", "email", "inbound", T0)
    assert (told.subject, told.status, told.updated_at, told.tags) == ("Again", "open", T0 + M, ("a",))


def test_what_follows_belongs_to_the_strand_that_opened() -> None:
    """So no two contacts say anything under one id."""
    one, other = (judged(RULES, 0, opening(ref={"kind": "ticket", "id": id})) for id in ("1", "2"))
    assert (state_of(one).owner, state_of(other).owner) == ("test:ticket:1", "test:ticket:2")
    assert {item.id for item in one.implied} & {item.id for item in other.implied} == set()


def test_the_opening_that_happened_first_counts_whenever_it_comes() -> None:
    """A late opening with an earlier time is the first one."""
    told = contact(opening(M, id="b", kind="chat", channel="chat"), opening(0, id="a"))
    assert (told.kind, told.opened_at) == ("ticket", T0)


def test_without_an_opening_there_is_nothing_to_judge() -> None:
    """It is judged by nobody; with the opening, what happened before it says nothing."""
    early = [status(0, "solved"), customer(M), agent(2 * M)]
    assert judged(RULES, H, *early).state is None
    assert judged(RULES, H, *early).implied == ()
    assert contact(*early, opening(3 * M)).status == "new"


def test_events_that_have_not_happened_yet_are_not_applied() -> None:
    """An event in the future waits for its time."""
    assert state_of(judged(RULES, H, opening(), status(2 * H, "open"))).contact.status == "new"
    assert state_of(judged(RULES, 2 * H, opening(), status(2 * H, "open"))).contact.status == "open"
    assert judged(RULES, H, opening(2 * H)).state is None


@pytest.mark.parametrize(
    ("score", "low", "high", "ratio"),
    [
        (1, 1, 5, 0.0),
        (5, 1, 5, 1.0),
        (2, 1, 5, 0.25),
        (9, 1, 5, 1.0),
        (-3, 1, 5, 0.0),
        (3, 3, 3, 0.0),
        (1, 5, 1, 0.0),
        (0.5, 0, 1, 0.5),
        (0, -1.7e308, 1.7e308, 0.0),
        (1.7e308, -1.7e308, 1.7e308, 0.0),
    ],
)
def test_a_survey_is_a_share_of_its_own_scale(score: float, low: float, high: float, ratio: float) -> None:
    """Never outside of 0 to 1, also where the vendor's numbers make no sense."""
    told = contact(opening(), event("csat.received", M, score=score, min=low, max=high)).csat
    assert (told.given, told.ratio) == (True, ratio)
    assert not contact(opening()).csat.given


def test_an_enrichers_facts_are_kept_by_its_name() -> None:
    """The newest answer replaces; what is unavailable changes nothing."""
    first = event("enrichment.received", M, enricher="payments", status="ok", facts={"plan": "gold", "n": 1})
    second = event("enrichment.received", 2 * M, enricher="payments", status="ok", facts={"plan": "tin"})
    missing = event("enrichment.received", 3 * M, enricher="payments", status="unavailable", reason="down")
    told = contact(opening(), first, second, missing)
    assert told.facts == {"payments": {"plan": "tin"}}
    assert told.answers == {"payments": Answer(T0 + 3 * M, "down", facts_at=T0 + 2 * M)}


@pytest.mark.parametrize(
    ("after", "stays"),
    [
        ({"id": "7", "email": "ada@x.example"}, True),
        ({"id": "7", "email": "ada@x.example", "phone": "+1", "name": "Ada"}, True),
        ({"email": "ada@x.example"}, True),
        ({"id": "8", "email": "ada@x.example"}, False),
        ({"id": "7", "email": "bob@x.example"}, False),
        ({"phone": "+1"}, False),
        (None, False),
    ],
)
def test_what_is_known_of_a_customer_goes_with_them(after: dict[str, str] | None, stays: bool) -> None:
    """One more identity, or one less, is the same person still."""
    known = event("enrichment.received", 1, enricher="payments", status="ok", facts={"plan": "gold"})
    first = opening(customer={"id": "7", "email": "ada@x.example"})
    told = contact(first, known, event("contact.observed", M, customer=after))
    assert (bool(told.facts), bool(told.answers)) == (stays, stays)


def test_what_is_said_of_somebody_else_is_passed_over() -> None:
    """An answer may sort behind the event that names another customer: a late one, say. One that names nobody holds."""
    ada, bob = {"id": "7", "email": "ada@x.example"}, {"id": "8"}
    said = event("enrichment.received", 2 * M, enricher="payments", status="ok", facts={"plan": "gold"}, customer=ada)
    first = opening(customer=ada)
    assert contact(first, said).facts == {"payments": {"plan": "gold"}}
    told = contact(first, event("contact.observed", M, customer=bob), said)
    assert (told.facts, told.answers) == ({}, {})
    assert contact(first, event("contact.redacted", M, all=True), said).facts == {}
    more = event("contact.observed", M, customer={**ada, "phone": "+1", "name": "Ada"})
    assert contact(first, more, said).facts == {"payments": {"plan": "gold"}}


def test_redaction_takes_what_it_names() -> None:
    """Fields by their names, `subject` and `customer` too; `all` takes everything that was told in words."""
    before = opening(subject="Help", customer={"id": "7"}, fields={"a": 1, "b": 2})
    facts = event("enrichment.received", 1, enricher="payments", status="ok", facts={"plan": "gold"})
    some = contact(before, event("contact.redacted", M, fields=["a", "subject"]))
    assert (some.subject, some.fields, some.customer) == (None, {"b": 2}, Customer(id="7"))
    other = contact(before, facts, event("contact.redacted", M, fields=["customer"]))
    assert (other.subject, other.fields, other.customer) == ("Help", {"a": 1, "b": 2}, Customer())
    assert (other.facts, other.answers) == ({}, {})
    everything = contact(before, facts, event("contact.redacted", M, all=True))
    assert (everything.subject, everything.fields, everything.customer, everything.facts) == (None, {}, Customer(), {})


def test_reopening_is_counted() -> None:
    """Any other status after an ended one; closing what was solved is none."""
    events = opening(), status(M, "solved"), status(2 * M, "closed"), status(3 * M, "open"), status(4 * M, "pending")
    assert contact(*events).reopened == 1
    assert contact(*events, event("contact.deleted", 5 * M), status(6 * M, "new")).reopened == 2


def test_updated_at_is_the_last_event() -> None:
    """Whatever it says."""
    assert contact(opening(), event("message.edited", 5 * M, message="m")).updated_at == T0 + 5 * M


# ── Strands ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def joined(*lives: Life) -> Contact:
    """A contact of several vendor objects with these statuses, tagged after them."""
    first = opening()
    assert isinstance(first, ContactOpened)
    strands = tuple(Strand("test", Ref("ticket", str(n)), life, (life, "all")) for n, life in enumerate(lives, 1))
    return msgspec.structs.replace(opened("test", first), strands=strands)


@pytest.mark.parametrize(
    ("lives", "status", "ended"),
    [
        (("pending", "open", "new"), "open", False),
        (("pending", "new", "on_hold"), "new", False),
        (("pending", "on_hold"), "on_hold", False),
        (("solved", "pending"), "pending", False),
        (("merged", "solved"), "solved", True),
        (("deleted", "closed", "merged"), "closed", True),
    ],
)
def test_a_contact_has_the_most_open_status_of_its_strands(lives: tuple[Life, ...], status: str, ended: bool) -> None:
    """The first of open, new, on hold and pending that any has; ended only when all are."""
    told = joined(*lives)
    assert (told.status, told.ended) == (status, ended)


def test_tags_are_the_union_of_the_strands() -> None:
    """Each once, in the order in which they were given."""
    assert joined("open", "pending").tags == ("open", "all", "pending")


def test_an_event_changes_its_own_strand() -> None:
    """Status and tags of the others stay; merging one of two ends one."""
    told = fold(joined("open", "pending"), "test", event("contact.merged", M, into={"kind": "ticket", "id": "2"}))
    assert [strand.status for strand in told.strands] == ["merged", "pending"]
    assert not told.ended
    other = fold(joined("open", "pending"), "test", tags(M, "x", ref={"kind": "ticket", "id": "2"}))
    assert [strand.tags for strand in other.strands] == [("open", "all"), ("x",)]


def test_the_same_ref_at_another_connector_is_another_strand() -> None:
    """A ref belongs to its connector."""
    assert fold(joined("open"), "elsewhere", status(M, "solved")).status == "open"


def test_equal_ids_of_two_connectors_have_one_order() -> None:
    """Ids are each connector's own: where two agree, the connectors' names decide, not the arrival."""
    left, right = (next(iter(sourced(tags(M, name, id="same")))) for name in ("a", "b"))
    pair = [replace(left, connector="x"), replace(right, connector="y")]
    assert in_order(pair) == in_order(reversed(pair)) == pair
    assert advance(None, in_order(pair), Timeline.only(RULES)).state is None


def test_the_deadline_is_the_earliest_of_the_strands_that_go_on() -> None:
    """Each vendor object has its own; that of one which has ended is settled, unless all have."""

    def deadline(*strands: tuple[Life, int | None]) -> int | None:
        joined = tuple(
            Strand("test", Ref("ticket", str(number)), life, deadline=at) for number, (life, at) in enumerate(strands)
        )
        return msgspec.structs.replace(contact(opening()), strands=joined).deadline

    assert deadline(("open", 5), ("open", 3), ("open", None)) == 3
    assert deadline(("open", 5), ("solved", 3)) == 5
    assert deadline(("open", None), ("solved", 3)) is None
    assert deadline(("closed", 5), ("solved", 3)) == 3
    assert deadline(("closed", 5)) == 5
