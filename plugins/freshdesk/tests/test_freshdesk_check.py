"""What the check finds: who we are, whether every ticket is seen, what own statuses are taken for."""

from collections.abc import Callable
from typing import Any

import pytest

ME, FIELDS = "/api/v2/agents/me", "/api/v2/ticket_fields"
CHOICES = {"2": ["Open"], "6": ["Waiting on Customer"], "7": ["Carrier"], "8": ["Escalated"]}
GOOD = {ME: {"id": 1, "ticket_scope": 1}, FIELDS: [{"name": "status", "choices": CHOICES}]}


def test_a_good_account(account: Callable[..., Any]) -> None:
    """All is well, and each own status is told."""
    found = account(GOOD, webhook_token="t", statuses={"carrier": "on_hold"}).check()
    assert all(finding.ok for finding in found)
    assert found[-1].what == (
        "the account's own statuses: Waiting on Customer (6) is pending, Carrier (7) is on_hold, "
        "Escalated (8) is open; `statuses` changes that"
    )
    assert "/in/freshdesk" in found[1].what


def test_an_agent_who_sees_some_tickets(account: Callable[..., Any]) -> None:
    """Nobody would tell of the rest."""
    found = account({**GOOD, ME: {"id": 1, "ticket_scope": 2}}, webhook_token="t").check()
    assert [(f.ok, "Global Access" in f.hint) for f in found if not f.ok] == [(False, True)]


def test_without_a_token(account: Callable[..., Any]) -> None:
    """A key is enough; it says how late changes are then seen, and what a webhook would bring."""
    found = account(GOOD, tickets_every_s=90).check()
    assert all(finding.ok for finding in found)
    assert "within 90 s" in found[1].what
    assert "webhook_token" in found[1].what


@pytest.mark.parametrize(
    ("status", "body", "hint"),
    [
        (401, {"code": "invalid_credentials"}, "api_key"),
        (403, {"code": "access_denied"}, "access_denied"),
        (404, b"", "domain"),
        (429, b"", "nothing to do"),
        (503, b"<html>", "domain"),
    ],
)
def test_a_refusal_says_what_to_do(
    status: int, body: Any, hint: str, account: Callable[..., Any], refusal: Any
) -> None:
    """For each of its kinds."""
    found = account({**GOOD, ME: refusal(status, body)}, webhook_token="t").check()
    assert not found[0].ok
    assert hint in found[0].hint


def test_fields_that_may_not_be_read(account: Callable[..., Any], refusal: Any) -> None:
    """Own statuses can be given by number; any other trouble is told as one."""
    found = account({**GOOD, FIELDS: refusal(403, {"code": "access_denied"})}, webhook_token="t").check()
    assert all(finding.ok for finding in found)
    assert "by number" in found[-1].what
    assert not account({**GOOD, FIELDS: refusal(500)}, webhook_token="t").check()[-1].ok


def test_a_status_that_the_account_has_not_got_is_told(account: Callable[..., Any]) -> None:
    """A misspelt one would mean nothing for ever; a label in other letters, or a number, is found."""
    given = {"Carier": "on_hold", "9": "open", "ESCALATED": "open", "6": "pending"}
    (strange,) = [one for one in account(GOOD, statuses=given).check() if not one.ok]
    assert strange.what == "the account has no statuses of its own called `9`, `carier`"
    assert "statuses" in strange.hint


def test_many_statuses_are_told_in_short(account: Callable[..., Any]) -> None:
    """Twenty of them one by one."""
    choices = {str(number): [f"Own {number}"] for number in range(6, 36)}
    found = account({**GOOD, FIELDS: [{"name": "status", "choices": choices}]}, webhook_token="t").check()
    assert "Own 25" in found[-1].what
    assert ", and 10 more; " in found[-1].what
