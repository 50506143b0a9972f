"""What a Zendesk connector may be told."""

from typing import Any

import pytest
from gateway_zendesk import Zendesk
from gateway_zendesk.settings import ZendeskSettings
from pydantic import ValidationError

from gateway.plugin import ApiKey, ClientCredentials, NoAuth

OAUTH = {"client_id": "gateway", "client_secret": "c-secret"}
TOKEN = {"email": "root@acme.example", "api_token": "t-secret"}


def test_a_subdomain_gives_the_host() -> None:
    """The host follows from the subdomain, unless it is given."""
    assert ZendeskSettings(subdomain="acme").base_url == "https://acme.zendesk.com"
    assert ZendeskSettings(subdomain="acme", base_url="http://127.0.0.1:1").base_url == "http://127.0.0.1:1"


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"subdomain": "Acme.Example"},
        {"subdomain": "evil.example/x"},
        {"base_url": "acme.zendesk.com"},
        {"base_url": "https://user:pw@acme.example"},
        {"base_url": "https://acme.example/path"},
        {"subdomain": "acme", "unheard": 1},
        {"subdomain": "acme", "client_id": "x"},
        {"subdomain": "acme", "client_secret": "c-secret"},
        {"subdomain": "acme", "email": "x"},
        {"subdomain": "acme", "api_token": "t-secret"},
        {"subdomain": "acme", **OAUTH, **TOKEN},
        {"subdomain": "acme", "webhook_secret": []},
        {"subdomain": "acme", "export_every_s": 1},
        {"subdomain": "acme", "backfill_days": -1},
    ],
)
def test_a_mistake_is_told_without_the_secret(wrong: dict[str, Any]) -> None:
    """Each mistake is refused, and no message holds a secret."""
    with pytest.raises(ValidationError) as caught:
        ZendeskSettings(**wrong)
    assert "secret'" not in str(caught.value)
    assert "t-secret" not in str(caught.value)
    assert "c-secret" not in str(caught.value)


def test_the_account_is_proved_as_the_settings_say() -> None:
    """OAuth, an API token as Basic, or nothing."""
    oauth = Zendesk.auth(ZendeskSettings(subdomain="acme", **OAUTH))
    assert isinstance(oauth, ClientCredentials)
    assert (oauth.token_url, oauth.scope) == ("https://acme.zendesk.com/oauth/tokens", "read")
    token = Zendesk.auth(ZendeskSettings(subdomain="acme", **TOKEN))
    assert isinstance(token, ApiKey)
    assert token.username == "root@acme.example/token"
    assert isinstance(Zendesk.auth(ZendeskSettings(subdomain="acme")), NoAuth)


def test_no_secret_is_shown() -> None:
    """No repr shows a secret."""
    shown = repr(ZendeskSettings(subdomain="acme", webhook_secret="w-secret", **OAUTH))
    shown += repr(ZendeskSettings(subdomain="acme", **TOKEN))
    for secret in ("w-secret", "c-secret", "t-secret"):
        assert secret not in shown
