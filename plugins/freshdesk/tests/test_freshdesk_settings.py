"""Settings: what may stand there, and how the account is proved and limited."""

import base64
from typing import Any

import pytest
from gateway_freshdesk import Freshdesk
from gateway_freshdesk.settings import FreshdeskSettings
from pydantic import ValidationError

from gateway.plugin import ApiKey


def made(**values: Any) -> FreshdeskSettings:
    """Settings of an account."""
    return FreshdeskSettings(**{"domain": "acme", "api_key": "a-very-secret-key", **values})


def test_the_domain_names_the_account() -> None:
    """Unless its host is given."""
    assert made().base_url == "https://acme.freshdesk.com"
    assert made(base_url="http://127.0.0.1:9").base_url == "http://127.0.0.1:9"


@pytest.mark.parametrize("pasted", ["acme.freshdesk.com", "https://Acme.freshdesk.com/a/tickets/42"])
def test_an_address_in_place_of_the_name_is_told_with_the_name(pasted: str) -> None:
    """A browser shows it; what to write is said."""
    with pytest.raises(ValidationError, match="write `acme` alone"):
        made(domain=pasted)


@pytest.mark.parametrize(
    "values",
    [
        {"domain": None},
        {"domain": "acme.freshdesk.com"},
        {"domain": "../x"},
        {"base_url": "https://user@acme.example"},
        {"base_url": "acme"},
        {"api_key": ""},
        {"webhook_token": []},
        {"webhook_token": ""},
        {"webhook_token": "a-clé"},
        {"webhook_token": ["a-token", "another "]},
        {"webhook_token": "x" * 1_025},
        {"statuses": {"Waiting": "waiting"}},
        {"statuses": {4: "open"}},
        {"statuses": {"": "open"}},
        {"statuses": ["open"]},
        {"backfill_conversations": "some"},
        {"list_per_minute": 0},
        {"unknown": 1},
    ],
)
def test_what_is_wrong_is_refused(values: dict[str, Any]) -> None:
    """In words that don't hold the key."""
    with pytest.raises(ValidationError) as told:
        made(**values)
    assert "a-very-secret-key" not in str(told.value)


def test_a_status_may_be_named_by_its_number() -> None:
    """YAML reads it as a number."""
    assert made(statuses={6: "pending", "Escalated": "open"}).statuses == {"6": "pending", "Escalated": "open"}


def test_the_key_is_the_name_of_http_basic() -> None:
    """And no `repr` shows it, plain or encoded."""
    auth = Freshdesk.auth(made())
    assert isinstance(auth, ApiKey)
    assert auth.prefix == "Basic "
    assert base64.b64decode(auth.key.get_secret_value()) == b"a-very-secret-key:X"
    assert auth.key.get_secret_value() not in repr(auth)
    assert "a-very-secret-key" not in repr(auth) + repr(made())


def test_the_plan_says_how_much_may_be_asked() -> None:
    """Of the list of tickets, and of all."""
    limits = Freshdesk.limits(made(list_per_minute=100, requests_per_minute=400))
    assert [(limit.requests, limit.paths) for limit in limits] == [(100, ("/api/v2/tickets",)), (400, ("/api/*",))]
