"""Tokens that a person granted: renewed once for all, stored before they are used, and never in a loop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gateway.kernel.failpoint import listen
from gateway.kernel.reach import PRIVATE_TOO
from gateway.kernel.rng import SeededRng, SystemRng
from gateway.kernel.sealing import Seal, make_key_file
from gateway.kernel.spawn import LoopSpawn
from gateway.kernel.store import StoreFull
from gateway.kernel.tokens import TokenRow
from gateway.kernel.vault import Tokens, Vault
from gateway.kernel.vendor_auth import AuthorizationCode
from gateway.kernel.vendor_grants import ANSWER_MAX, Granted, Refused
from gateway.kernel.vendor_renewal import ANSWER_S, HOLD_OFF_S, LEASE_MS, YOUNG_MS, Renewal
from gateway.plugin import Permanent, RateLimited, Transient, Unauthorized, VendorError, VendorHttp
from gateway.store import SqliteStore
from tests.store.samples import on_file
from tests.support.consent import PARAMETERS, ConsentVendor, consent_vendor

NAME = "desk"
HOUR_S = 3_600.0


class ToldClock:
    """Time goes on when a test says so; sleep is a hundred times as short as it says, since the vendor's is real."""

    def __init__(self) -> None:
        self.at = 1_772_442_000.0

    def now(self) -> int:
        return int(self.at * 1000)

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 100)


@dataclass
class Place:
    """A vendor, a database, and the clients of one account."""

    vendor: ConsentVendor
    store: SqliteStore
    key_file: Path
    clock: ToldClock = field(default_factory=ToldClock)
    spawn: LoopSpawn = field(default_factory=LoopSpawn)
    clients: list[VendorHttp] = field(default_factory=list)

    def vault(self, shelf: Any = None) -> Vault:
        """The vault of one process."""
        return Vault(NAME, shelf or self.store, Seal(self.key_file, SystemRng()), self.spawn)

    def http(self, shelf: Any = None, auth: AuthorizationCode | None = None, vault: Vault | None = None) -> VendorHttp:
        """A client, as another process would have it."""
        proof = auth or self.vendor.auth(**PARAMETERS)
        client = VendorHttp(
            self.vendor.base,
            proof,
            clock=self.clock,
            rng=SeededRng(1),
            reach=PRIVATE_TOO,
            vault=vault or self.vault(shelf),
        )
        self.clients.append(client)
        return client

    async def authorized(self, life_s: float | None = 1_800, **fields: Any) -> None:
        """Tokens as a person has granted them now."""
        access, refresh = self.vendor.pair()
        ends_at = None if life_s is None else self.clock.now() + round(life_s * 1000)
        await self.vault().keep(Tokens(access, **{"refresh": refresh, "ends_at": ends_at, **fields}), self.clock.now())

    async def row(self) -> TokenRow:
        """What is kept."""
        row = await self.store.tokens(NAME)
        assert row is not None
        return row

    async def tokens(self) -> Tokens:
        """What is kept, opened."""
        kept = await self.vault().kept()
        assert kept is not None
        return kept.tokens


@contextlib.asynccontextmanager
async def place(folder: Path, vendor: ConsentVendor) -> AsyncIterator[Place]:
    """A place on files in `folder`."""
    key_file = folder / "gateway.key"
    if not key_file.exists():
        make_key_file(key_file, SystemRng())
    async with on_file(folder / "gateway.db", exclusive=False) as store:
        made = Place(vendor, store, key_file)
        try:
            yield made
        finally:
            for client in made.clients:
                await client.aclose()
            await made.spawn.close()


Test = Callable[[Place], Awaitable[None]]


def at(folder: Path, test: Test) -> None:
    """Run a test at a fresh place."""

    async def run(vendor: ConsentVendor) -> None:
        async with place(folder, vendor) as here:
            await test(here)

    with consent_vendor() as vendor:
        asyncio.run(run(vendor))


