"""Looking a ticket up: what is asked, what is gone, what the plan hasn't got, and when a version is told."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from gateway_freshdesk import lookup

from gateway.plugin import MINUTE_MS, Permanent, Transient, VendorResponse, parse_instant

NOW = parse_instant("2026-03-02T09:00:00Z")
PATH = "/api/v2/tickets/42"
FIELDS = "/api/v2/ticket_fields"
SAMPLES = Path(__file__).parent / "samples"
ENTRIES = json.loads((SAMPLES / "fetched_conversations.json").read_text())["conversations"]
RATINGS = json.loads((SAMPLES / "fetched_ratings.json").read_text())["ratings"]
CHOICES = {"2": ["Open", "Being Processed"], "6": ["Waiting on Customer", "Awaiting your Reply"]}
STATUS_FIELD = [{"name": "subject"}, {"name": "status", "type": "default_status", "choices": CHOICES}]


def ticket(**more: Any) -> dict[str, Any]:
    """The ticket as Freshdesk shows it."""
    found: dict[str, Any] = json.loads((SAMPLES / "row.json").read_text())["ticket"]
    return {**found, "description": "<div>It was</div>", "attachments": [{"attachment_url": "https://x"}], **more}


def answers(**more: Any) -> dict[str, Any]:
    """A ticket with all that belongs to it."""
    return {
        PATH: ticket(),
        f"{PATH}/conversations": ENTRIES,
        f"{PATH}/satisfaction_ratings": RATINGS,
        FIELDS: STATUS_FIELD,
        **more,
    }


def test_a_ticket_is_found_with_what_belongs_to_it(account: Callable[..., Any]) -> None:
    """The ticket first, so that its version stands for all of it."""
    desk = account(answers())
    records = desk.look_up("ticket", "42")
    assert [path for path, _ in desk.api.asked] == [
        PATH,
        FIELDS,
        f"{PATH}/conversations",
        f"{PATH}/satisfaction_ratings",
    ]
    assert desk.api.asked[0][1] == {"include": "requester,stats"}
    assert [record.version for record in records] == [parse_instant("2026-03-02T08:40:00Z"), None, None]
    said = {event.id: event for event in desk.says(records)}
    assert {"ticket:42:opened", "ticket:42:description", "conversation:8", "rating:6"} <= said.keys()
    [observed] = [event for id, event in said.items() if ":observed:" in id]
    assert (observed.status, observed.fields["freshdesk_status"]) == ("pending", "Waiting on Customer")


def test_what_is_kept_has_no_key_to_files(account: Callable[..., Any]) -> None:
    """Nor the same text twice."""
    kept = b"".join(record.body for record in account(answers()).look_up("ticket", "42"))
    assert b"attachment" not in kept
    assert b"<div>" not in kept


def test_a_version_is_told_when_its_second_is_over(account: Callable[..., Any]) -> None:
    """Until then the ticket may change and keep it."""
    changed = parse_instant("2026-03-02T08:40:00Z")
    for later_ms, version in ((1_999, None), (2_000, changed)):
        assert account(answers()).look_up("ticket", "42", changed + later_ms)[0].version == version


def test_nobody_elses_address_is_kept(account: Callable[..., Any]) -> None:
    """Nor what the customer wrote beside a rating: a score is all that is read."""
    copied = {"cc_emails": ["eve@example.net"], "to_emails": ["eve@example.net"], "bcc_emails": ["eve@example.net"]}
    shown = ticket(**copied, fwd_emails=["eve@example.net"])
    entry = {"id": 8, "created_at": "2026-03-02T08:30:00Z", "user_id": 1, **copied, "from_email": "eve@example.net"}
    rating = {"id": 6, "ticket_id": 42, "feedback": "Said by eve@example.net"}
    desk = account(
        answers(
            **{
                PATH: shown,
                f"{PATH}/conversations": [entry],
                f"{PATH}/satisfaction_ratings": [rating],
                "/api/v2/surveys/satisfaction_ratings": [rating],
            }
        )
    )
    kept = b"".join(record.body for record in [*desk.look_up("ticket", "42"), *desk.pull("ratings").records])
    assert b'"rating' in kept
    assert b"eve@example.net" not in kept


def test_a_ticket_is_not_gone_with_its_labels(account: Callable[..., Any], refusal: Any) -> None:
    """That the account's statuses aren't found says nothing of the ticket."""
    with pytest.raises(Permanent):
        account(answers(**{"/api/v2/ticket_fields": refusal(404)})).look_up("ticket", "42")


@pytest.mark.parametrize("path", [PATH, f"{PATH}/conversations"])
def test_what_is_gone_gives_nothing(path: str, account: Callable[..., Any], refusal: Any) -> None:
    """A ticket that was purged, perhaps just now."""
    assert account(answers(**{path: refusal(404)})).look_up("ticket", "42") == []


@pytest.mark.parametrize("removed", ["deleted", "spam"])
def test_of_what_is_deleted_nothing_more_is_asked(removed: str, account: Callable[..., Any]) -> None:
    """It says that it is, and has ended."""
    desk = account(answers(**{PATH: ticket(**{removed: True, "status": 2})}))
    assert desk.says(desk.look_up("ticket", "42"))[-1].id == "ticket:42:deleted"
    assert [path for path, _ in desk.api.asked] == [PATH]


@pytest.mark.parametrize(
    ("kind", "id"), [("ticket", "x"), ("ticket", "4/2"), ("ticket", "٤٢"), ("ticket", "9" * 19), ("user", "42")]
)
def test_what_names_nothing_is_not_asked_for(kind: str, id: str, account: Callable[..., Any]) -> None:
    """Ids come out of payloads."""
    desk = account(answers())
    assert desk.look_up(kind, id) == []
    assert desk.api.asked == []


def test_a_plan_without_ratings_is_done_without(account: Callable[..., Any], refusal: Any) -> None:
    """It is noted for the check; other refusals aren't swallowed, and a proxy's page says nothing."""
    path = f"{PATH}/satisfaction_ratings"
    desk = account(answers(**{path: refusal(403, {"code": "require_feature", "message": "no"})}))
    assert len(desk.look_up("ticket", "42")) == 2
    desk.api.answers["/api/v2/agents/me"] = {"ticket_scope": 1}
    assert "not available in this account, and done without: satisfaction ratings" in [f.what for f in desk.check()]
    for wrong in (refusal(403, b"<html>"), refusal(403, {"code": "other"}), refusal(500), refusal(429)):
        desk.api.answers[path] = wrong
        with pytest.raises(type(wrong)):
            desk.look_up("ticket", "42")


def test_long_conversations_are_read_whole(account: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Page by page; one that doesn't end is refused, not cut."""
    turned: list[int] = []

    def entries(params: Mapping[str, Any]) -> VendorResponse:
        turned.append(params["page"])
        headers = {"link": '<https://acme.freshdesk.com/x?page=9>; rel="next"'} if params["page"] < 3 else {}
        return VendorResponse(200, headers, json.dumps([{**ENTRIES[0], "id": params["page"]}]).encode())

    desk = account(answers(**{f"{PATH}/conversations": entries}))
    said = [event.id for event in desk.says(desk.look_up("ticket", "42")) if event.id.startswith("conversation")]
    assert (turned, said) == ([1, 2, 3], ["conversation:1", "conversation:2", "conversation:3"])
    monkeypatch.setattr(lookup, "PAGES_MAX", 2)
    with pytest.raises(Permanent, match="more than 2 pages"):
        desk.look_up("ticket", "42")


