"""The simulated account's doors and faults: who may ask, how often, how lists are paged, and what each fault does."""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp import web
from gateway_zendesk.simulator import ZendeskSimulator
from gateway_zendesk.webhook import signature
from pydantic import SecretStr

from gateway.plugin import DAY_MS, parse_instant

START = parse_instant("2026-03-02T09:00:00Z")
VERIFIER = "a-verifier-that-is-long-enough-for-everyone-and-anyone"


class Door:
    """A simulated account under a told clock, and somebody who asks it by an API token, unless told otherwise."""

    def __init__(self, **options: Any) -> None:
        self.now = int(START)
        self.simulator = ZendeskSimulator(seed=4, **options)
        self.pushed: list[tuple[Any, bytes]] = []

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.hook = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"
        settings = await self.simulator.start(lambda: self.now, self.hook)
        self.base, self.secret = settings["base_url"], settings["client_secret"]
        self.session = aiohttp.ClientSession()
        self.proof = aiohttp.encode_basic_auth("root@support.example/token", self.simulator.api_token)

    async def stop(self) -> None:
        await self.session.close()
        await self.simulator.stop()
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        self.pushed.append((request.headers, await request.read()))
        return web.Response()

    async def ask(self, path: str, proof: str | None = "", method: str = "GET", **sent: Any) -> tuple[int, Any, Any]:
        """Status, content and headers of an answer; `proof` None for a stranger."""
        headers = {} if proof is None else {"Authorization": proof or self.proof}
        url = f"{self.base}/api/v2/{path}"
        async with self.session.request(method, url, headers=headers, **sent) as answer:
            body = await answer.read()
            return answer.status, await answer.json() if answer.content_type.endswith("json") else body, answer.headers

    async def token(self, grant: str, **form: Any) -> tuple[int, dict[str, Any]]:
        """What the token endpoint answers."""
        sent = {"grant_type": grant, "client_id": "simulated", "client_secret": self.secret, **form}
        async with self.session.post(f"{self.base}/oauth/tokens", json=sent) as answer:
            return answer.status, await answer.json()

    async def code(self, **query: str) -> str:
        """A code, as the page of consent gives it."""
        digest = hashlib.sha256(VERIFIER.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": "simulated",
            "redirect_uri": "http://127.0.0.1/back",
            "scope": "read",
            "state": "s1",
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
            **query,
        }
        url = f"{self.base}/oauth/authorizations/new"
        async with self.session.get(url, params=asked, allow_redirects=False) as answer:
            assert answer.status == 302
            back = parse_qs(urlsplit(answer.headers["Location"]).query)
        assert back["state"] == ["s1"]
        return back["code"][0]

    async def pair(self, code: str | None = None, **form: Any) -> tuple[int, dict[str, Any]]:
        """Tokens for a code."""
        code = await self.code() if code is None else code
        given = {"code": code, "redirect_uri": "http://127.0.0.1/back", "code_verifier": VERIFIER, **form}
        return await self.token("authorization_code", **given)


def play(work: Callable[[Door], Awaitable[Any]], **options: Any) -> None:
    async def main() -> None:
        door = Door(**options)
        await door.start()
        try:
            await work(door)
        finally:
            await door.stop()

    asyncio.run(main())


def test_a_token_lives_as_long_as_it_was_asked_to() -> None:
    """Client credentials give a token with 201; it opens the door until its time is over, and has no refresh token."""

    async def work(door: Door) -> None:
        status, given = await door.token("client_credentials", scope="read", expires_in=300)
        assert (status, given["expires_in"], "refresh_token" in given) == (201, 300, False)
        bearer = f"Bearer {given['access_token']}"
        assert (await door.ask("groups", bearer))[0] == 200
        door.now += 300_000
        assert (await door.ask("groups", bearer))[0] == 401
        assert (await door.token("client_credentials", expires_in=299))[0] == 400
        assert (await door.token("client_credentials", client_secret="wrong"))[0] == 401
        assert (await door.token("password"))[0] == 400

    play(work)