async def told(work: Awaitable[Any]) -> Any:
    """What comes of it, an error of a vendor's too."""
    try:
        return (await work).status
    except VendorError as error:
        return error


def test_one_renewal_however_many_ask(tmp_path: Path) -> None:
    """Of 20 requests with a token that runs out, one renews; all go out with the new token, which is stored."""

    async def test(here: Place) -> None:
        await here.authorized()
        here.clock.at += 1_750
        http, passed = here.http(), list[str]()
        listen(passed.append)
        assert await asyncio.gather(*(told(http.get("/x")) for _ in range(20))) == [200] * 20
        listen(None)
        assert passed.count("lease_tokens.committed") == 1, "who waits here doesn't ask the database for its turn"
        assert (here.vendor.renewals, set(here.vendor.asked)) == (1, {here.vendor.access})
        kept = await here.tokens()
        assert (kept.access, kept.refresh) == (here.vendor.access, here.vendor.refresh)
        assert kept.ends_at == here.clock.now() + 1_800_000
        form = here.vendor.forms[-1]
        assert (form["expires_in"], form["refresh_token_expires_in"]) == ("1800", "2592000")

    at(tmp_path, test)


def test_one_renewal_of_all_processes(tmp_path: Path) -> None:
    """Two clients on two connections to one database: who has lost the race uses what the other one stored."""

    async def test(here: Place) -> None:
        await here.authorized()
        here.clock.at += HOUR_S
        async with on_file(tmp_path / "gateway.db", exclusive=False) as other:
            one, two = here.http(), here.http(other)
            asked = [told(client.get("/x")) for client in (one, two) * 10]
            assert await asyncio.gather(*asked) == [200] * 20
            await two.aclose()
        assert here.vendor.renewals == 1
        assert (await here.row()).generation == 2

    at(tmp_path, test)


def test_a_lease_of_the_dead_ends(tmp_path: Path) -> None:
    """A process that died while it renewed holds nobody up for longer than its lease, nor does a clock gone wrong."""

    async def test(here: Place) -> None:
        await here.authorized()
        here.clock.at += HOUR_S
        now = here.clock.now()
        assert await here.store.lease_tokens(NAME, 1, now=now, until=now + LEASE_MS)
        assert not await here.store.lease_tokens(NAME, 1, now=now + 1, until=now + 1 + LEASE_MS)
        assert type(await told(here.http().post("/x"))) is Transient
        assert here.vendor.renewals == 0
        here.clock.at += LEASE_MS / 1000
        assert await told(here.http().get("/x")) == 200
        far = here.clock.now() + 10 * 86_400_000
        assert await here.store.lease_tokens(NAME, 2, now=far, until=far + LEASE_MS)
        here.clock.at += HOUR_S - 600
        assert await told(here.http().get("/x")) == 200

    at(tmp_path, test)


def test_new_tokens_are_stored_before_they_are_used(tmp_path: Path) -> None:
    """The commit comes after the vendor's answer and before the first request with it."""

    async def test(here: Place) -> None:
        await here.authorized()
        here.clock.at += HOUR_S
        listen(lambda point: here.vendor.log.append(point) if point == "renew_tokens.committed" else None)
        assert await told(here.http().get("/x")) == 200
        assert here.vendor.log == ["refresh_token", "renew_tokens.committed", f"GET {here.vendor.access}"]

    try:
        at(tmp_path, test)
    finally:
        listen(None)


class Crash(BaseException):
    """The end of the process, as a test may have it."""