def test_labels_are_read_when_they_are_needed(account: Callable[..., Any]) -> None:
    """Once a day, and sooner for a status that isn't among them."""
    desk = account(answers(**{PATH: lambda _: ticket(status=status)}))
    status = 2
    desk.look_up("ticket", "42")
    assert desk.api.times(FIELDS) == 0, "Freshdesk's own statuses need no names"
    for status, later, times in ((6, 0, 1), (6, 1, 1), (8, 1, 1), (8, 11, 2), (8, 12, 2), (6, 60 * 24 + 11, 3)):
        desk.look_up("ticket", "42", NOW + later * MINUTE_MS)
        assert desk.api.times(FIELDS) == times, f"status {status} after {later} minutes"


def test_a_ticket_waits_for_its_label(account: Callable[..., Any], refusal: Any) -> None:
    """A status without its name would be taken for another; only where the agent may not read it is it done without."""
    with pytest.raises(Transient):
        account(answers(**{FIELDS: refusal(503)})).look_up("ticket", "42")
    desk = account(answers(**{FIELDS: refusal(403, {"code": "access_denied"})}))
    [observed] = [event for event in desk.says(desk.look_up("ticket", "42")) if ":observed:" in event.id]
    assert (observed.status, observed.fields["freshdesk_status"]) == ("open", "6")


@pytest.mark.parametrize(
    "fields", [[], [{"name": "status"}], [{"name": "status", "choices": {"x": ["y"], "6": [], "7": [3], "²": "x"}}]]
)
def test_fields_of_another_kind_name_nothing(fields: Any, account: Callable[..., Any]) -> None:
    """They are no error."""
    assert account(answers(**{FIELDS: fields})).look_up("ticket", "42")


@pytest.mark.parametrize(
    ("left", "total", "rests"),
    [
        ("200", "200", []),
        ("50", "200", []),
        ("49", "200", [("/api/v2", 15.0, True)]),
        ("10", "200", [("/api/v2", 15.0, True)]),
        ("9", "200", [("/api/v2", 15.0, False)]),
        ("0", "200", [("/api/v2", 15.0, False)]),
        ("x", "200", []),
        ("-1", "200", []),
        ("", "", []),
    ],
)
def test_credits_that_run_low_are_minded(left: str, total: str, rests: Any, account: Callable[..., Any]) -> None:
    """The past rests first, and everything before they are spent."""
    headers = {"x-ratelimit-remaining": left, "x-ratelimit-total": total}
    desk = account(answers(**{PATH: VendorResponse(200, headers, json.dumps(ticket()).encode())}))
    desk.look_up("ticket", "42")
    assert desk.api.rests == rests
