"""Who we are to Salesforce, what we may read, and how much of the day is spent: for `gateway doctor`, and for the
daemon, which asks again every hour.

Laws. A finding that isn't ok says what to do. What the organisation hasn't got is said and done without: nobody can
mend it. Where the organisation itself says that it lives, is compared and never followed.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from gateway.plugin import Finding, Permanent, RateLimited, Unauthorized, VendorError
from gateway_salesforce.api import Api, an_object, refusal
from gateway_salesforce.schema import an_absence
from gateway_salesforce.settings import SalesforceSettings
from gateway_salesforce.soql import CASE, KINDS, STATUSES
from gateway_salesforce.usage import LOW_SHARE, Usage

USER_INFO: Final = "/services/oauth2/userinfo"
VERSIONS: Final = "/services/data"
_GRANTS: Final = {
    "invalid_grant": "let the app's policy preauthorize the user, and look at username, audience and sandbox",
    "invalid_client_id": "look at client_id",
    "invalid_client": "look at client_id and client_secret",
    "invalid_app_access": "let the app's policy preauthorize the user",
}


async def findings(api: Api, settings: SalesforceSettings, usage: Usage, lacking: set[str]) -> list[Finding]:
    """Whether all is as the connector needs it; `lacking` is what was found not to be available so far."""
    pushes = _pushes(settings)
    if settings.client_id is None:
        hint = "set client_id, username and private_key, or grant: client_credentials, client_id and client_secret"
        return [Finding(False, "there are no credentials: nothing can be read", hint), pushes]
    try:
        found = [await _identity(api, settings), *await _version(api, settings)]
        objects = await _objects(api)
        found += objects
        if all(one.ok for one in objects):
            found += await _labels(api, settings)
    except VendorError as error:
        return [_refused(error), pushes, *_day(usage, settings)]
    found += [pushes, *_day(usage, settings)]
    columns = sorted(lacking - {an_absence(name) for name in KINDS})
    found += [Finding(True, f"not available in this organisation, and done without: {what}") for what in columns]
    return found


def _pushes(settings: SalesforceSettings) -> Finding:
    if settings.webhook_secret:
        return Finding(True, "what the organisation sends is verified")
    return Finding(True, f"nothing is pushed, and nothing accepted: changes are pulled every {settings.every_s:g} s")


def _refused(error: VendorError) -> Finding:
    said = refusal(error)
    what = f"{error}: {said.code}" if said.code else str(error)
    if isinstance(error, Unauthorized):
        return Finding(False, what, _GRANTS.get(said.code, "check the credentials, and the user that they are for"))
    if isinstance(error, RateLimited):
        return Finding(False, what, "nothing to do: it goes on when the organisation's requests allow it")
    if said.code == "API_DISABLED_FOR_ORG":
        return Finding(False, what, "the organisation's edition has no API: ask Salesforce for it")
    return Finding(False, what, "check the credentials and base_url, and see whether Salesforce has trouble")


async def _identity(api: Api, settings: SalesforceSettings) -> Finding:
    """Who we are, and whether the organisation is where we think."""
    try:
        info = an_object(await api.at(USER_INFO))
    except Permanent as error:
        if isinstance(error, Unauthorized) or error.status not in (403, 404):
            raise
        return Finding(True, "who we are was not asked: the app has no scope for it (openid)")
    who = info.get("preferred_username")
    named = f"the organisation answers as {who[:200]}" if isinstance(who, str) else "the organisation answers"
    home, ours = _home(info), urlsplit(settings.base_url or "").hostname
    if home is not None and home != ours:
        hint = f"set domain to the My Domain name of https://{home}"
        # A proxy in front of the organisation has another name than it.
        return Finding(settings.domain is None, f"{named}, and lives at {home}, not at {ours}", hint)
    return Finding(True, named)


def _home(info: Mapping[str, Any]) -> str | None:
    """The host that the organisation says it lives at."""
    urls = info.get("urls")
    for key in ("custom_domain", "rest"):
        url = urls.get(key) if isinstance(urls, dict) else None
        try:
            host = urlsplit(url).hostname if isinstance(url, str) else None
        except ValueError:
            host = None
        if host:
            return host
    return None


async def _version(api: Api, settings: SalesforceSettings) -> list[Finding]:
    listed = await api.at(VERSIONS)
    versions = [one.get("version") for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    if not versions or settings.api_version in versions:
        return []
    newest = str(versions[-1])[:10]
    return [Finding(False, f"Salesforce has no API {settings.api_version} here", f"set api_version to {newest}")]


async def _objects(api: Api) -> list[Finding]:
    """Whether cases can be read, and what else."""
    there = {name: await api.columns(name) for name in KINDS}
    if there[CASE.object] is None:
        hint = "give the user read access to cases (a permission set with Case: Read, View All)"
        return [Finding(False, "cases can't be read", hint)]
    lacking = [name for name, columns in there.items() if columns is None]
    found = [Finding(True, f"{', '.join(name for name in there if name not in lacking)} can be read")]
    if lacking:
        found.append(Finding(True, f"not available in this organisation, and done without: {', '.join(lacking)}"))
    return found


async def _labels(api: Api, settings: SalesforceSettings) -> list[Finding]:
    """Whether the statuses that the settings name are the organisation's."""
    if not settings.statuses:
        return []
    try:
        rows = (await api.query(STATUSES)).records
    except Permanent as error:
        if isinstance(error, Unauthorized):
            raise
        return [Finding(True, "which statuses there are can't be asked")]
    known = {str(row.get(key)).strip().lower() for row in rows for key in ("ApiName", "MasterLabel")}
    return [
        Finding(False, f"the organisation has no status {label!r}", "look at its spelling under `statuses`")
        for label in settings.statuses
        if label.strip().lower() not in known
    ]


def _day(usage: Usage, settings: SalesforceSettings) -> Iterator[Finding]:
    """How the day's requests stand."""
    if usage.used is None or usage.total is None:
        return
    what = f"{usage.used} of {usage.total} requests of a day are spent"
    if usage.used >= usage.total * LOW_SHARE:
        yield Finding(False, f"{what}: everything rests", "see in Setup, under System Overview, who spends them")
    elif usage.used >= usage.total * settings.daily_share:
        yield Finding(False, f"{what}: the past rests", "see in Setup, under System Overview, who spends them")
    else:
        yield Finding(True, what)
