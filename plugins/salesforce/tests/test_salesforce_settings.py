"""What a Salesforce connector may be told."""

from typing import Any

import pytest
from gateway_salesforce import Salesforce
from gateway_salesforce.settings import SalesforceSettings
from gateway_salesforce.simulator.oauth import keys
from pydantic import ValidationError

from gateway.plugin import ClientCredentials, JwtBearer, NoAuth

KEY = keys()[0]
JWT = {"client_id": "app", "username": "gateway@acme.example", "private_key": KEY}
CLIENT = {"grant": "client_credentials", "client_id": "app", "client_secret": "c-secret"}


@pytest.mark.parametrize("domain", ["acme", "acme--uat.sandbox", "acme-dev-ed.develop"])
def test_a_domain_gives_the_host(domain: str) -> None:
    """That of the organisation's own My Domain; a given host goes before it."""
    assert SalesforceSettings(domain=domain).base_url == f"https://{domain}.my.salesforce.com"
    assert SalesforceSettings(domain=domain, base_url="http://127.0.0.1:1").base_url == "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("pasted", "name"),
    [
        ("https://acme.my.salesforce.com", "acme"),
        ("https://acme.lightning.force.com/lightning/page/home", "acme"),
        ("Acme.my.salesforce-setup.com", "acme"),
        ("acme--uat.sandbox.my.salesforce.com", "acme--uat.sandbox"),
    ],
)
def test_an_address_in_place_of_the_name_is_told_with_the_name(pasted: str, name: str) -> None:
    """A browser shows several hosts of an organisation; what to write is said, and is a domain."""
    with pytest.raises(ValidationError, match=f"write `{name}` alone"):
        SalesforceSettings(domain=pasted)
    assert SalesforceSettings(domain=name).domain == name


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"domain": "acme.my.salesforce.com"},
        {"domain": "evil.example/x"},
        {"base_url": "https://user:pw@acme.example"},
        {"base_url": "https://acme.example/path"},
        {"domain": "acme", "unheard": 1},
        {"domain": "acme", "client_id": "app"},
        {"domain": "acme", **JWT, "username": None},
        {"domain": "acme", **JWT, "private_key": "no key at all"},
        {"domain": "acme", **JWT, "client_secret": "c-secret"},
        {"domain": "acme", **CLIENT, "client_secret": None},
        {"domain": "acme", **CLIENT, "private_key": KEY},
        {"domain": "acme", "grant": "password"},
        {"domain": "acme", "webhook_secret": "c-secret"},
        {"domain": "acme", "webhook_secret": []},
        {"domain": "acme", "api_version": "66"},
        {"domain": "acme", "api_version": "66.0/../"},
        {"domain": "acme", "statuses": {"New": "waiting"}},
        {"domain": "acme", "statuses": {"": "open"}},
        {"domain": "acme", "priorities": {"P1": "highest"}},
        {"domain": "acme", "fields": ["Id FROM User"]},
        {"domain": "acme", "fields": ["Contact.Name"]},
        {"domain": "acme", "every_s": 1},
        {"domain": "acme", "daily_share": 1.0},
    ],
)
def test_a_mistake_is_told_without_the_secret(wrong: dict[str, Any]) -> None:
    """What is wrong is named; what is secret is never quoted."""
    with pytest.raises(ValidationError) as raised:
        SalesforceSettings(**wrong)
    assert "c-secret" not in str(raised.value)
    assert KEY.splitlines()[1] not in str(raised.value)


@pytest.mark.parametrize(
    ("more", "audience"),
    [
        ({}, "https://login.salesforce.com"),
        ({"sandbox": True}, "https://test.salesforce.com"),
        ({"sandbox": True, "audience": "https://acme.my.salesforce.com"}, "https://acme.my.salesforce.com"),
    ],
)
def test_an_assertion_is_for_the_login_host(more: dict[str, Any], audience: str) -> None:
    """Tokens come from the organisation's own host, whomever the assertion is for."""
    auth = Salesforce.auth(SalesforceSettings(domain="acme", **JWT, **more))
    assert isinstance(auth, JwtBearer)
    assert (auth.audience, auth.subject, auth.client_id) == (audience, "gateway@acme.example", "app")
    assert auth.token_url == "https://acme.my.salesforce.com/services/oauth2/token"


def test_a_client_may_prove_itself_by_its_secret() -> None:
    """And without either, requests carry no proof."""
    auth = Salesforce.auth(SalesforceSettings(domain="acme", **CLIENT))
    assert isinstance(auth, ClientCredentials)
    assert auth.token_url == "https://acme.my.salesforce.com/services/oauth2/token"
    assert isinstance(Salesforce.auth(SalesforceSettings(domain="acme")), NoAuth)


def test_what_is_not_wanted_is_not_pulled(account: Any) -> None:
    """Sessions and calls cost a request a minute each."""
    streams = account({}, sessions=False, calls=False, every_s=180, deleted_every_s=600).connector.streams
    assert [(stream.name, stream.every_s) for stream in streams] == [
        ("Case", 180.0),
        ("CaseHistory", 180.0),
        ("EmailMessage", 180.0),
        ("CaseComment", 180.0),
        ("deleted", 600.0),
    ]
