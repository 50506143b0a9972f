"""Events as they are read and written: what is refused, what survives the way through bytes, and their order."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.event import (
    EVENT_ID_MAX,
    ContactObserved,
    ContactOpened,
    check_event,
    convert_event,
    decode_event,
    encode_event,
    identified,
    position,
)
from gateway.model.words import CHANNELS, KINDS, PRIORITIES, STATUSES

REF = {"kind": "ticket", "id": "1"}
OPENING: dict[str, Any] = {
    "type": "contact.opened",
    "at": "2026-03-02T09:00:00Z",
    "ref": REF,
    "id": "e1",
    "kind": "ticket",
    "channel": "email",
}
EVERY_TYPE: list[dict[str, Any]] = [
    OPENING,
    {**OPENING, "deadline": "2026-03-09T09:00:00Z"},
    {"type": "contact.observed", "deadline": None},
    {"type": "contact.observed", "subject": None, "tags": [], "customer": None, "fields": {"a": None, "b": 1.5}},
    {"type": "message.added", "author": {"kind": "bot", "name": "Bob"}, "auto": True, "visibility": "internal"},
    {"type": "message.edited", "message": "m"},
    {"type": "message.removed", "message": "m"},
    {"type": "status.changed", "to": "on_hold"},
    {"type": "contact.assigned", "assignee": None},
    {"type": "contact.acknowledged", "by": "ada"},
    *({"type": f"call.{word}", "agent": "a"} for word in ("queued", "ringing", "answered", "held", "resumed")),
    *({"type": f"call.{word}", "reason": "r"} for word in ("transferred", "abandoned", "ended")),
    {"type": "csat.received", "score": 2, "min": 1, "max": 5},
    {"type": "nps.received", "score": 9},
    {"type": "contact.merged", "into": {"kind": "ticket", "id": "2"}},
    {"type": "contact.deleted"},
    {"type": "contact.redacted", "all": True},
    {"type": "enrichment.received", "enricher": "payments", "status": "ok", "facts": {"plan": "gold", "n": [1]}},
    {"type": "escalation.acknowledged", "escalation": "msg_a", "by": "ada"},
    {"type": "escalation.resolved", "escalation": "msg_a", "by": "ada"},
    {"type": "escalation.resolved", "escalation": "msg_a", "by": "ada", "reason": "a false alarm"},
    {"type": "bot.handed_over", "topic": "billing"},
]


def built(**fields: Any) -> dict[str, Any]:
    """An opening with other fields."""
    return {**OPENING, **fields}


@pytest.mark.parametrize("content", EVERY_TYPE, ids=lambda content: content["type"])
def test_every_event_survives_the_way_through_bytes(content: dict[str, Any]) -> None:
    """What is written is read as itself, and writing it again gives the same bytes."""
    event = convert_event({"at": "2026-03-02T09:00:00.001Z", "ref": REF, "id": "e", **content})
    body = encode_event(event)
    assert decode_event(body) == event
    assert encode_event(decode_event(body)) == body


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"at": "2026-03-02T09:00:00"}, "zone"),
        ({"at": "yesterday"}, "RFC 3339"),
        ({"at": "2026-02-30T09:00:00Z"}, "RFC 3339"),
        ({"at": "9999-12-31T23:59:59-14:00"}, "outside"),
        ({"at": 1_772_442_000_000}, "a time is text"),
        ({"at": None}, "a time is text"),
        ({"at": ["2026-03-02T09:00:00Z"]}, "a time is text"),
        ({"id": "x" * (EVENT_ID_MAX + 1)}, "length <= 200"),
        ({"id": 7}, "Expected `str`"),
        ({"id": None}, "Expected `str`"),
        ({"type": "contact.exploded"}, "Invalid value 'contact.exploded'"),
        ({"type": None}, "Expected `str`"),
        ({"type": {"a": 1}}, "Expected `str`"),
        ({"ref": None}, "Expected `object`"),
        ({"ref": {"kind": "ticket"}}, "missing required field `id`"),
        ({"ref": {"kind": "ticket", "id": 1}}, "Expected `str`"),
        ({"ref": {**REF, "also": 1}}, "unknown field `also`"),
        ({"surprise": 1}, "unknown field `surprise`"),
        ({"kind": "letter"}, "Invalid enum value 'letter'"),
        ({"channel": "fax"}, "Invalid enum value 'fax'"),
        ({"priority": "huge"}, "Invalid enum value 'huge'"),
        ({"status": "merged"}, "Invalid enum value 'merged'"),
        ({"tags": "fraud"}, "Expected `array`"),
        ({"tags": [1]}, "Expected `str`"),
        ({"tags": None}, "Expected `array`"),
        ({"fields": {"a": [1]}}, "fields"),
        ({"fields": {"a": {"b": 1}}}, "fields"),
        ({"customer": {"password": "x"}}, "unknown field `password`"),
        ({"customer": {"handles": [{"network": "x"}]}}, "missing required field `handle`"),
        ({"sequence": "1"}, "Expected `int`"),
        ({"sequence": 1.5}, "Expected `int`"),
        ({"sequence": True}, "Expected `int`"),
        ({"historical": "yes"}, "Expected `bool`"),
    ],
)
def test_a_wrong_event_is_refused_with_the_reason(fields: dict[str, Any], why: str) -> None:
    """Whatever strangers send is either an event or a ValidationError that says what is wrong."""
    with pytest.raises(msgspec.ValidationError, match=why):
        convert_event(built(**fields))


@pytest.mark.parametrize("missing", ["type", "at", "ref", "kind", "channel"])
def test_what_an_opening_must_have_is_named(missing: str) -> None:
    """A missing field is named."""
    with pytest.raises(msgspec.ValidationError, match=f"`{missing}`"):
        convert_event({name: value for name, value in OPENING.items() if name != missing})


@pytest.mark.parametrize("value", [None, 1, "x", [], [OPENING], {}])
def test_what_is_no_object_is_no_event(value: object) -> None:
    """The shape is checked before anything else."""
    with pytest.raises(msgspec.ValidationError):
        convert_event(value)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)))
def test_any_value_in_any_place_is_an_event_or_an_error(value: object) -> None:
    """No content of a field raises anything but a ValidationError."""
    for name in ("at", "id", "ref", "kind", "tags", "fields", "customer", "sequence", "subject", "status"):
        try:
            event = convert_event(built(**{name: value}))
        except msgspec.ValidationError:
            continue
        assert decode_event(encode_event(event)) == event


def test_an_id_of_the_greatest_length_is_taken() -> None:
    """200 characters are allowed."""
    assert convert_event(built(id="é" * EVENT_ID_MAX)).id == "é" * EVENT_ID_MAX


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"type":1}', b"[" * 100_000])
def test_bytes_that_are_no_event_are_an_error_of_decoding(body: bytes) -> None:
    """Reading stored bytes never raises anything but an error of decoding."""
    with pytest.raises((msgspec.MsgspecError, RecursionError)):
        decode_event(body)


def test_unknown_and_cleared_are_two_things() -> None:
    """A field that isn't named is unknown; `null` says that the vendor cleared it."""
    silent, cleared = (
        convert_event({"type": "contact.observed", "at": "2026-03-02T09:00:00Z", "ref": REF, **more})
        for more in ({}, {"assignee": None})
    )
    assert isinstance(silent, ContactObserved) and isinstance(cleared, ContactObserved)
    assert silent.assignee is msgspec.UNSET
    assert cleared.assignee is None
    assert b"assignee" not in encode_event(silent)
    assert b'"assignee":null' in encode_event(cleared)