@pytest.mark.parametrize(("step", "survives"), [("before_commit", False), ("committed", True)])
def test_a_crash_around_the_commit(tmp_path: Path, step: str, survives: bool) -> None:
    """After the commit the new tokens are there, and work without another renewal. Before it they are lost, as the
    vendor has taken the old ones back: that needs a person, and is told with what to do."""

    def crash(point: str) -> None:
        if point == f"renew_tokens.{step}":
            raise Crash(point)

    async def first(here: Place) -> None:
        await here.authorized()
        here.clock.at += HOUR_S
        listen(crash)
        assert type(await told(here.http().post("/x"))) is Transient
        assert here.vendor.asked == []
        listen(None)

    async def second(here: Place) -> None:
        here.clock.at += HOUR_S + LEASE_MS / 1000
        answer = await told(here.http().get("/x"))
        if survives:
            assert (answer, here.vendor.renewals) == (200, 1)
        else:
            assert type(answer) is Unauthorized
            assert "run `gateway authorize desk`" in str(answer)

    async def run(vendor: ConsentVendor) -> None:
        for test in (first, second):
            async with place(tmp_path, vendor) as here:
                await test(here)

    try:
        with consent_vendor() as vendor:
            asyncio.run(run(vendor))
    finally:
        listen(None)


def test_a_lost_answer_needs_a_person_and_makes_no_loop(tmp_path: Path) -> None:
    """The vendor has taken the old tokens back: one more try is refused, then nobody tries again, in any process, until
    a person has authorized anew; that is taken up at the next request."""

    async def test(here: Place) -> None:
        await here.authorized()
        here.clock.at += HOUR_S
        here.vendor.loses = True
        http = here.http()
        assert type(await told(http.get("/x"))) is Transient
        assert here.vendor.renewals == 1, "one renewal for a request, however often that is tried"
        here.vendor.loses = False
        here.clock.at += HOLD_OFF_S
        refused = await told(http.get("/x"))
        assert (type(refused), here.vendor.renewals) == (Unauthorized, 2)
        assert "invalid_grant" in str(refused)
        assert "run `gateway authorize desk`" in str(refused)
        for again in (http, here.http()):
            here.clock.at += HOUR_S
            assert type(await told(again.get("/x"))) is Unauthorized
        assert here.vendor.renewals == 2
        assert (await here.row()).refused == "invalid_grant"
        await here.authorized()
        assert await told(http.get("/x")) == 200

    at(tmp_path, test)


def test_a_lost_answer_and_other_tokens_since(tmp_path: Path) -> None:
    """What is stored meanwhile is used."""

    async def test(here: Place) -> None:
        await here.authorized()
        here.clock.at += HOUR_S
        here.vendor.loses = True
        http = here.http()
        assert type(await told(http.get("/x"))) is Transient
        await here.authorized()
        assert await told(http.get("/x")) == 200
        assert here.vendor.renewals == 1

    at(tmp_path, test)


class Scripted:
    """A token endpoint for races: before it answers, something happens."""

    def __init__(self, before: Callable[[], Awaitable[None]], answer: Granted | Exception) -> None:
        self.before = before
        self.answer = answer

    async def renewed(self, refresh: str) -> Granted:
        await self.before()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    "answer", [Refused("the refresh token", "invalid_grant", 400), Granted("canary-late", "canary-late")]
)
def test_tokens_that_came_during_a_renewal_win(tmp_path: Path, answer: Granted | Exception) -> None:
    """A person authorizes while a renewal is under way: whatever comes of that, what was granted last is used."""

    async def test(here: Place) -> None:
        await here.authorized()
        here.clock.at += HOUR_S
        renewal = Renewal(Scripted(here.authorized, answer), here.clock, here.vault())  # type: ignore[arg-type]
        assert await renewal.access() == here.vendor.access
        assert ((await here.row()).generation, (await here.row()).refused) == (2, None)

    at(tmp_path, test)


def test_a_renewal_ends_although_nobody_waits(tmp_path: Path) -> None:
    """Who asked gives up while the vendor answers: the new tokens are stored all the same."""

    async def test(here: Place) -> None:
        await here.authorized()
        here.clock.at += HOUR_S
        asked, go_on = asyncio.Event(), asyncio.Event()

        async def wait() -> None:
            asked.set()
            await go_on.wait()

        renewal = Renewal(Scripted(wait, Granted("canary-new", "canary-next", 60.0)), here.clock, here.vault())  # type: ignore[arg-type]
        caller = asyncio.ensure_future(renewal.access())
        await asked.wait()
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        go_on.set()
        await renewal.settled()
        assert (await here.tokens()).access == "canary-new"

    at(tmp_path, test)


