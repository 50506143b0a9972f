"""What the check finds: who we are, what we may read, and whether the account's webhook still calls us."""

from typing import Any

import pytest

ME = "/api/v2/users/me"
SAMPLE = "/api/v2/incremental/tickets/sample"
WEBHOOKS = "/api/v2/webhooks"
OAUTH = {"client_id": "gateway", "client_secret": "s", "webhook_secret": "w"}
EVENTS = ["created", "comment_added", "status_changed"]
LATE = [
    "agent_assignment_changed",
    "attachment_redacted_from_comment",
    "comment_made_private",
    "comment_redacted",
    "csat_received",
    "group_assignment_changed",
    "merged",
    "permanently_deleted",
    "priority_changed",
    "requester_changed",
    "soft_deleted",
    "tags_changed",
    "undeleted",
]


def hook(*events: str, **changes: Any) -> dict[str, Any]:
    """A webhook of the account."""
    return {
        "id": "01EJFTSCC78X5V07NPY2MHR00M",
        "endpoint": "https://gateway.example/in/zendesk",
        "status": "active",
        "http_method": "POST",
        "request_format": "json",
        "subscriptions": [f"zen:event-type:ticket.{event}" for event in events],
        **changes,
    }


def answers(*hooks: Any, **more: Any) -> dict[str, Any]:
    """An account in which all is well."""
    return {
        ME: {"user": {"id": 1, "role": "admin"}},
        SAMPLE: {"tickets": []},
        WEBHOOKS: {"webhooks": list(hooks), "meta": {"has_more": False}},
        **more,
    }


def test_all_is_well(account: Any) -> None:
    """Nothing to be done, and nothing asked twice."""
    one = account(answers(hook(*EVENTS, *LATE)), **OAUTH)
    found = one.check()
    assert [finding.ok for finding in found] == [True] * 4
    assert len(one.api.asked) == 3
    assert not [finding for finding in found if "export:" in finding.what]


@pytest.mark.parametrize(
    ("hooks", "word"),
    [
        ([], "no webhook"),
        ([hook(*EVENTS, endpoint="https://gateway.example/in/other")], "no webhook"),
        ([hook(*EVENTS, endpoint="https://gateway.example/in/zendesk2")], "no webhook"),
        ([hook(*EVENTS, endpoint=None), hook(*EVENTS, endpoint="https://[")], "no webhook"),
        ([hook(*EVENTS, status="inactive")], "switched off"),
        ([hook(*EVENTS, request_format="form_encoded")], "POST JSON"),
        ([hook(*EVENTS, http_method="GET")], "POST JSON"),
        ([hook()], "ticket.created, ticket.comment_added, ticket.status_changed"),
        ([hook(subscriptions=None)], "ticket.created"),
        ([hook("created", "comment_added")], "ticket.status_changed"),
        ([hook(subscriptions=["zen:event-type:user.created"])], "ticket.created"),
    ],
)
def test_a_webhook_that_is_lost_is_found(hooks: Any, word: str, account: Any) -> None:
    """Gone, elsewhere, switched off, in another form, or subscribed to nothing: each with what to do."""
    (wrong,) = [finding for finding in account(answers(*hooks), **OAUTH).check() if not finding.ok]
    assert word in wrong.what
    assert wrong.hint


@pytest.mark.parametrize(
    "hooks",
    [
        [hook(*EVENTS)],
        [hook(*EVENTS, endpoint="https://gateway.example/under/in/zendesk/?x=1")],
        [hook(subscriptions=["conditional_ticket_events"])],
        [hook(status="inactive"), hook(*EVENTS)],
        [hook("created"), hook("comment_added", "status_changed")],
    ],
)
def test_a_webhook_that_suffices_is_well(hooks: Any, account: Any) -> None:
    """Behind a proxy's path, fired by triggers, or in two parts; what the export tells later is named."""
    found = account(answers(*hooks), **OAUTH).check()
    assert all(finding.ok for finding in found)


def test_the_webhook_may_be_on_a_later_page(account: Any) -> None:
    """The list is turned to its end."""
    first = {"webhooks": [hook(endpoint="https://x.example")], "meta": {"has_more": True, "after_cursor": "b"}}
    told = answers(**{WEBHOOKS: [first, {"webhooks": [hook(*EVENTS)], "meta": {"has_more": False}}]})
    assert all(finding.ok for finding in account(told, **OAUTH).check())


@pytest.mark.parametrize(
    ("path", "status", "body", "ok"),
    [
        (WEBHOOKS, 403, {"error": "Forbidden"}, True),
        (WEBHOOKS, 404, {"error": "InvalidEndpoint"}, True),
        (WEBHOOKS, 503, b"<html>", False),
        (SAMPLE, 403, {"error": {"title": "Forbidden", "message": "You do not have access"}}, False),
        (SAMPLE, 404, {"error": "InvalidEndpoint"}, True),
        (SAMPLE, 500, b"<html>", False),
        (ME, 401, {"error": "Couldn't authenticate you"}, False),
        (ME, 403, {"errors": [{"code": "Forbidden", "title": "x", "detail": "y"}]}, False),
    ],
)
def test_what_can_not_be_asked_is_told(path: str, status: int, body: Any, ok: bool, account: Any, refusal: Any) -> None:
    """What the plan or the token hasn't got is no fault; a refusal is, with what to do, and the rest is asked."""
    found = account({**answers(hook(*EVENTS)), path: refusal(status, body)}, **OAUTH).check()
    wrong = [finding for finding in found if not finding.ok]
    assert bool(wrong) != ok
    assert all(finding.hint for finding in wrong)
    assert len(found) == (4 if path != ME else 2)


@pytest.mark.parametrize(
    ("me", "word"),
    [({"user": {"id": None, "name": "Anonymous user"}}, "who we are"), ({"user": {"id": 1, "role": "agent"}}, "admin")],
)
def test_who_we_are_is_seen_through(me: Any, word: str, account: Any) -> None:
    """Zendesk is friendly to strangers; and an agent may not export."""
    found = account({**answers(), ME: me}, **OAUTH).check()
    assert word in found[0].what
    assert not found[0].ok


@pytest.mark.parametrize(
    ("scope", "ok"),
    [("read", True), ("read write", True), ("tickets:read", False), ("", False), ("read tickets:read", False)],
)
def test_a_scope_that_does_not_do_is_told_without_asking(scope: str, ok: bool, account: Any) -> None:
    """A ticket's log needs the scope read, and scopes that overlap are refused."""
    found = account(answers(hook(*EVENTS)), **OAUTH, scope=scope).check()
    wrong = [finding for finding in found if not finding.ok]
    assert [("scope" in finding.what, "read" in finding.hint) for finding in wrong] == ([] if ok else [(True, True)])


def test_the_end_of_api_tokens_is_told(account: Any) -> None:
    """While they work it is no fault, and what to do instead is said."""
    found = account(answers(), email="root@acme.example", api_token="t").check()
    (told,) = [finding for finding in found if "2027-04-30" in finding.what]
    assert told.ok
    assert "client_id" in told.what
    (wrong,) = [finding for finding in found if not finding.ok]
    assert "no webhook is accepted" in wrong.what
