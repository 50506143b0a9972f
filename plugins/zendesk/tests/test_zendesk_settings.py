"""What a Zendesk connector may be told."""

from typing import Any

import pytest
from gateway_zendesk import Zendesk
from gateway_zendesk.settings import ZendeskSettings
from pydantic import ValidationError

from gateway.plugin import ApiKey, AuthorizationCode, ClientCredentials, NoAuth

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
        {"subdomain": "acme", "backfill_logs": "some"},
        {"subdomain": "acme", "users_every_s": 1},
        {"subdomain": "acme", "export_per_minute": 0},
        {"subdomain": "acme", "requests_per_minute": 0},
        {"subdomain": "acme", "grant": "authorization_code"},
        {"subdomain": "acme", "grant": "authorization_code", **TOKEN},
        {"subdomain": "acme", "grant": "authorization_code", "client_id": "x", **TOKEN},
        {"subdomain": "acme", "grant": "password", **OAUTH},
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
    """OAuth by a client's or a person's leave, an API token as Basic, or nothing. How long tokens shall live is always
    asked: Zendesk may not say it else."""
    oauth = Zendesk.auth(ZendeskSettings(subdomain="acme", **OAUTH))
    assert isinstance(oauth, ClientCredentials)
    assert (oauth.token_url, oauth.scope) == ("https://acme.zendesk.com/oauth/tokens", "read")
    assert oauth.parameters == {"expires_in": 172_800}
    for secret in ({}, {"client_secret": "c-secret"}):
        granted = Zendesk.auth(
            ZendeskSettings(subdomain="acme", grant="authorization_code", client_id="gateway", **secret)
        )
        assert isinstance(granted, AuthorizationCode)
        assert granted.authorize_url == "https://acme.zendesk.com/oauth/authorizations/new"
        assert (granted.token_url, granted.scope) == ("https://acme.zendesk.com/oauth/tokens", "read")
        assert granted.parameters == {"expires_in": 172_800, "refresh_token_expires_in": 7_776_000}
        assert bool(granted.client_secret) == bool(secret)
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