def test_a_client_that_is_closed_ends_its_renewal_first(tmp_path: Path) -> None:
    """Nobody waits for the request any more: what the vendor gave for the old tokens is on the disk all the same."""

    async def test(here: Place) -> None:
        await here.authorized()
        here.clock.at += HOUR_S
        here.vendor.go_on.clear()
        http = here.http()
        asked = asyncio.ensure_future(http.get("/x"))
        await asyncio.to_thread(here.vendor.arrived.wait)
        asked.cancel()
        closing = asyncio.ensure_future(http.aclose())
        here.vendor.go_on.set()
        await closing
        await here.spawn.close()
        assert (await here.tokens()).refresh == here.vendor.refresh

    at(tmp_path, test)


class FullOnce:
    """A shelf on a disk that is full for one write."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.full = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def renew_tokens(self, *given: Any) -> bool:
        if self.full:
            self.full = False
            raise StoreFull("nothing was stored: the disk is full")
        return await self._store.renew_tokens(*given)


def test_what_could_not_be_stored_is_not_used_and_not_lost(tmp_path: Path) -> None:
    """The next request stores it first, and asks the vendor for nothing."""

    async def test(here: Place) -> None:
        await here.authorized()
        here.clock.at += HOUR_S
        http = here.http(FullOnce(here.store))
        failed = await told(http.get("/x"))
        assert (type(failed), here.vendor.asked) == (Transient, [])
        assert "the disk is full" in str(failed)
        here.clock.at += HOLD_OFF_S
        assert await told(http.get("/x")) == 200
        assert here.vendor.renewals == 1

    at(tmp_path, test)


def test_a_refused_token_is_renewed_once(tmp_path: Path) -> None:
    """On 401, if its life isn't told or it was revoked; tokens that are young are not renewed: a vendor that refuses
    everything doesn't make a loop."""

    async def test(here: Place) -> None:
        await here.authorized(life_s=None)
        here.vendor.more = {}
        here.clock.at += HOUR_S
        http = here.http()
        assert await told(http.get("/x")) == 200
        assert here.vendor.renewals == 0
        here.vendor.access = "canary-revoked"
        assert await asyncio.gather(*(told(http.get("/x")) for _ in range(10))) == [200] * 10
        assert here.vendor.renewals == 1
        assert (await here.tokens()).ends_at is None
        here.vendor.refuses_all = True
        assert type(await told(http.get("/x"))) is Unauthorized
        assert here.vendor.renewals == 1
        here.clock.at += YOUNG_MS / 1000
        assert type(await told(http.get("/x"))) is Unauthorized
        assert here.vendor.renewals == 2

    at(tmp_path, test)


def test_the_last_minute_of_a_token_is_used(tmp_path: Path) -> None:
    """While the vendor's token endpoint is ill, a token that still lives is sent; and the endpoint is left alone for a
    while, before the next try as after the token's end."""

    async def test(here: Place) -> None:
        await here.authorized()
        here.vendor.answers = [(503, {}, b"canary")] * 9
        here.clock.at += 1_750
        http = here.http()
        assert [await told(http.get("/x")) for _ in range(3)] == [200] * 3
        assert here.vendor.renewals == 1
        here.clock.at += 51
        failed = await told(http.get("/x"))
        assert (type(failed), here.vendor.renewals) == (Transient, 2)
        assert "503" in str(failed)

    at(tmp_path, test)