def test_a_code_is_for_once_for_two_minutes_and_for_whoever_asked() -> None:
    """A code gives a pair; it doesn't twice, too late, with another verifier, or for another address."""

    async def work(door: Door) -> None:
        code = await door.code()
        status, given = await door.pair(code)
        assert (status, given["scope"]) == (201, "read")
        assert (await door.pair(code))[1]["error"] == "invalid_grant"
        late = await door.code()
        door.now += 120_000
        assert (await door.pair(late))[1]["error"] == "invalid_grant"
        assert (await door.pair(code_verifier="another"))[1]["error"] == "invalid_grant"
        assert (await door.pair(redirect_uri="http://127.0.0.1/else"))[1]["error"] == "invalid_grant"

    play(work)


def test_a_refresh_gives_a_new_pair_and_ends_the_old_one() -> None:
    """After a refresh neither the old access token nor the old refresh token is worth anything; the new ones are."""

    async def work(door: Door) -> None:
        _, first = await door.pair()
        status, second = await door.token("refresh_token", refresh_token=first["refresh_token"])
        assert status == 201
        assert (await door.ask("groups", f"Bearer {first['access_token']}"))[0] == 401
        assert (await door.ask("groups", f"Bearer {second['access_token']}"))[0] == 200
        assert (await door.token("refresh_token", refresh_token=first["refresh_token"]))[1]["error"] == "invalid_grant"
        assert (await door.token("refresh_token", refresh_token=second["refresh_token"]))[0] == 201

    play(work)


def test_a_lost_answer_costs_the_pair() -> None:
    """The answer never comes, and the old pair is gone all the same."""

    async def work(door: Door) -> None:
        _, first = await door.pair()
        door.simulator.fault("lost_token")
        with pytest.raises(aiohttp.ClientError):
            await door.token("refresh_token", refresh_token=first["refresh_token"])
        door.simulator.fault("lost_token", on=False)
        assert (await door.token("refresh_token", refresh_token=first["refresh_token"]))[1]["error"] == "invalid_grant"
        assert (await door.ask("groups", f"Bearer {first['access_token']}"))[0] == 401

    play(work)


def test_revoked_takes_the_tokens_and_no_refresh_the_pairs() -> None:
    """A revoked token can be refreshed; without its refresh token somebody has to consent again."""

    async def work(door: Door) -> None:
        _, first = await door.pair()
        door.simulator.fault("revoked")
        assert (await door.ask("groups", f"Bearer {first['access_token']}"))[0] == 401
        _, second = await door.token("refresh_token", refresh_token=first["refresh_token"])
        door.simulator.fault("no_refresh")
        assert (await door.ask("groups", f"Bearer {second['access_token']}"))[0] == 401
        assert (await door.token("refresh_token", refresh_token=second["refresh_token"]))[0] == 400

    play(work)


def test_a_token_may_not_say_how_long_it_lives() -> None:
    """With the fault `no_expires_in` it doesn't, and lives as long as any."""

    async def work(door: Door) -> None:
        door.simulator.fault("no_expires_in")
        status, given = await door.token("client_credentials")
        assert (status, "expires_in" in given) == (201, False)

    play(work)


def test_strangers_and_narrow_scopes_are_kept_out() -> None:
    """A stranger gets 401, but for `users/me`, which knows nobody; a narrow scope opens tickets and no log."""

    async def work(door: Door) -> None:
        ticket = door.simulator.open_ticket()
        assert (await door.ask("tickets", None))[:2] == (401, {"error": "Couldn't authenticate you"})
        status, content, _ = await door.ask("users/me", None)
        assert (status, content["user"]["id"]) == (200, None)
        assert (await door.ask("users/me"))[1]["user"]["role"] == "admin"
        _, given = await door.token("client_credentials", scope="tickets:read")
        narrow = f"Bearer {given['access_token']}"
        assert (await door.ask(f"tickets/{ticket}", narrow))[0] == 200
        for path in (f"tickets/{ticket}/audits", "incremental/tickets/cursor?start_time=1", "users", "webhooks"):
            assert (await door.ask(path, narrow))[0] == 403

    play(work)


