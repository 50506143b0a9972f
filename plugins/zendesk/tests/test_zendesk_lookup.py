"""Looking things up: tickets that are gone, logs page by page, and the open tickets of a user who has changed."""

from typing import Any

import pytest

from gateway.plugin import UNSET, BadPayload, ContactObserved, Customer, Permanent, Transient, parse_instant

PATH = "/api/v2/tickets/42"
REQUESTED = "/api/v2/users/21/tickets/requested"
TICKET = {"id": 42, "created_at": "2026-03-02T08:30:00Z", "updated_at": "2026-03-02T08:48:00Z", "status": "open"}
USER = {
    "id": 21,
    "name": "Ada Customer",
    "email": "ada@new.example",
    "role": "end-user",
    "locale": "de",
    "verified": True,
    "updated_at": "2026-03-02T08:50:00Z",
}
CHANGED = parse_instant("2026-03-02T08:50:00Z")


def test_what_goes_away_meanwhile_is_gone(account: Any, gone: Any) -> None:
    """Whether the ticket or only its log is not there any more, in whichever of its shapes Zendesk says so."""
    for where in (PATH, f"{PATH}/audits"):
        answers: dict[str, Any] = {PATH: {"ticket": TICKET}, f"{PATH}/audits": {"audits": []}}
        assert account({**answers, where: gone}).look_up("ticket", "42") == []


@pytest.mark.parametrize(
    ("status", "body", "is_gone"),
    [
        (404, {"error": "RecordNotFound", "description": "Not found"}, True),
        (404, {"error": {"code": "RecordNotFound", "message": "x"}}, True),
        (404, {"errors": [{"code": "RecordNotFound", "title": "x", "detail": "y"}]}, True),
        (404, {"error": "InvalidEndpoint", "description": "Not found"}, False),
        (404, {"error": {"title": "There is no help desk configured at this address", "message": "x"}}, False),
        (404, {"errors": []}, False),
        (404, {"errors": ["x"]}, False),
        (404, {"error": None}, False),
        (404, b"<html>", False),
        (404, b"[]", False),
        (403, {"error": "RecordNotFound"}, False),
    ],
)
def test_only_a_record_that_is_not_found_is_gone(
    status: int, body: Any, is_gone: bool, account: Any, refusal: Any
) -> None:
    """A path that isn't there, a wrong host or a plan without the API is no ticket that is gone."""
    one = account({PATH: refusal(status, body)})
    if is_gone:
        assert one.look_up("ticket", "42") == []
        return
    with pytest.raises(Permanent):
        one.look_up("ticket", "42")


def test_pages_that_go_in_a_circle_end(account: Any) -> None:
    """A cursor that stays is ill weather, and a log without an end is refused."""
    same = {"audits": [], "meta": {"has_more": True, "after_cursor": "same"}}
    with pytest.raises(Transient):
        account({PATH: {"ticket": TICKET}, f"{PATH}/audits": same}).look_up("ticket", "42")
    turns = iter(range(1_000))
    endless = {"audits": lambda _: {"audits": [], "meta": {"has_more": True, "after_cursor": str(next(turns))}}}
    one = account({PATH: {"ticket": TICKET}, f"{PATH}/audits": endless["audits"]})
    with pytest.raises(Permanent, match="more than 200 pages"):
        one.look_up("ticket", "42")
    assert one.api.times(f"{PATH}/audits") == 200


def test_the_log_is_read_with_its_names(account: Any) -> None:
    """A custom status that the log sets is told by its label."""
    entry = {"id": 5, "type": "Change", "field_name": "custom_status_id", "value": "9"}
    audit = {"id": 4, "ticket_id": 42, "created_at": "2026-03-02T08:40:00Z", "author_id": 1, "events": [entry]}
    answers = {
        PATH: {"ticket": TICKET},
        f"{PATH}/audits": {"audits": [audit]},
        "/api/v2/custom_statuses": {"custom_statuses": [{"id": 9, "agent_label": "At the carrier"}]},
    }
    one = account(answers)
    fields = [item.fields for item in one.says(one.look_up("ticket", "42")) if isinstance(item, ContactObserved)]
    assert fields[-1] == {"custom_status": "At the carrier"}