def test_an_endpoint_that_asks_for_time_gets_it(tmp_path: Path) -> None:
    """A 429 with `Retry-After`, and nobody asks before that is over."""

    async def test(here: Place) -> None:
        await here.authorized()
        here.clock.at += HOUR_S
        here.vendor.answers = [(429, {"Retry-After": "300"}, b"")] * 2
        http = here.http()
        for passed, renewals in ((0, 1), (HOLD_OFF_S, 1), (289, 1), (1, 2)):
            here.clock.at += passed
            assert type(await told(http.post("/x"))) is RateLimited
            assert here.vendor.renewals == renewals

    at(tmp_path, test)


HOSTILE: list[tuple[tuple[int, dict[str, str], bytes], type]] = [
    ((200, {}, b"<html>canary"), Transient),
    ((200, {}, b"[]"), Transient),
    ((200, {}, b'{"access_token":"canary",' + b'"a":' * 9), Transient),
    ((200, {}, b"[" * 60_000), Transient),
    ((201, {}, b'{"access_token":"canary\\r\\nX: y"}'), Transient),
    ((201, {}, b'{"access_token":"can ary"}'), Transient),
    ((201, {}, '{"access_token":"canary-é"}'.encode()), Transient),
    ((201, {}, b'{"access_token":"%s"}' % (b"canary" * 2_000)), Transient),
    ((201, {}, b'{"access_token":"canary","token_type":"mac"}'), Transient),
    ((201, {}, b'{"access_token":"canary","refresh_token":7}'), Transient),
    ((201, {}, b'{"access_token":"canary","expires_in":"soon"}'), Transient),
    ((201, {}, b'{"access_token":"canary","expires_in":1e999}'), Transient),
    ((201, {}, b'{"access_token":"canary","expires_in":true}'), Transient),
    ((200, {}, b'{"error":"invalid_client","access_token":"canary"}'), Unauthorized),
    ((400, {}, b'{"error":{"title":"canary"}}'), Unauthorized),
    ((400, {}, b'{"error":"canary is wrong"}'), Unauthorized),
    ((400, {}, b"<html>canary"), Unauthorized),
    ((401, {}, b""), Unauthorized),
    ((400, {}, b'{"error":"temporarily_unavailable"}'), Transient),
    ((302, {"Location": "http://127.0.0.1:1/canary"}, b""), Transient),
    ((429, {"Retry-After": "canary"}, b""), RateLimited),
    ((200, {}, b" " * (ANSWER_MAX + 1)), Permanent),
    ((200, {"Content-Encoding": "gzip"}, b"canary"), Transient),
    ((500, {}, b"canary"), Transient),
]


def test_hostile_answers_of_a_token_endpoint(tmp_path: Path) -> None:
    """Each is one of our errors that holds nothing of it, what is kept stays as it is, and the lease is given back."""

    async def test(here: Place) -> None:
        await here.authorized()
        here.clock.at += HOUR_S
        before = await here.row()
        for answer, kind in HOSTILE:
            here.vendor.answers = [answer]
            here.clock.at += HOLD_OFF_S
            failed = await told(here.http().post("/x"))
            assert type(failed) is kind, (answer, failed)
            assert "canary" not in f"{failed} {failed!r} {failed.__cause__}", answer
            assert await here.row() == before, answer
        assert await told(here.http().get("/x")) == 200

    at(tmp_path, test)


@pytest.mark.parametrize(
    ("told_life", "life_ms"),
    [("900", 900_000), (900.5, 900_500), (0, None), (-5, None), (None, None), (1e30, 316_224_000_000)],
)
def test_lives_that_vendors_tell(tmp_path: Path, told_life: object, life_ms: int | None) -> None:
    """A number, or digits; nothing useful is an untold life, and no life is longer than ten years."""

    async def test(here: Place) -> None:
        await here.authorized()
        here.clock.at += HOUR_S
        here.vendor.more = {"expires_in": told_life}
        assert await told(here.http().get("/x")) == 200
        ends_at = (await here.tokens()).ends_at
        assert (None if ends_at is None else ends_at - here.clock.now()) == life_ms

    at(tmp_path, test)