def test_what_is_not_there_is_told_in_two_ways() -> None:
    """A record that is missing and a path that is missing are both 404, under two names."""

    async def work(door: Door) -> None:
        assert (await door.ask("tickets/5"))[:2] == (404, {"error": "RecordNotFound", "description": "Not found"})
        assert (await door.ask("tickets/5/toys"))[1]["error"] == "InvalidEndpoint"
        assert (await door.ask("tickets", method="POST"))[1]["error"] == "InvalidEndpoint"
        assert (await door.ask("webhooks/none"))[1]["errors"][0]["code"] == "WebhookNotFound"
        many = ",".join(map(str, range(101)))
        assert (await door.ask(f"users/show_many?ids={many}"))[1]["error"] == "TooManyValues"

    play(work)


def test_lists_are_paged_by_cursor_and_by_number() -> None:
    """Both ways give every row once; a page beyond the 10,000th row and a cursor that is none are refused."""

    async def work(door: Door) -> None:
        for _ in range(5):
            door.simulator.open_ticket()
        found, turn = [], ""
        while True:
            _, page, _ = await door.ask(f"tickets?page[size]=2{turn}")
            found += [row["id"] for row in page["tickets"]]
            if not page["meta"]["has_more"]:
                break
            turn = f"&page[after]={page['meta']['after_cursor']}"
        assert (found, page["links"]["next"]) == ([1, 2, 3, 4, 5], None)
        _, second, _ = await door.ask("tickets?page=2&per_page=2")
        assert [row["id"] for row in second["tickets"]] == [3, 4]
        assert (second["count"], "page=3" in second["next_page"], "page=1" in second["previous_page"]) == (
            5,
            True,
            True,
        )
        status, deep, _ = await door.ask("tickets?page=101&per_page=100")
        assert (status, deep["errors"][0]["code"]) == (400, "InvalidPaginationDepth")
        _, last, _ = await door.ask("tickets?page[size]=2&sort=-id")
        assert [row["id"] for row in last["tickets"]] == [5, 4]
        for wrong in ("sort=subject", "page[after]=%21", "page[size]=0", "page[size]=x", "page=0", "per_page=x"):
            assert (await door.ask(f"tickets?{wrong}"))[0] == 400, wrong

    play(work)


def test_a_closed_ticket_is_archived_after_a_while() -> None:
    """After 120 days it is in no list any more; by its number and in the export it is."""

    async def work(door: Door) -> None:
        ticket = door.simulator.open_ticket()
        door.simulator.set_status(ticket, "closed")
        door.now += 121 * DAY_MS
        assert (await door.ask("tickets"))[1]["tickets"] == []
        assert (await door.ask(f"tickets/{ticket}"))[0] == 200
        assert len((await door.ask("incremental/tickets/cursor?start_time=1"))[1]["tickets"]) == 1

    play(work)


@pytest.mark.parametrize("query", ["", "start_time=", "start_time=-1", "start_time=x", "cursor=x", "cursor=MTIz"])
def test_an_export_wants_a_start_or_a_cursor_of_its_own(query: str) -> None:
    """Anything else is refused, and so is a start within the last minute."""

    async def work(door: Door) -> None:
        assert (await door.ask(f"incremental/tickets/cursor?{query}"))[0] == 400
        assert (await door.ask(f"incremental/tickets/cursor?start_time={START // 1000 - 59}"))[0] == 400

    play(work)


def test_limits_are_told_and_kept() -> None:
    """What is left is told in each generation of headers; beyond it is 429 with the seconds to wait."""

    async def work(door: Door) -> None:
        _, _, headers = await door.ask("groups")
        assert (headers["X-Rate-Limit"], headers["X-Rate-Limit-Remaining"]) == ("5", "4")
        assert headers["ratelimit-remaining"] == "4"
        for _ in range(2):
            _, _, headers = await door.ask("incremental/users/cursor?start_time=1")
        assert headers["Zendesk-RateLimit-incremental-exports-cursor"] == "total=2; remaining=0; resets=60"
        door.now += 10_000
        status, content, headers = await door.ask("incremental/users/cursor?start_time=1")
        assert (status, content["error"], headers["Retry-After"]) == (429, "APIRateLimitExceeded", "50")
        await door.ask("groups")
        assert (await door.ask("groups"))[0] == 429
        door.now += 50_000
        assert (await door.ask("groups"))[0] == 200

    play(work, plan_per_minute=5, export_per_minute=2)


