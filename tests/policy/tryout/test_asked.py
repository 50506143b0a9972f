"""The question of a try-out: what a form and JSON may say, and everything that is wrong with it at once."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.identity import Customer
from gateway.model.instant import format_instant, parse_instant
from gateway.policy.tryout.asked import FIELDS, Asked, WrongQuestion, read_form, read_json
from gateway.policy.tryout.moment import format_in, read_moment

NOW = parse_instant("2026-03-02T09:00:00Z")


def wrong(call: object) -> dict[str, str]:
    """What is wrong, by field."""
    assert isinstance(call, WrongQuestion)
    return {one.field: one.why for one in call.wrong}


def test_a_form_says_what_json_says() -> None:
    """Both ways lead to the same question."""
    form = {
        "channel": "chat",
        "priority": "high",
        "tags": "vip, fraud\nvip",
        "customer": "email=a@b.example\nname=Ada = Bee",
        "fields": 'amount=12.5\ncode="12"\ngone=null\npaid=true\nplan=gold plan\n\n',
        "facts": "payments.tier=gold\npayments.score=7",
        "at": "2026-03-02T10:00",
        "zone": "Europe/Berlin",
        "subject": "  ",
        "deadline": "2026-03-09T10:00",
    }
    value = {
        "channel": "chat",
        "priority": "high",
        "tags": ["vip", "fraud"],
        "customer": {"email": "a@b.example", "name": "Ada = Bee"},
        "fields": {"amount": 12.5, "code": "12", "gone": None, "paid": True, "plan": "gold plan"},
        "facts": {"payments": {"tier": "gold", "score": 7}},
        "at": "2026-03-02T09:00:00Z",
        "deadline": "2026-03-09T09:00:00Z",
    }
    asked = read_form(form, 0)
    assert asked == read_json(msgspec.json.encode(value), 0) == read_json(msgspec.json.encode({"contact": value}), 0)
    assert asked.kind == "chat"
    assert asked.at == NOW
    assert asked.customer == Customer(email="a@b.example", name="Ada = Bee")


def test_nothing_is_asked_about_a_mail_that_comes_now() -> None:
    """Every field may be left out."""
    assert read_form({}, NOW) == read_form(dict.fromkeys(FIELDS, " "), NOW) == read_json(b"{}", NOW) == Asked(at=NOW)


def test_a_contact_as_the_api_tells_it_can_be_pasted() -> None:
    """What is judged of it is passed over, and so is what it lacks."""
    contact = {"id": "con_1", "kind": "call", "channel": "phone", "severity": 1, "clocks": [], "subject": None}
    assert read_json(msgspec.json.encode(contact), NOW) == Asked(at=NOW, kind="call", channel="phone")


def test_everything_that_is_wrong_is_told_at_once() -> None:
    """By field, with what to do; of a form and of JSON alike."""
    with pytest.raises(WrongQuestion) as form:
        read_form(
            {"kind": "tickets", "at": "tomorrow", "facts": "tier=gold", "fields": "a=1\na=2\nb", "colour": "red"}, NOW
        )
    told = wrong(form.value)
    assert told["kind"] == "must be one of ticket, call, chat, mention; did you mean 'ticket'?"
    assert told["at"].startswith("must be a time, such as 2026-03-02T09:00")
    assert "enricher.name=value" in told["facts"]
    assert told["fields"] == "line 3: expected name=value"
    assert told["colour"].startswith("is nothing that a contact has")
    with pytest.raises(WrongQuestion) as value:
        read_json(b'{"tags": "vip", "fields": {"a": []}, "customer": {"mail": "x"}, "at": 5, "subject": 7}', NOW)
    assert wrong(value.value).keys() == {"tags", "fields", "customer", "at", "subject"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        b'"' + b"a" * 70_000 + b'"',
        b'{"facts": {"payments": null}}',
        b'{"facts": ' + b'{"a":' * 90 + b"1" + b"}" * 91,
        b'{"facts":' * 20_000,
        msgspec.json.encode({"tags": ["a"] * 101}),
        msgspec.json.encode({"tags": ["a" * 101]}),
        msgspec.json.encode({"subject": "a" * 1_001}),
        msgspec.json.encode({"fields": {str(number): 1 for number in range(101)}}),
        b'{"at": "1999-12-31T00:00:00Z"}',
        b'{"at": "2200-01-01T00:00:00Z"}',
        b'{"connector": ""}',
        b'{"kind": {}}',
        b'{"\\ud800": 1}',
    ],
)
def test_hostile_questions_are_refused_with_words(content: bytes) -> None:
    """Never by another exception."""
    with pytest.raises(WrongQuestion) as refused:
        read_json(content, NOW)
    assert 0 < len(str(refused.value)) < 2_000


@given(st.dictionaries(st.sampled_from([*FIELDS, "zone", "x"]), st.text(max_size=300), max_size=8))
def test_whatever_a_form_says_it_is_read_or_refused(texts: dict[str, str]) -> None:
    """No other exception, and every wrong field has a name of the form's."""
    try:
        asked = read_form(texts, NOW)
    except WrongQuestion as refused:
        assert {one.field for one in refused.wrong} <= texts.keys()
    else:
        assert msgspec.json.decode(msgspec.json.encode(asked))["kind"] == asked.kind