def test_what_a_renewal_does_not_tell_again_stays(tmp_path: Path) -> None:
    """The refresh token of a vendor that takes none back, its end, and the scope."""

    async def test(here: Place) -> None:
        end = here.clock.now() + 10**9
        await here.authorized(refresh_ends_at=end, scope="read")
        first = here.vendor.refresh
        here.clock.at += HOUR_S
        here.vendor.answers = [(200, {}, b'{"access_token":"canary-plain"}')]
        assert type(await told(here.http().get("/x"))) is Unauthorized, "the stand-in doesn't know that token"
        assert await here.tokens() == Tokens("canary-plain", first, None, end, "read")

    at(tmp_path, test)


def test_nothing_to_renew_with(tmp_path: Path) -> None:
    """No refresh token, nobody who authorized, no vault: each says what to do, and nobody is asked."""

    async def test(here: Place) -> None:
        nobody = await told(here.http().get("/x"))
        await here.authorized(refresh=None)
        here.clock.at += HOUR_S
        ended = await told(here.http().get("/x"))
        bare = VendorHttp(here.vendor.base, here.vendor.auth(), clock=here.clock, rng=SeededRng(1), reach=PRIVATE_TOO)
        without = await told(bare.get("/x"))
        await bare.aclose()
        for failed in (nobody, ended, without):
            assert type(failed) is Unauthorized
            assert "`gateway authorize" in str(failed)
        assert (here.vendor.forms, here.vendor.asked) == ([], [])

    at(tmp_path, test)


def test_a_key_that_can_not_be_used_is_told(tmp_path: Path) -> None:
    """Another key, one that others may open, none: the account is Unauthorized with what to do; put right, it works
    without a restart."""

    async def test(here: Place) -> None:
        await here.authorized()
        mine = here.key_file.read_text()
        http = here.http()
        here.key_file.unlink()
        missing = await told(http.get("/x"))
        make_key_file(here.key_file, SystemRng())
        wrong = await told(http.get("/x"))
        here.key_file.write_text(mine)
        here.key_file.chmod(0o640)
        opened = await told(http.get("/x"))
        here.key_file.chmod(0o600)
        for failed, word in ((missing, "no key file"), (wrong, "another key"), (opened, "chmod 600")):
            assert type(failed) is Unauthorized
            assert word in str(failed)
            assert mine.strip() not in str(failed)
        assert await told(http.get("/x")) == 200

    at(tmp_path, test)


def test_a_public_client_shows_no_secret(tmp_path: Path) -> None:
    """Its id goes into the body, and nothing else proves it."""

    async def test(here: Place) -> None:
        await here.authorized()
        here.clock.at += HOUR_S
        assert await told(here.http(auth=here.vendor.auth(secret=False)).get("/x")) == 200
        assert here.vendor.forms[-1].keys() == {"grant_type", "refresh_token", "client_id"}

    at(tmp_path, test)


def test_nothing_secret_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither by a repr nor by a log, nor does it lie on the disk."""

    async def test(here: Place) -> None:
        await here.authorized(scope="read")
        vault = here.vault()
        here.clock.at += HOUR_S
        assert await told(here.http(vault=vault).get("/x")) == 200
        shown = repr([vault, await vault.kept(), await vault.shelf.tokens(NAME), here.vendor.auth(), vault.seal])
        assert "canary" not in shown
        assert here.key_file.read_text().strip() not in shown
        assert repr(Granted("canary", "canary", 1.0, scope="read")) == (
            "Granted(life_s=1.0, refresh_life_s=None, scope='read')"
        )

    at(tmp_path, test)
    assert "canary" not in "".join(capsys.readouterr())
    for file in tmp_path.iterdir():
        assert b"canary" not in file.read_bytes(), file


def test_leases_outlast_renewals() -> None:
    """Else a second process would ask while the first one still waits."""
    assert LEASE_MS > ANSWER_S * 1000