FAULTY = [
    ("html_429", 429, "text/html", None),
    ("bare_429", 429, "application/json", None),
    ("error_500", 500, "application/json", None),
    ("down", 503, "text/html", None),
]


@pytest.mark.parametrize(("fault", "status", "kind", "retry_after"), FAULTY)
def test_a_fault_answers_everything(fault: str, status: int, kind: str, retry_after: str | None) -> None:
    """Each has its status and its kind of content, and goes away when it is switched off."""

    async def work(door: Door) -> None:
        door.simulator.fault(fault)
        found, _, headers = await door.ask("groups")
        assert (found, headers["Content-Type"].partition(";")[0], headers.get("Retry-After")) == (
            status,
            kind,
            retry_after,
        )
        door.simulator.fault(fault, on=False)
        assert (await door.ask("groups"))[0] == 200

    play(work)


def test_absurd_times_to_wait_are_of_every_kind() -> None:
    """Negative, huge, words, a date that is over, nothing, and a number that is none."""

    async def work(door: Door) -> None:
        door.simulator.fault("absurd_429")
        found = {(await door.ask("groups"))[2]["Retry-After"] for _ in range(6)}
        assert found == {"-5", "999999999", "soon", "", "1e9", "Wed, 21 Oct 2015 07:28:00 GMT"}

    play(work)


def test_a_truncated_answer_breaks_off() -> None:
    """The header promises more than comes."""

    async def work(door: Door) -> None:
        door.simulator.fault("truncate")
        with pytest.raises(aiohttp.ClientPayloadError):
            await door.ask("groups")

    play(work)


def test_a_slow_answer_comes_in_the_end() -> None:
    """It waits as long as it was told to, and is right."""

    async def work(door: Door) -> None:
        door.simulator.fault("slow")
        assert (await door.ask("groups"))[0] == 200

    play(work, slow_s=0.0)


def test_an_export_can_repeat_or_lose_its_cursor() -> None:
    """With one fault it says that there is more behind the same cursor, with the other it has none."""

    async def work(door: Door) -> None:
        door.simulator.open_ticket()
        door.now += 120_000
        _, page, _ = await door.ask("incremental/tickets/cursor?start_time=1")
        cursor = page["after_cursor"]
        assert base64.b64decode(cursor).decode() == f"{START // 1000}.0||1|"
        door.simulator.fault("repeat_cursor")
        _, page, _ = await door.ask(f"incremental/tickets/cursor?cursor={cursor}")
        assert (page["after_cursor"], page["end_of_stream"]) == (cursor, False)
        door.simulator.fault("null_cursor")
        _, page, _ = await door.ask("incremental/tickets/cursor?start_time=1")
        assert (page["after_cursor"], page["after_url"]) == (None, None)

    play(work)


def test_what_the_plan_lacks_is_refused_or_not_there() -> None:
    """Ratings are forbidden, conversations and custom statuses are no path; the rest answers."""

    async def work(door: Door) -> None:
        ticket = door.simulator.open_ticket()
        door.simulator.fault("plan")
        assert (await door.ask("satisfaction_ratings"))[0] == 403
        for path in ("custom_statuses", f"tickets/{ticket}/conversation_log"):
            assert (await door.ask(path))[1]["error"] == "InvalidEndpoint"
        assert (await door.ask(f"tickets/{ticket}"))[0] == 200

    play(work)


