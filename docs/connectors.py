"""What the page of a connector tells beside its settings: what it can do, how often it asks, how it is proved."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from gateway_freshdesk import Freshdesk
from gateway_payments.adyen.connector import Adyen
from gateway_payments.stripe.connector import Stripe
from gateway_salesforce import Salesforce
from gateway_salesforce.simulator.oauth import keys
from gateway_telephony_sip import TelephonySip
from gateway_zendesk import Zendesk

from docs.door import ability_of, link
from gateway.connectors.events import EventsConnector
from gateway.plugin import FAULTS, ClientCredentials, Context, JwtBearer, VendorHttp
from gateway.plugin.manager import abilities

CONNECTORS: Final[Mapping[str, Any]] = {
    "adyen": Adyen,
    "events": EventsConnector,
    "freshdesk": Freshdesk,
    "salesforce": Salesforce,
    "stripe": Stripe,
    "telephony_sip": TelephonySip,
    "zendesk": Zendesk,
}

_SECRET: Final = "whsec_" + "ZXhhbXBsZSBvZiBhIHNlY3JldCwgMzIgYnl0ZXMhISE="
ACCOUNTS: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    "adyen": {"`hmac_key`": {"hmac_key": "00" * 32}},
    "events": {"`secret`": {"secret": _SECRET}},
    "freshdesk": {"`api_key`": {"domain": "acme", "api_key": "a-key"}},
    "salesforce": {
        "`client_id`, `username`, `private_key`": {
            "domain": "acme",
            "client_id": "an-id",
            "username": "gateway@example.com",
            "private_key": keys()[0],
        },
        "`grant: client_credentials`, `client_id`, `client_secret`": {
            "domain": "acme",
            "grant": "client_credentials",
            "client_id": "an-id",
            "client_secret": "a-secret",
        },
        "none of them": {"domain": "acme"},
    },
    "stripe": {
        "`api_key`": {"api_key": "rk_test_a-key", "webhook_secret": "whsec_a-secret"},
        "`webhook_secret` alone": {"webhook_secret": "whsec_a-secret"},
    },
    "telephony_sip": {
        "`asterisk`": {"asterisk": {"queue_log": "/var/log/asterisk/queue_log", "cdr": "/var/log/asterisk/cdr.csv"}},
    },
    "zendesk": {
        "`client_id`, `client_secret`": {"subdomain": "acme", "client_id": "an-id", "client_secret": "a-secret"},
        "`grant: authorization_code`, `client_id`, perhaps `client_secret`": {
            "subdomain": "acme",
            "grant": "authorization_code",
            "client_id": "an-id",
        },
        "`email`, `api_token`": {"subdomain": "acme", "email": "a@example.com", "api_token": "a-token"},
        "none of them": {"subdomain": "acme"},
    },
}
"""The ways in which an account can be set up: the settings that choose each, and an example."""


def abilities_of(name: str) -> str:
    """The abilities, and what each means."""
    words = [link(ability_of(word), "../hooks.md") for word in abilities(CONNECTORS[name])]
    return ", ".join(words)


def streams_of(name: str) -> str:
    """What it pulls, unless its settings say otherwise."""
    kind = CONNECTORS[name]
    example: Any = kind.settings_type(**next(iter(ACCOUNTS[name].values())))
    streams = getattr(kind(name, example, Context(http=cast(VendorHttp, None))), "streams", ())
    if not streams:
        return "It pulls nothing: its vendor calls us."
    lines = ["| stream | is asked every | is late by | reaches back at first |", "|---|---|---|---|"]
    for one in streams:
        lines.append(f"| `{one.name}` | {one.every_s:g} s | {one.lag_s:g} s | {one.backfill_s / 86_400:g} days |")
    return "\n".join(lines)


def limits_of(name: str) -> str:
    """How many requests it makes at most."""
    told = list(_limits(name))
    if not told:
        return "It names no limits of its vendor's."
    return "\n".join(["| limit | requests | within | for paths like |", "|---|---|---|---|", *told])


def auth_of(name: str) -> str:
    """How its requests are proved, by the settings that choose it."""
    kind = CONNECTORS[name]
    if not hasattr(kind, "auth"):
        return "It asks no vendor anything."
    lines = ["| with | requests are proved by |", "|---|---|"]
    for words, example in ACCOUNTS[name].items():
        auth = kind.auth(kind.settings_type(**example))
        lines.append(f"| {words} | {_proved(auth)} |")
    return "\n".join(lines)


def simulator_of(name: str) -> str:
    """What its simulator can do."""
    kind = CONNECTORS[name]
    if not hasattr(kind, "simulator"):
        return "It has no simulator: `gateway trigger` and a signed POST are its tests."
    simulator = kind.simulator(None, 1)
    meant = {**FAULTS, **getattr(sys.modules[type(simulator).__module__], "FAULTS", {})}
    lines = [f"Acts: {', '.join(f'`{act}`' for act in sorted(simulator.acts))}.", "", "| fault | is |", "|---|---|"]
    lines += [f"| `{fault}` | {meant[fault]} |" for fault in sorted(simulator.faults)]
    return "\n".join(lines)


def _limits(name: str) -> Iterator[str]:
    kind = CONNECTORS[name]
    if hasattr(kind, "limits"):
        example = next(iter(ACCOUNTS[name].values()))
        for one in kind.limits(kind.settings_type(**example)):
            paths = ", ".join(f"`{path}`" for path in one.paths)
            yield f"| `{one.name}` | {one.requests} | {one.per_s:g} s | {paths} |"


def _proved(auth: Any) -> str:
    if isinstance(auth, ClientCredentials):
        return "OAuth 2.0 client credentials" + (f", scope `{auth.scope}`" if auth.scope else "")
    if isinstance(auth, JwtBearer):
        return "OAuth 2.0 JWT bearer: an assertion that the private key signs"
    return {
        "ApiKey": "a key of the account",
        "AuthorizationCode": "OAuth 2.0, authorized once by a person: `gateway authorize`",
        "NoAuth": "nothing",
    }.get(type(auth).__name__, type(auth).__name__)