def test_without_an_id_the_content_is_the_id() -> None:
    """A hash of the content: the same event told twice is one, another content is another event."""
    first, again, other = (
        identified(convert_event(built(id="", subject=subject))) for subject in ("Help", "Help", "Help!")
    )
    assert first.id == again.id != other.id
    assert first.id.startswith("evt_")
    assert identified(first) == first


def test_the_order_of_keys_is_no_content() -> None:
    """Two tellings of one content have one id, however their keys are ordered."""
    left = built(id="", fields={"a": 1, "b": 2})
    right = dict(reversed(list(built(id="", fields={"b": 2, "a": 1}).items())))
    assert identified(convert_event(left)).id == identified(convert_event(right)).id


def test_an_event_has_its_defaults() -> None:
    """Direction inbound, sequence and rev 0, not historical; visibility public and not automatic."""
    opening = convert_event(OPENING)
    assert isinstance(opening, ContactOpened)
    assert (opening.direction, opening.sequence, opening.rev, opening.historical) == ("inbound", 0, 0, False)
    message = convert_event(
        {"type": "message.added", "at": OPENING["at"], "ref": REF, "author": {"kind": "customer"}, "id": "m"}
    )
    assert message.visibility == "public"  # type: ignore[union-attr]
    assert message.auto is False  # type: ignore[union-attr]


