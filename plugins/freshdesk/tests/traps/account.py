"""Traps of the account: what its plan hasn't got, and how much may be asked of it."""

from typing import Any

import gateway_freshdesk
import pytest
from gateway_freshdesk import lookup

from gateway.engine import fetch
from gateway.kernel import budget
from gateway.plugin import OverBudget, VendorError
from gateway.testing.transport import Fault, answer
from plugins.freshdesk.tests.traps.table import desk, trap


def only(path: str, fault: Fault) -> Fault:
    """The fault, of paths that end so alone."""
    return lambda request: fault(request) if request.url.path.endswith(path) else None


async def _raised(work: Any) -> VendorError | None:
    try:
        await work
    except VendorError as error:
        return error
    return None


def _no_plans(patch: pytest.MonkeyPatch) -> None:
    """What the plan hasn't got is a failure like any other."""
    for module in (gateway_freshdesk, lookup):
        patch.setattr(module, "is_not_available", lambda error: False)


@trap(
    "42",
    "airbyte #1957",
    wrong="the account's plan has no ratings: 403 ended the reading of all else",
    rule="what the plan hasn't got is done without, and told once by the check",
    without=_no_plans,
)
async def plans_differ() -> None:
    async with desk(objects=3) as on:
        on.account.fault("plan")
        assert await _raised(on.sync()) is None
        assert len(await on.ours.rows()) == 3
        assert await on.ours.inbox("parked") == []
        found = await on.ours.connector.check()
        assert any("satisfaction ratings" in finding.what and finding.ok for finding in found)


@trap(
    "45",
    "airbyte #36897",
    wrong="reading the past took all that the account allows, for months, and what was new waited",
    rule="the past has a lane of its own, which leaves a share of each limit to what is live",
    without=lambda patch: patch.setattr(budget, "LIVE_SHARE", 0.0),
)
async def the_past_leaves_room() -> None:
    async with desk(objects=40, page_size=2, list_per_minute=20) as on:
        on.account.api.limits.lists.per_minute = None
        on.account.api.limits.account.per_minute = None
        stream = on.ours.streams[0]
        await on.ours.pull(stream)
        on.clock.pass_(120)
        (run, *_) = await on.ours.store.syncs(connector="kit")
        while True:
            try:
                run = await on.ours.past_page(run)
            except OverBudget:
                break
        before = on.clock.now()
        assert await _raised(on.ours.connector.pull(stream, None, before)) is None
        assert on.clock.now() - before < 1_000


@trap(
    "46",
    "mautic #6561",
    wrong="what a server refused was sent again for ever",
    rule="what is refused a few times is parked with its reason, where people see it, and the rest goes on",
    without=lambda patch: patch.setattr(fetch, "REFUSALS_MAX", 10**9),
)
async def refusals_come_to_an_end() -> None:
    async with desk(pushes=True) as on:
        bad, good = on.account.open_ticket(), on.account.open_ticket()
        on.ours.transport.fault = only(f"/tickets/{bad}", answer(400))
        await on.pushed()
        await on.rested()
        assert on.requests(f"/tickets/{bad}") <= 5
        assert [row.form for row in await on.ours.inbox("parked")] == ["look_up"]
        assert any(event.id.endswith(":description") for event in await on.said(good))
