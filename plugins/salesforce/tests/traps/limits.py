"""Traps of what may be asked: a day's requests, tokens that nobody takes, what is refused for ever."""

import re
from typing import Any

import httpx2
import pytest
from gateway_salesforce import usage
from gateway_salesforce.usage import Usage

from gateway.engine import fetch
from gateway.plugin import OverBudget, Page, RateLimited, Unauthorized, VendorHttp
from gateway.testing.transport import Fault, answer
from plugins.salesforce.tests.traps.table import desk, trap, whole

REFUSED = b'[{"errorCode":"UNKNOWN_EXCEPTION","message":"An unexpected error occurred."}]'


@trap(
    "31",
    "airbyte #8690, #9499, salto #3056, restforce #570",
    wrong="the requests of a day were spent, and it was asked on, or slept; the same code for too many requests at once"
    " was taken for a spent day",
    rule="the words tell which it is: a spent day is left alone, a quarter of an hour at a time, a crowd for seconds;"
    " the reading goes on where it was",
    without=lambda patch: patch.setattr(usage, "_DAILY", re.compile("(?!)")),
)
async def a_spent_day_is_left_alone() -> None:
    async with desk() as on:
        await on.sync()
        on.account.fault("daily_limit")
        asked = len(on.ours.transport.asked)
        for _ in range(10):
            assert isinstance(await on.page(), RateLimited | OverBudget)
            on.clock.pass_(60)
        assert len(on.ours.transport.asked) == asked + 1
        on.account.fault("daily_limit", on=False)
        on.clock.pass_(usage.REST_S)
        on.account.fault("concurrent_limit")
        crowded = await on.page()
        assert isinstance(crowded, RateLimited)
        assert 0 < (crowded.retry_after_s or 0) <= 60
        on.account.fault("concurrent_limit", on=False)
        on.clock.pass_(60)
        id = on.account.open_ticket()
        await whole(on.sync())
        assert await on.status(id) == "new"


def _again_and_again(patch: pytest.MonkeyPatch) -> None:
    """Tokens are renewed until one is taken."""
    send: Any = VendorHttp._send

    async def renewing(self: VendorHttp, *asked: Any) -> Any:
        for _ in range(5):
            try:
                return await send(self, *asked)
            except Unauthorized as error:
                last = error
        raise last

    patch.setattr(VendorHttp, "_send", renewing)


@trap(
    "34",
    "simple-salesforce #685, #619, jsforce #1301",
    wrong="tokens were renewed without end, since none was taken; or none was renewed, though another would have been",
    rule="a request that is refused is tried with one new token, and with no other; then that is said, and waited",
    without=_again_and_again,
)
async def one_renewal_for_a_request() -> None:
    async with desk() as on:
        await on.sync()
        on.account.fault("revoked")
        given = on.account.api.doorman.given
        assert isinstance(await on.page(), Page)
        assert on.account.api.doorman.given == given + 1
        on.account.fault("unrecoverable")
        asked = len(on.ours.transport.asked)
        assert isinstance(await on.page(), Unauthorized)
        assert on.account.api.doorman.given <= given + 2
        assert len(on.ours.transport.asked) <= asked + 3
        assert not all(finding.ok for finding in await on.ours.connector.check())
        on.account.fault("unrecoverable", on=False)
        assert isinstance(await on.page(), Page)


@trap(
    "45",
    "airbyte #36897",
    wrong="reading the past took all that the account allows, for months, and what was new waited",
    rule="the past rests when a share of the organisation's requests of a day is spent, and what is live goes on",
    without=lambda patch: patch.setattr(Usage, "told", lambda self, path, headers: None),
)
async def the_past_leaves_room() -> None:
    async with desk(objects=60, page_size=1) as on:
        cases = on.stream("Case")
        await on.ours.pull(cases)
        on.account.api.daily.most = on.account.api.daily.used + 20
        run = next(run for run in await on.ours.store.syncs(connector="kit") if run.stream == cases.name)
        while run.ended_at is None:
            try:
                run = await on.ours.past_page(run)
            except RateLimited:
                break
        assert run.ended_at is None
        assert isinstance(await on.page(), Page)


def about(id: str, fault: Fault) -> Fault:
    """The fault, of queries for this id alone."""

    def spoilt(request: httpx2.Request) -> httpx2.Response | None:
        return fault(request) if f"'{id}'" in request.url.params.get("q", "") else None

    return spoilt


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
        on.ours.transport.fault = about(bad, answer(400, REFUSED))
        await on.pushed()
        await on.rested()
        assert [row.form for row in await on.ours.inbox("parked")] == ["look_up"]
        assert await on.status(good) == "new"