def test_events_stand_by_time_opening_sequence_and_id() -> None:
    """Time first, then the opening, then the source's own sequence, then the id by code point."""

    def at(second: int, id: str, sequence: int = 0) -> Any:
        return convert_event(
            {
                "type": "status.changed",
                "at": f"2026-03-02T09:00:0{second}Z",
                "ref": REF,
                "id": id,
                "sequence": sequence,
                "to": "open",
            }
        )

    opening = convert_event(built(id="zzz", sequence=99, at="2026-03-02T09:00:01Z"))
    expected = [at(0, "z"), opening, at(1, "z", -1), at(1, "B"), at(1, "a"), at(1, "é"), at(1, "a", 1), at(2, "a")]
    assert sorted(reversed(expected), key=position) == expected


@given(
    st.fixed_dictionaries(
        {"kind": st.sampled_from(KINDS), "channel": st.sampled_from(CHANNELS), "status": st.sampled_from(STATUSES)},
        optional={
            "priority": st.none() | st.sampled_from(PRIORITIES),
            "subject": st.none() | st.text(st.characters(codec="utf-8")),
            "tags": st.lists(st.text(st.characters(codec="utf-8"), max_size=5), max_size=4),
            "fields": st.dictionaries(
                st.text(st.characters(codec="utf-8"), max_size=5),
                st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
                max_size=4,
            ),
            "id": st.text(st.characters(codec="utf-8"), max_size=EVENT_ID_MAX),
        },
    )
)
def test_any_opening_survives_the_way_through_bytes(fields: dict[str, Any]) -> None:
    """Whatever an opening may say is read back as it was written."""
    event = identified(convert_event(built(**fields)))
    assert decode_event(encode_event(event)) == event
    assert convert_event(msgspec.json.decode(encode_event(event))) == event


@pytest.mark.parametrize(
    ("deadline", "why"),
    [
        ("1999-12-31T23:59:59.999Z", "`deadline` lies before 2000-01-01T00:00:00Z"),
        ("2027-04-06T09:00:00.001Z", "`deadline` lies more than 400 days after `at`"),
    ],
)
@pytest.mark.parametrize("type", ["contact.opened", "contact.observed"])
def test_a_deadline_has_bounds(type: str, deadline: str, why: str) -> None:
    """It may lie far ahead, and behind; a vendor's mistake is neither."""
    with pytest.raises(ValueError, match=why):
        check_event(convert_event(built(type=type, deadline=deadline)))
    for near in ("2000-01-01T00:00:00Z", "2027-04-06T09:00:00Z", None):
        check_event(convert_event(built(type=type, deadline=near)))


@pytest.mark.parametrize("deadline", [1_772_442_000_000, "2026-03-02T09:00:00", "soon", True, {}])
def test_a_deadline_is_a_time_with_its_zone(deadline: object) -> None:
    """Whatever else it is, it is refused."""
    with pytest.raises(msgspec.ValidationError):
        convert_event(built(deadline=deadline))
