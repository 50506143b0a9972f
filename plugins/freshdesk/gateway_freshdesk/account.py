"""Who we are to Freshdesk and what we may read: for `gateway doctor`, and for the daemon, which asks again every hour.

Laws. A finding that isn't ok says what to do. What the account's plan hasn't got is said and done without: nobody can
mend it. Whether an automation calls us can't be asked of Freshdesk.
"""

from collections.abc import Iterator
from typing import Final

from gateway.plugin import Finding, RateLimited, VendorError, VendorHttp
from gateway_freshdesk.api import ask, code_of
from gateway_freshdesk.labels import StatusLabels
from gateway_freshdesk.settings import FreshdeskSettings
from gateway_freshdesk.words import Meanings, folded, own_status

ME: Final = "/api/v2/agents/me"
EVERY_TICKET: Final = 1
"""The scope of an agent who sees every ticket."""

_TOLD_MAX: Final = 20
"""Statuses that are told one by one."""


async def findings(
    http: VendorHttp,
    name: str,
    settings: FreshdeskSettings,
    labels: StatusLabels,
    meanings: Meanings,
    lacking: set[str],
) -> list[Finding]:
    """Whether all is as connector `name` needs it; `lacking` is what was found not to be available so far."""
    hook = _token(name, settings)
    try:
        agent = await ask(http, ME)
    except VendorError as error:
        return [Finding(False, str(error), _why_not_known(error)), hook]
    found = [_scope(agent.get("ticket_scope")), hook]
    try:
        found += _statuses(await labels.all(http), meanings)
    except VendorError as error:
        if error.status != 403:
            return [*found, Finding(False, str(error), "see whether Freshdesk has trouble, and try again")]
        hint = "give `statuses` by number, or let the agent read ticket fields"
        found.append(Finding(True, f"the account's own statuses can't be named: {hint}"))
    found += [Finding(True, f"not available in this account, and done without: {what}") for what in sorted(lacking)]
    return found


def _token(name: str, settings: FreshdeskSettings) -> Finding:
    if settings.webhook_token:
        return Finding(True, f"webhooks that show the token are taken at /in/{name}; what they name is looked up")
    late_s = settings.tickets_every_s
    hint = "with webhook_token, and an automation that sends it, within a second"
    return Finding(True, f"no webhook is accepted: changes are seen within {late_s:g} s, {hint}")


def _scope(scope: object) -> Finding:
    if scope is None or scope == EVERY_TICKET:
        return Finding(True, "the key is an agent's who sees every ticket")
    hint = "give the key of an agent whose scope is Global Access"
    return Finding(False, "the agent whose key it is sees only some of the tickets", hint)


def _statuses(labels: dict[str, str], meanings: Meanings) -> Iterator[Finding]:
    """What each of the account's own statuses is taken for, and which of the settings' it hasn't got."""
    strange = sorted(meanings.keys() - {folded(label) for label in labels.values()} - labels.keys())
    if strange:
        names = ", ".join(f"`{name}`" for name in strange[:_TOLD_MAX])
        hint = "write them in `statuses` as the account does, or by number"
        yield Finding(False, f"the account has no statuses of its own called {names}", hint)
    told = [f"{label} ({number}) is {own_status(int(number), label, meanings)}" for number, label in labels.items()]
    if told:
        more = f", and {len(told) - _TOLD_MAX} more" if len(told) > _TOLD_MAX else ""
        yield Finding(True, f"the account's own statuses: {', '.join(told[:_TOLD_MAX])}{more}; `statuses` changes that")


def _why_not_known(error: VendorError) -> str:
    if isinstance(error, RateLimited):
        return "nothing to do: it goes on when the account's credits allow it"
    if error.status == 401:
        return "check api_key: it is in the agent's profile in Freshdesk"
    if error.status == 403:
        return f"let the agent whose key it is use the API ({code_of(error) or 'no reason was given'})"
    return "check domain or base_url, and whether Freshdesk has trouble"
