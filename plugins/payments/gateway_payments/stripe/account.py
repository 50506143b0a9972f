"""What the key is and may read, and whether an endpoint of the account calls us: for `gateway doctor`, and for the
daemon, which asks again every hour.

Laws. A finding that isn't ok says what to do. Only reads are made, each of one object at most, save of the endpoints.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from gateway.plugin import Finding, Json, Unauthorized, VendorError, VendorHttp
from gateway_payments.stripe.api import PATHS, Api, is_refused, permission
from gateway_payments.stripe.events import PULLED
from gateway_payments.stripe.settings import StripeSettings, key_kind, mode_of

ENDPOINTS: Final = "/v1/webhook_endpoints"
PER_PAGE: Final = 100
AHEAD_MAX_S: Final = 60.0
"""A clock that is further from Stripe's than this loses webhooks soon: their signatures have a time."""

READS: Final[Mapping[str, str]] = {
    "events": "/v1/events",
    "disputes": PATHS["dispute"],
    "charges": "/v1/charges",
    "customers": "/v1/customers",
    "early fraud warnings": PATHS["radar.early_fraud_warning"],
    "reviews": PATHS["review"],
    "refunds": PATHS["refund"],
    "payouts": PATHS["payout"],
    "verifications": PATHS["identity.verification_session"],
}
"""What is read, in words."""

NEEDED: Final = frozenset({"events", "disputes", "charges", "customers"})
"""Without these what comes by webhook is all that is known; the others are done without."""

OPTIONAL: Final = "identity."
"""How events begin that most accounts never have."""

TROUBLE: Final = "see whether Stripe has trouble, and try again"


async def findings(http: VendorHttp, api: Api, name: str, settings: StripeSettings) -> list[Finding]:
    """Whether all is as connector `name` needs it."""
    found = [_secret(settings)]
    if settings.api_key is None:
        hint = "set api_key to a restricted key that may read"
        what = "without api_key no customer is known, and an event whose webhook is lost stays unknown"
        return [*found, Finding(False, what, hint)]
    found += _key(settings)
    refused: dict[str, str] = {}
    for what, path in READS.items():
        try:
            await api.get(path, {"limit": 1})
        except Unauthorized as error:
            return [*found, Finding(False, f"Stripe doesn't accept the key: {error}", "make a new restricted key")]
        except VendorError as error:
            if not is_refused(error):
                hint = TROUBLE
                return [*found, Finding(False, f"{what} can't be read: {error}", hint)]
            refused[what] = permission(error)
    found += _reads(refused)
    if api.lacking:
        found.append(Finding(True, f"done without, since the key may not read it: {', '.join(sorted(api.lacking))}"))
    found.append(_clock(http.clock_ahead_s))
    found.append(await _endpoint(api, name))
    return found


def _secret(settings: StripeSettings) -> Finding:
    if settings.webhook_secret:
        return Finding(True, "webhooks are verified")
    return Finding(
        False,
        "no webhook is accepted",
        "set webhook_secret to the endpoint's signing secret",
    )


def _key(settings: StripeSettings) -> list[Finding]:
    """What can be said of the key without asking."""
    if settings.api_key is None:
        return []
    kind, mode = key_kind(settings.api_key), mode_of(settings)
    found = []
    if settings.api_key.get_secret_value().startswith("sk_org"):
        hint = "use a restricted key (rk_…) of the account itself"
        found.append(Finding(False, "the key is an organization's, which names no account", hint))
    elif kind.startswith("pk_"):
        found.append(Finding(False, "the key is a publishable one", "use a restricted key (rk_…)"))
    elif kind.startswith("sk_"):
        found.append(Finding(True, "the key is a full secret key: a restricted one (rk_…) that may only read suffices"))
    elif kind.startswith("rk_"):
        found.append(Finding(True, f"the key is a restricted one, of {kind[3:]} mode"))
    if kind and mode is not None and not kind.endswith(f"_{mode}"):
        what = f"the key is of {kind[3:]} mode, and events of {mode} mode are told"
        found.append(Finding(False, what, f"use a key of {mode} mode, or leave `mode` out"))
    return found


def _reads(refused: Mapping[str, str]) -> list[Finding]:
    if not refused:
        return [Finding(True, "the key may read all that is needed")]
    found = []
    for what, named in refused.items():
        said = f"the key may not read {what} ({named})"
        if what in NEEDED:
            found.append(Finding(False, said, f"give the key the permission to read {what}"))
        else:
            found.append(Finding(True, f"{said}: what events tell of them is all that is known"))
    return found


def _clock(ahead_s: float | None) -> Finding:
    if ahead_s is None:
        return Finding(True, "Stripe didn't say what time it is")
    if abs(ahead_s) <= AHEAD_MAX_S:
        return Finding(True, "the clock agrees with Stripe's")
    way = "ahead of" if ahead_s > 0 else "behind"
    return Finding(False, f"this machine's clock is {abs(ahead_s):.0f} s {way} Stripe's", "let it be set by NTP")


async def _endpoint(api: Api, name: str) -> Finding:
    """Whether an endpoint of the account calls this connector, and tells what it needs."""
    where = f"/in/{name}"
    try:
        answer = (await api.get(ENDPOINTS, {"limit": PER_PAGE})).json()
    except VendorError as error:
        if is_refused(error):
            return Finding(True, "whether an endpoint calls us can't be seen: the key may not read endpoints")
        return Finding(False, f"the endpoints can't be listed: {error}", TROUBLE)
    listed = answer.get("data") if isinstance(answer, dict) else None
    ours = [one for one in listed if isinstance(one, dict) and _calls(one, name)] if isinstance(listed, list) else []
    make = f"in Stripe's Workbench, let an endpoint of snapshots to https://YOUR-GATEWAY{where} be enabled"
    if not ours:
        return Finding(False, f"no endpoint of the account calls {where}", make)
    enabled = [one for one in ours if one.get("status") == "enabled"]
    if not enabled:
        return Finding(False, f"the endpoint that calls {where} is disabled", make)
    told = {kind for one in enabled for kind in _kinds(one)}
    missing = [] if "*" in told else [kind for kind in PULLED if kind not in told]
    if missing and all(kind.startswith(OPTIONAL) for kind in missing):
        return Finding(True, f"an endpoint calls {where}, without what Stripe Identity tells")
    if missing:
        what = f"the endpoint that calls {where} doesn't send {', '.join(missing)}"
        return Finding(False, what, "let it send them; until then they are found by the pull, a minute late")
    return Finding(True, f"an endpoint calls {where} with all that is needed")


def _calls(endpoint: Json, name: str) -> bool:
    url = endpoint.get("url")
    try:
        return isinstance(url, str) and urlsplit(url).path.rstrip("/").endswith(f"/in/{name}")
    except ValueError:
        return False


def _kinds(endpoint: Json) -> list[str]:
    listed = endpoint.get("enabled_events")
    return [kind for kind in listed if isinstance(kind, str)] if isinstance(listed, list) else []