@pytest.mark.parametrize(
    ("text", "zone", "instant"),
    [
        ("2026-03-02T09:00", "", "2026-03-02T09:00:00Z"),
        ("2026-03-02 09:00:30", "Asia/Kolkata", "2026-03-02T03:30:30Z"),
        ("2026-03-02T09:00:00+01:00", "Asia/Kolkata", "2026-03-02T08:00:00Z"),
        ("2026-03-08T02:30", "America/New_York", "2026-03-08T07:30:00Z"),  # A gap: forward by it.
        ("2026-11-01T01:30", "America/New_York", "2026-11-01T05:30:00Z"),  # It comes twice: the first.
    ],
)
def test_a_wall_time_is_meant_in_its_zone(text: str, zone: str, instant: str) -> None:
    """As calendars mean it."""
    assert format_instant(read_moment(text, zone)) == instant


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("9999-12-31T23:59", "America/New_York"),
        ("0001-01-01T00:00", "Asia/Kolkata"),
        ("2026-02-30T00:00", ""),
        ("2026-03-02T09:00", "Europe/Berlni"),
        ("2026-03-02T09:00", "../../etc/passwd"),
        ("2026-03-02T09:00", "/etc/localtime"),
        ("2026-03-02T09:00", "Europe"),
        ("2026-03-02T09:00", "a\0b"),
        ("2026-03-02T09:00", "x" * 10_000),
        ("x" * 10_000, ""),
        ("", ""),
    ],
)
def test_what_is_no_time_is_refused(text: str, zone: str) -> None:
    """With words, and without looking anywhere else in the file system."""
    with pytest.raises(ValueError, match="time|years"):
        read_moment(text, zone)


def test_an_instant_is_told_in_a_zone() -> None:
    """With its weekday and its offset."""
    assert format_in(NOW, "Asia/Kolkata") == "Mon 2026-03-02 14:30:00 +05:30"
    assert format_in(NOW, "") == "Mon 2026-03-02 09:00:00 +00:00"


def test_facts_as_the_api_tells_them_are_what_is_known() -> None:
    """A contact can be pasted as it is told; an enricher that hasn't answered says nothing."""
    told = {"status": "unavailable", "at": "2026-03-02T09:00:00Z", "reason": "429", "known_at": None, "known": None}
    known = {**told, "known_at": "2026-03-02T08:00:00Z", "known": {"plan": "gold"}}
    body = {"channel": "chat", "facts": {"payments": known, "crm": told, "own": {"status": "ok", "known": 1}}}

    asked = read_json(msgspec.json.encode(body), NOW)
    assert asked.facts == {"payments": {"plan": "gold"}, "own": {"status": "ok", "known": 1}}
