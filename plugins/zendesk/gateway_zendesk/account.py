"""Who we are to Zendesk, what we may read, and whether the account's webhook still calls us: for `gateway doctor`, and
for the daemon, which asks again every hour.

Laws. A finding that isn't ok says what to do. What the account's plan hasn't got is said and done without: nobody can
mend it. A webhook that is gone, switched off or subscribed to nothing is found here, for Zendesk tells nobody.
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from gateway.plugin import Finding, Json, VendorError, VendorHttp
from gateway_zendesk.api import ask, is_not_available, objects, pages, refusal
from gateway_zendesk.settings import ZendeskSettings

SAMPLE: Final = "/api/v2/incremental/tickets/sample.json"
WEBHOOKS: Final = "/api/v2/webhooks"
WEBHOOK_PAGES_MAX: Final = 50
LONG_AGO_S: Final = 1_262_304_000
"""Any time that is over: the sample of the export wants one."""

BY_TRIGGER: Final = "conditional_ticket_events"
EVENT_TYPE: Final = "zen:event-type:ticket."
NEEDED: Final = ("created", "comment_added", "status_changed")
"""Events without which a clock starts or stops a minute late."""

USEFUL: Final = (
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
)
_TOKENS_END = (
    "Zendesk switches API tokens off on 2027-04-30: make an OAuth client and set client_id and client_secret "
    "instead of email and api_token"
)


async def findings(http: VendorHttp, name: str, settings: ZendeskSettings, lacking: set[str]) -> list[Finding]:
    """Whether all is as connector `name` needs it; `lacking` is what was found not to be available so far."""
    hook = _secret(settings)
    try:
        user = (await ask(http, "/api/v2/users/me.json")).get("user")
    except VendorError as error:
        return [Finding(False, str(error), _why_not_known(error)), hook, *_scope(settings)]
    # Without credentials Zendesk answers 200 as well, as somebody without an id.
    if not isinstance(user, dict) or user.get("id") is None:
        return [Finding(False, "Zendesk doesn't know who we are", "set client_id and client_secret"), hook]
    if user.get("role") != "admin":
        return [Finding(False, "the account is no administrator's", "the export needs an administrator's token"), hook]
    found = [Finding(True, "the account is an administrator's"), hook, *_scope(settings)]
    if settings.email is not None:
        found.append(Finding(True, _TOKENS_END))
    found.append(await _export(http))
    if settings.webhook_secret:
        found.append(await _webhook(http, name))
    found += [Finding(True, f"not available in this account, and done without: {what}") for what in sorted(lacking)]
    return found


def _secret(settings: ZendeskSettings) -> Finding:
    if settings.webhook_secret:
        return Finding(True, "webhooks are verified")
    hint = "set webhook_secret to the signing secret of the webhook in Zendesk"
    return Finding(False, "no webhook is accepted", hint)


def _why_not_known(error: VendorError) -> str:
    if error.status == 403:
        return "the token may read nothing: look for a misspelt word in scope, which Zendesk takes without a word"
    return "check the credentials and base_url"


def _scope(settings: ZendeskSettings) -> Iterator[Finding]:
    """What can be said of the scope without asking."""
    words = settings.scope.split()
    if settings.client_id is None:
        return
    if "read" not in words:
        hint = "set scope to read: narrower scopes such as tickets:read don't open a ticket's log"
        yield Finding(False, f"the scope {settings.scope!r} is too narrow", hint)
    elif any(word.endswith(":read") for word in words):
        hint = "set scope to read alone: Zendesk refuses a client whose scopes overlap"
        yield Finding(False, f"the scope {settings.scope!r} says some things twice", hint)


async def _export(http: VendorHttp) -> Finding:
    """Whether the export can be read, asked of its sample, which has limits of its own."""
    try:
        await ask(http, SAMPLE, {"start_time": LONG_AGO_S})
    except VendorError as error:
        if error.status == 404:
            return Finding(True, "whether the export can be read was not asked: the account has no sample of it")
        said = refusal(error.body)
        told = ": ".join(word for word in (str(error), said.name, said.words) if word)
        if error.status == 403:
            return Finding(False, told, "the export needs an administrator's token with the scope read")
        return Finding(False, told, "see whether Zendesk has trouble, and try again")
    return Finding(True, "the export can be read")


async def _webhook(http: VendorHttp, name: str) -> Finding:
    """Whether a webhook of the account calls this connector, and tells what it needs."""
    ours: list[Json] = []
    try:
        async for page in pages(http, WEBHOOKS, at_most=WEBHOOK_PAGES_MAX):
            ours += [hook for hook in objects(page.get("webhooks")) if _calls(hook, name)]
    except VendorError as error:
        if is_not_available(error):
            return Finding(True, "whether a webhook calls us can't be asked: the token may not list webhooks")
        return Finding(
            False, f"the webhooks can't be listed: {error}", "see whether Zendesk has trouble, and try again"
        )
    where = f"/in/{name}"
    make = f"in Zendesk's Admin Center, let a webhook to https://YOUR-GATEWAY{where} be active"
    if not ours:
        return Finding(False, f"no webhook of the account calls {where}", f"{make}, subscribed to ticket events")
    active = [hook for hook in ours if hook.get("status") == "active"]
    if not active:
        return Finding(False, f"the webhook that calls {where} is switched off", make)
    wrong = [hook for hook in active if hook.get("http_method") != "POST" or hook.get("request_format") != "json"]
    if len(wrong) == len(active):
        return Finding(False, f"the webhook that calls {where} doesn't POST JSON", "let it send JSON by POST")
    told = {word for hook in active for word in _subscriptions(hook)}
    return _told(told, where)


def _told(told: set[str], where: str) -> Finding:
    if BY_TRIGGER in told:
        return Finding(True, f"a webhook that triggers or automations fire calls {where}")
    events = {word.removeprefix(EVENT_TYPE) for word in told if word.startswith(EVENT_TYPE)}
    missing = [event for event in NEEDED if event not in events]
    if missing:
        what = f"the webhook that calls {where} isn't subscribed to {', '.join(f'ticket.{event}' for event in missing)}"
        return Finding(False, what, "subscribe it to every ticket event; until then the export tells, a minute late")
    late = [event for event in USEFUL if event not in events]
    words = f"; what it doesn't tell comes with the export: {', '.join(late)}" if late else ""
    return Finding(True, f"a webhook calls {where} for ticket events{words}")


def _calls(hook: Json, name: str) -> bool:
    endpoint = hook.get("endpoint")
    try:
        return isinstance(endpoint, str) and urlsplit(endpoint).path.rstrip("/").endswith(f"/in/{name}")
    except ValueError:
        return False


def _subscriptions(hook: Json) -> list[str]:
    listed = hook.get("subscriptions")
    return [word for word in listed if isinstance(word, str)] if isinstance(listed, list) else []
