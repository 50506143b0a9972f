"""Opens the HTTP client that the core lends connectors and enrichers: host and credentials come from the settings."""

from typing import Any

import httpx2
from pydantic import BaseModel

from gateway.kernel.ports import Clock, Rng
from gateway.kernel.reach import INTERNET, Reach
from gateway.kernel.vault import Vault
from gateway.kernel.vendor_auth import Auth, NoAuth
from gateway.kernel.vendor_http import VendorHttp
from gateway.plugin.connector import Connector
from gateway.plugin.enricher import Enricher

NOWHERE = "https://no-vendor.invalid"
"""The host of a connector that asks no vendor anything: it never resolves."""


def open_account(
    kind: type[Connector] | type[Enricher],
    settings: BaseModel,
    *,
    reach: Reach = INTERNET,
    clock: Clock,
    rng: Rng,
    vault: Vault | None = None,
    transport: httpx2.AsyncBaseTransport | None = None,
) -> VendorHttp:
    """The client of the account that `settings` describe: their `base_url`, the class's `auth` and `limits`. What it
    may reach is the operator's word, never the plugin's; a `transport` of one's own is asked instead of the network.
    Without a `vault` no account can be proved by tokens that a person granted.

    Raises ValueError if `base_url` is none. Close it when its user is done.
    """
    limits: Any = getattr(kind, "limits", None)
    return VendorHttp(
        getattr(settings, "base_url", None) or NOWHERE,
        auth_of(kind, settings),
        clock=clock,
        rng=rng,
        reach=reach,
        limits=() if limits is None else limits(settings),
        vault=vault,
        transport=transport,
    )


def auth_of(kind: type[Connector] | type[Enricher], settings: BaseModel) -> Auth:
    """How the account that `settings` describe is proved, as its class says."""
    proves: Any = getattr(kind, "auth", None)
    auth: Auth = NoAuth() if proves is None else proves(settings)
    return auth
