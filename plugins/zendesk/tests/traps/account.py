"""Traps of the account: what it hasn't got, what it refuses, how often it may be asked, whose it is, and its tokens."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gateway_zendesk
import pytest
from gateway_zendesk import account as checked
from gateway_zendesk import api, lookup
from gateway_zendesk.simulator import CLIENT_ID

from gateway.engine import fetch
from gateway.engine.checkup import Checkup
from gateway.engine.pull import Puller
from gateway.kernel import budget, failpoint, vendor_http
from gateway.kernel.rng import SeededRng, SystemRng
from gateway.kernel.sealing import Seal, make_key_file
from gateway.kernel.spawn import LoopSpawn
from gateway.kernel.vault import Tokens, Vault
from gateway.plugin import (
    AuthorizationCode,
    Finding,
    OverBudget,
    Permanent,
    RateLimited,
    Ref,
    VendorError,
    VendorHttp,
)
from gateway.store import SqliteStore
from gateway.testing.stage import stage
from gateway.testing.transport import Fault, KitTransport, answer
from plugins.zendesk.tests.traps.table import Desk, desk, trap

OFFSET = b'{"error":"RateLimited","description":"Pagination limit reached for offset model"}'
NO_DESK = b'{"error":{"title":"No help desk","message":"There is no help desk configured at this address"}}'


def only(path: str, fault: Fault) -> Fault:
    """The fault, of this path alone."""
    return lambda request: fault(request) if path in request.url.path else None


async def _raised(work: Any) -> VendorError | None:
    try:
        await work
    except VendorError as error:
        return error
    return None


@trap(
    "7",
    "airbyte #19266",
    wrong="a list whose pages are numbered ends with 429, which was waited for again and again",
    rule="this 429 is a refusal: no waiting ends it, and the look-up is given up",
    without=lambda patch: patch.setattr(api, "_OFFSET_LIMIT", b"never"),
)
async def page_limits_are_refusals() -> None:
    async with desk() as on:
        on.ours.transport.fault = only("requested", answer(429, OFFSET))
        error = await _raised(on.ours.connector.fetch(Ref("user", "1"), on.clock.now()))
        assert isinstance(error, Permanent)


class Killed(BaseException):
    """The process ends here."""


def _kill(point: str) -> None:
    if point == "fetch.answered":
        raise Killed


def _taken_off(patch: pytest.MonkeyPatch) -> None:
    """A look-up is done as soon as somebody takes it up."""
    whole = SqliteStore.claim_fetches

    async def claim(self: SqliteStore, **asked: Any) -> Any:
        rows = await whole(self, **asked)
        for row in rows:
            await self.finish_fetch(row, [])
        return rows

    patch.setattr(SqliteStore, "claim_fetches", claim)


@trap(
    "10",
    "tap-zendesk #14",
    wrong="the place among the tickets moved on before their logs were read: a crash lost these",
    rule="logs are read ticket by ticket, from a queue that is stored with the ticket and outlives the process",
    without=_taken_off,
)
async def logs_are_read_after_a_crash() -> None:
    async with desk() as on:
        await on.sync()
        id = on.account.open_ticket()
        on.clock.pass_(5)
        on.account.agent_comment(id)
        on.on.shown()
        await on.ours.pull(on.ours.streams[0])
        await on.ours.gateway.judge_once()
        failpoint.listen(_kill)
        try:
            with pytest.raises(Killed):
                await on.ours.gateway.fetch_once()
        finally:
            failpoint.listen(None)
        on.ours.restart()
        on.clock.pass_(fetch.LEASE_MS / 1000)
        await on.sync()
        assert await on.missing() == ""


@trap(
    "15",
    "airbyte #42519, #19432, tap-zendesk #90",
    wrong="one API that the account's plan hasn't got ended the reading of all others",
    rule="what an account hasn't got is done without, and told once by the check",
    without=lambda patch: patch.setattr(lookup, "is_not_available", lambda error: False),
)
async def plans_differ() -> None:
    async with desk() as on:
        await on.sync()
        on.account.fault("plan")
        id = on.account.open_ticket(channel="native_messaging", messaging=True)
        on.on.shown()
        await on.ours.pull(on.ours.streams[0])
        await on.rested()
        assert await on.status(id) == "new"
        assert await on.ours.inbox("parked") == []
        told = [finding.what for finding in await on.ours.connector.check() if "not available" in finding.what]
        assert any("conversation log" in what for what in told)


@trap(
    "16",
    "dust-tt/dust #10974",
    wrong="a brand's host was asked who we are, and had no help desk",
    rule="one host is asked, that of the settings; the check says when nobody is at home there",
    without=lambda patch: patch.setattr(checked, "_why_not_known", lambda error: "try again later"),
)
async def hosts_are_the_accounts() -> None:
    async with desk() as on:
        on.ours.transport.fault = answer(404, NO_DESK)
        wrong = [finding for finding in await on.ours.connector.check() if not finding.ok]
        assert any("base_url" in finding.hint for finding in wrong)


@trap(
    "18",
    "PipedreamHQ/pipedream #5696",
    wrong="accounts were told apart by their subdomain, and one's changes came to another's connector",
    rule="a connector is one account: only what is signed with its own secret is its own",
    without=lambda patch: patch.setattr(gateway_zendesk, "unproved", lambda secrets, request: None),
)
async def accounts_are_apart() -> None:
    async with desk() as on, stage(on.on.kind, seed=2) as other:
        await other.acted("open")
        foreign = other.wire.taken()
        assert foreign
        await on.ours.deliver(foreign)
        await on.ours.settle()
        assert {status for status, _ in on.ours.answers} == {401}
        assert await on.ours.inbox() == []


@trap(
    "20",
    "airbyte #11035, #11899",
    wrong="a 429 in HTML, without `Retry-After` or with a strange one, ended the reading or was asked again at once",
    rule="a 429 is one whatever it looks like; without a time that makes sense, a minute is waited",
    without=lambda patch: patch.setattr(vendor_http, "RETRY_AFTER_DEFAULT_S", 0.0),
)
async def any_429_is_one() -> None:
    async with desk() as on:
        stream = on.ours.streams[0]
        for fault in ("html_429", *["absurd_429"] * 6):
            assert await _raised(on.ours.connector.pull(stream, None, on.clock.now())) is None
            on.account.fault(fault)
            error = await _raised(on.ours.connector.pull(stream, None, on.clock.now()))
            assert isinstance(error, RateLimited)
            assert 0 <= (error.retry_after_s or 0) <= vendor_http.RETRY_AFTER_MAX_S
            assert fault != "html_429" or error.retry_after_s == 60
            on.account.fault(fault, on=False)
            on.clock.pass_(90_000)


@trap(
    "d",
    "readers of the export",
    wrong="after a 429 without `Retry-After`, others of the same process went on asking",
    rule="a 429 closes that limit for everybody until its time is over",
    without=lambda patch: patch.setattr(budget.Budget, "close", lambda self, path, seconds: None),
)
async def a_429_is_everybodys() -> None:
    async with desk() as on:
        stream = on.ours.streams[0]
        assert await _raised(on.ours.connector.pull(stream, None, on.clock.now())) is None
        on.account.fault("bare_429")
        assert isinstance(await _raised(on.ours.connector.pull(stream, None, on.clock.now())), RateLimited)
        asked = on.requests("tickets/cursor")
        error = await _raised(on.ours.connector.pull(stream, None, on.clock.now()))
        assert on.requests("tickets/cursor") == asked
        assert isinstance(error, OverBudget)


async def _all_is_well(*_: Any) -> Finding:
    return Finding(True, "a webhook calls us")


@trap(
    "23",
    "n8n #16967, #20896, #24881, #25011",
    wrong="a webhook that had been made disappeared, and nobody noticed; signatures were not checked",
    rule="the subscription is looked for every hour, and the export proves what the webhooks tell",
    without=lambda patch: patch.setattr(checked, "_webhook", _all_is_well),
)
async def webhooks_are_looked_for() -> None:
    async with desk(pushes=True) as on:
        checkup = Checkup(on.ours.world, on.ours.link)
        await checkup.step()
        assert all(finding.ok for finding in on.ours.link.findings)
        on.account.fault("no_webhook")
        await checkup.step()
        assert any("/in/kit" in finding.what for finding in on.ours.link.findings if not finding.ok)
        id = on.account.open_ticket()
        await on.pushed()
        assert await on.status(id) is None
        await on.sync()
        assert await on.status(id) == "new"


async def _not_kept(*_: Any) -> bool:
    return True


@trap(
    "24",
    "nango #6763, #6775, estuary #2886, #2916",
    wrong="two callers renewed at once, or a crash lost the new pair: the old one was gone, and a person had to help",
    rule="one renewal however many ask, and the new pair is stored before it is used",
    without=lambda patch: patch.setattr(SqliteStore, "renew_tokens", _not_kept),
)
async def tokens_are_renewed_once() -> None:
    async with desk() as on:
        with TemporaryDirectory() as folder:
            key = Path(folder) / "gateway.key"
            make_key_file(key, SystemRng())
            await _renewals(on, key)


async def _renewals(on: Desk, key: Path) -> None:
    doorman, spawn = on.account.api.doorman, LoopSpawn()
    granted = doorman._pair({}, "read", renewable=True)
    vault = Vault("kit", on.ours.store, Seal(key, SystemRng()), spawn)
    now = on.clock.now()
    await vault.keep(Tokens(granted["access_token"], granted["refresh_token"], now + 1_800_000), now)
    for given in (doorman.given + 1, doorman.given + 2):
        on.clock.pass_(3_600)
        http = _client(on, Vault("kit", on.ours.store, Seal(key, SystemRng()), spawn))
        try:
            await asyncio.gather(*(http.get("/api/v2/tickets.json") for _ in range(5)))
        except VendorError as error:
            raise AssertionError("the account can't be asked any more") from error
        finally:
            await http.aclose()
        assert doorman.given == given
    await spawn.close()


def _client(on: Desk, vault: Vault) -> VendorHttp:
    """A client of another process."""
    base = str(on.on.values["base_url"])
    auth = AuthorizationCode(
        authorize_url=f"{base}/oauth/authorizations/new",
        token_url=f"{base}/oauth/tokens",
        client_id=CLIENT_ID,
        client_secret=on.ours.settings.client_secret,  # type: ignore[attr-defined]
        scope="read",
    )
    transport = KitTransport(on.clock)
    return VendorHttp(base, auth, clock=on.clock, rng=SeededRng(1), vault=vault, transport=transport)


@trap(
    "45",
    "airbyte #36897",
    wrong="reading the past took all that the account allows, for months, and what was new waited",
    rule="the past has a lane of its own, which leaves a share of each limit to what is live",
    without=lambda patch: patch.setattr(budget, "LIVE_SHARE", 0.0),
)
async def the_past_leaves_room() -> None:
    async with desk(objects=40, page_size=2) as on:
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
        on.ours.transport.fault = only(f"/tickets/{bad}.json", answer(400))
        await on.pushed()
        await on.rested()
        assert on.requests(f"/tickets/{bad}") <= 5
        assert [row.form for row in await on.ours.inbox("parked")] == ["look_up"]
        assert any(event.id.startswith("comment:") for event in await on.said(good))


def _all_or_nothing(patch: pytest.MonkeyPatch) -> None:
    """A stream that fails ends the others."""

    async def step(self: Puller) -> float:
        await self.once()
        return 0.0

    patch.setattr(Puller, "step", step)
    patch.setattr(gateway_zendesk, "is_not_available", lambda error: False)


@trap(
    "e",
    "readers of the export",
    wrong="403 or 404 of one stream ended the reading of all others",
    rule="each stream has its own turn and waits alone",
    without=_all_or_nothing,
)
async def streams_fail_alone() -> None:
    async with desk() as on:
        await on.sync()
        for status in (403, 404):
            on.ours.transport.fault = only("incremental/users", answer(status))
            id = on.account.open_ticket()
            on.on.shown()
            for stream in reversed(on.ours.streams):
                error = await _raised(Puller(on.ours.world, on.ours.link, stream).step())
                assert error is None
            await on.ours.settle()
            assert await on.status(id) == "new"