def test_a_late_commit_appears_behind_the_cursor_that_has_passed_it() -> None:
    """The row has its own time, the export shows it two minutes later, and the ticket itself is there at once."""

    async def work(door: Door) -> None:
        door.simulator.fault("late_commit")
        late = door.simulator.open_ticket()
        door.simulator.fault("late_commit", on=False)
        door.now += 1_000
        prompt = door.simulator.open_ticket()
        assert (await door.ask(f"tickets/{late}"))[0] == 200
        door.now += 61_000
        _, page, _ = await door.ask("incremental/tickets/cursor?start_time=1")
        assert [row["id"] for row in page["tickets"]] == [prompt]
        door.now += 60_000
        assert (await door.ask(f"incremental/tickets/cursor?cursor={page['after_cursor']}"))[1]["tickets"] == []
        rows = (await door.ask("incremental/tickets/cursor?start_time=1"))[1]["tickets"]
        assert [(row["id"], row["generated_timestamp"]) for row in rows] == [
            (late, START // 1000),
            (prompt, START // 1000 + 1),
        ]

    play(work)


def test_a_delayed_webhook_is_signed_when_it_is_sent() -> None:
    """It is sent when the told clock says so, eight minutes after what it tells; a signature has the later time."""

    async def work(door: Door) -> None:
        door.simulator.fault("delay")
        door.simulator.open_ticket()
        await door.simulator.settled()
        assert door.pushed == []
        door.now += 8 * 60_000
        await door.simulator.settled()
        ((headers, body),) = door.pushed
        stamp = headers["X-Zendesk-Webhook-Signature-Timestamp"]
        assert parse_instant(stamp) == door.now
        (hook,) = (await door.ask("webhooks"))[1]["webhooks"]
        _, secret, _ = await door.ask(f"webhooks/{hook['id']}/signing_secret")
        expected = signature(SecretStr(secret["signing_secret"]["secret"]), stamp, body)
        assert headers["X-Zendesk-Webhook-Signature"] == expected
        door.simulator.open_ticket()
        door.simulator.fault("delay", on=False)
        await door.simulator.settled()
        assert len(door.pushed) == 2

    play(work)


def test_a_webhook_hears_only_what_it_is_subscribed_to() -> None:
    """One can be made, narrowed, switched off and ended; one that vanished is neither listed nor sent to."""

    async def work(door: Door) -> None:
        door.simulator.push_to(None)
        assert (await door.ask("webhooks"))[1]["webhooks"] == []
        wish = {"endpoint": door.hook, "subscriptions": ["zen:event-type:ticket.created"]}
        status, made, _ = await door.ask("webhooks", method="POST", json={"webhook": wish})
        assert status == 201
        path = f"webhooks/{made['webhook']['id']}"
        ticket = door.simulator.open_ticket()
        door.simulator.agent_comment(ticket)
        await door.simulator.settled()
        assert len(door.pushed) == 1
        for wrong in ({}, {"webhook": {"endpoint": 1}}, []):
            assert (await door.ask("webhooks", method="POST", json=wrong))[0] == 400
        door.simulator.fault("no_webhook")
        door.simulator.open_ticket()
        assert (await door.ask(path))[0] == 404
        assert (await door.ask("webhooks"))[1]["webhooks"] == []
        door.simulator.fault("no_webhook", on=False)
        assert (await door.ask(path, method="PATCH", json={"webhook": {"status": "inactive"}}))[0] == 204
        assert (await door.ask(path))[1]["webhook"]["status"] == "inactive"
        door.simulator.open_ticket()
        await door.simulator.settled()
        assert len(door.pushed) == 1
        assert (await door.ask(path, method="DELETE"))[0] == 204
        assert (await door.ask(path))[0] == 404

    play(work)


def test_sideloads_come_where_they_are_asked_for() -> None:
    """People, groups, organizations and measures beside the tickets; counts, dates and policies within them."""

    async def work(door: Door) -> None:
        ticket = door.simulator.open_ticket()
        door.now += 600_000
        door.simulator.agent_comment(ticket)
        wanted = "users,groups,organizations,metric_sets,comment_count,dates,slas"
        _, answer, _ = await door.ask(f"tickets/{ticket}?include={wanted}")
        assert {"users", "groups", "organizations", "metric_sets"} < set(answer)
        assert answer["ticket"]["comment_count"] == 2
        assert answer["metric_sets"][0]["reply_time_in_minutes"]["calendar"] == 10
        assert parse_instant(answer["ticket"]["dates"]["latest_comment_added_at"]) == door.now
        assert set((await door.ask(f"tickets/{ticket}"))[1]) == {"ticket"}

    play(work)