def requested(*tickets: Any, users: Any = (USER,), more: bool = False, after: str = "") -> dict[str, Any]:
    """A page of the tickets that a user requested."""
    meta = {"has_more": more, "after_cursor": after}
    return {"tickets": list(tickets), "users": list(users), "meta": meta}


def ticket(id: int, **changes: Any) -> dict[str, Any]:
    return {**TICKET, "id": id, **changes}


def test_a_changed_user_reaches_their_open_tickets(account: Any) -> None:
    """As a fact of its own, at the user's own time: the tickets themselves haven't changed."""
    newer = ticket(45, created_at="2026-03-02T08:50:00Z")
    answers = {
        REQUESTED: [
            requested(ticket(42), ticket(43, status="solved"), more=True, after="b"),
            requested(ticket(44, status="pending"), newer, ticket(46, status="closed"), users=()),
        ]
    }
    one = account(answers)
    (record,) = one.look_up("user", "21")
    assert (record.version, record.form) == (CHANGED, "fetched")
    told = one.says([record])
    assert [item.ref.id for item in told] == ["42", "44"]
    assert told[0] == ContactObserved(
        id=f"ticket:42:requester:21:{CHANGED // 1000}",
        at=CHANGED,
        ref=told[0].ref,
        rev=1,
        customer=Customer(id="21", email="ada@new.example", name="Ada Customer", verified=("ada@new.example",)),
        language="de",
        fields={"requester_suspended": False},
    )


def test_a_suspended_requester_is_told(account: Any) -> None:
    """By the user's own change, and beside a ticket."""
    suspended = {**USER, "suspended": True}
    one = account({REQUESTED: requested(ticket(42), users=[suspended])})
    (told,) = one.says(one.look_up("user", "21"))
    assert told.fields == {"requester_suspended": True}
    beside = {"ticket": {**TICKET, "requester_id": 21}, "users": [suspended]}
    assert account({}).reads(beside)[1].fields["requester_suspended"] is True


def test_a_user_without_open_tickets_says_nothing(account: Any, gone: Any, no_such_api: Any) -> None:
    """Nor one who is gone, nor one whose tickets the account doesn't list."""
    answers = (
        requested(),
        requested(ticket(42, status="solved")),
        requested(ticket(42), users=[]),
        requested(ticket(42), users=[{**USER, "updated_at": "soon"}]),
        gone,
        no_such_api,
    )
    for answer in answers:
        assert account({REQUESTED: answer}).look_up("user", "21") == []


def test_no_more_than_a_thousand_of_a_users_tickets_are_looked_through(account: Any) -> None:
    """The latest: some users are machines."""
    turns = iter(range(100))
    one = account({REQUESTED: lambda _: requested(ticket(42), more=True, after=str(next(turns)))})
    (record,) = one.look_up("user", "21")
    assert one.api.times(REQUESTED) == 10
    assert one.api.asked[0][1] == {"page[size]": 100, "include": "users", "sort": "-updated_at"}
    assert len(one.says([record])) == 1


@pytest.mark.parametrize(
    "body", [{"requested": ["x"]}, {"user": {"id": 21}}, {"user": {**USER, "email": 5}}, {"user": []}]
)
def test_a_user_that_is_none_is_bad(body: dict[str, Any], account: Any) -> None:
    """What somebody has damaged is parked."""
    with pytest.raises(BadPayload):
        account({}).reads({"user": USER, "requested": [42], **body})


def test_nothing_is_said_of_a_language_that_is_not_known(account: Any) -> None:
    """A user without a locale leaves the contact's language as it is."""
    (told,) = account({}).reads({"user": {**USER, "locale": None}, "requested": [42]})
    assert told.language is UNSET
    assert account({}).reads({"user": USER, "requested": None}) == []
