"""The simulated account's doors and faults: who may ask, how often, how lists are paged, and what each fault does."""

from typing import Any

import aiohttp
import pytest

from gateway.plugin import DAY_MS
from plugins.freshdesk.tests.helpdesk import Desk, play

ASC = "order_by=updated_at&order_type=asc"
SINCE = "updated_since=2020-01-01T00:00:00Z"


def test_only_who_has_the_key_may_ask() -> None:
    """401 in Freshdesk's words to strangers, whatever they ask; any password does. There is nothing outside /api/v2."""

    async def work(desk: Desk) -> None:
        refused = {"code": "invalid_credentials", "message": "You have to be logged in to perform this action."}
        for key in (None, "wrong", "wr\u00f6ng"):
            for path in ("tickets", "nowhere"):
                status, content, _ = await desk.ask(path, key=key)
                assert (status, content) == (401, refused)
        for scheme in ("Bearer x", "Basic", "Basic %%%", "Basic /w=="):
            url = f"{desk.settings['base_url']}/api/v2/tickets"
            async with desk.session.get(url, headers={"Authorization": scheme}) as answer:
                assert answer.status == 401
        assert (await desk.ask("agents/me"))[1]["contact"]["email"] == "root@support.example"
        assert (await desk.ask("tickets", base="/"))[:2] == (404, b"")
        desk.simulator.fault("no_key")
        assert (await desk.ask("agents/me"))[0] == 401

    play(work)


def test_without_a_window_only_a_month_is_listed() -> None:
    """Trap 39: the default is what was created in the last thirty days; `updated_since` lifts it."""

    async def work(desk: Desk) -> None:
        old = desk.simulator.open_ticket(at=desk.now - 31 * DAY_MS)
        new = desk.simulator.open_ticket(at=desk.now - 29 * DAY_MS)
        assert [row["id"] for row in await desk.get("tickets")] == [new]
        assert [row["id"] for row in await desk.get("tickets", updated_since="2020-01-01T00:00:00Z")] == [new, old]

    play(work)


def test_a_window_begins_with_its_second() -> None:
    """`updated_since` is inclusive and knows whole seconds, in any zone; what it can't read it refuses."""

    async def work(desk: Desk) -> None:
        desk.now += 700
        desk.simulator.open_ticket()
        for since, count in (
            ("2026-03-02T09:00:00Z", 1),
            ("2026-03-02T09:00:00.900Z", 1),
            ("2026-03-02T14:30:00+05:30", 1),
            ("2026-03-02T09:00:01Z", 0),
        ):
            assert len(await desk.window(since)) == count, since
        for since in ("yesterday", "2026-03-02", ""):
            status, content, _ = await desk.ask(f"tickets?updated_since={since}")
            assert (status, content["errors"][0]["field"]) == (400, "updated_since")

    play(work)


def test_there_is_a_last_page() -> None:
    """Trap 38: behind the last page there is a wall, in Freshdesk's words; up to it a link tells of the next."""

    async def work(desk: Desk) -> None:
        desk.simulator.seed(40, since=desk.now - DAY_MS)
        last = f"tickets?{SINCE}&{ASC}&per_page=3&page=4"
        status, rows, headers = await desk.ask(last)
        assert (status, len(rows)) == (200, 3)
        assert 'page=5>; rel="next"' in headers["Link"]
        status, content, _ = await desk.ask(last.replace("page=4", "page=5"))
        assert status == 400
        assert content == {
            "description": "Validation failed",
            "errors": [
                {
                    "field": "page",
                    "message": "You cannot access tickets beyond the 4th page. Please provide a smaller page number.",
                    "code": "invalid_value",
                }
            ],
        }

    play(work, pages_max=4)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("per_page=101", "per_page"),
        ("per_page=0", "per_page"),
        ("page=-1", "page"),
        ("page=\u0663", "page"),
        ("page=99999999999", "page"),
        ("order_by=subject", "order_by"),
        ("order_type=up", "order_type"),
        ("filter=closed", "filter"),
        ("include=everything", "include"),
    ],
)
def test_what_it_does_not_know_it_refuses(query: str, field: str) -> None:
    """400, and which parameter it was."""

    async def work(desk: Desk) -> None:
        status, content, _ = await desk.ask(f"tickets?{query}")
        assert (status, content["description"]) == (400, "Validation failed")
        assert content["errors"][0]["field"] == field

    play(work)


def test_rows_drift_while_somebody_pages() -> None:
    """Trap 40: what changes between two pages moves to the end, and a row is skipped by who goes on by page number;
    who walks from the last page to the first sees every row of a second that is over."""

    async def work(desk: Desk) -> None:
        for _ in range(8):
            desk.simulator.open_ticket()
        desk.now += 60_000
        desk.simulator.fault("drift")
        forwards = [row["id"] for row in await desk.window(per_page=2)]
        assert set(forwards) != set(range(1, 9))
        desk.now += 60_000
        desk.simulator.fault("drift", on=False)
        second, seen = "updated_since=2026-03-02T09:01:00Z", []
        moved = [row["id"] for row in await desk.window("2026-03-02T09:01:00Z")]
        desk.simulator.fault("drift")
        for page in range(-(-len(moved) // 2), 0, -1):
            seen += [row["id"] for row in await desk.get(f"tickets?{second}&{ASC}&per_page=2&page={page}&x")]
        assert set(moved) <= set(seen)

    play(work)


def test_what_is_committed_late_is_listed_late() -> None:
    """For a minute no list has it; whoever asks for it by its number sees it at once."""

    async def work(desk: Desk) -> None:
        desk.simulator.fault("late_commit")
        ticket = desk.simulator.open_ticket()
        desk.simulator.rate(ticket)
        desk.simulator.fault("late_commit", on=False)
        desk.simulator.open_ticket()
        assert [row["id"] for row in await desk.window()] == [2]
        assert await desk.get("surveys/satisfaction_ratings") == []
        assert (await desk.get(f"tickets/{ticket}"))["id"] == ticket
        desk.now += 60_000
        assert [row["id"] for row in await desk.window()] == [1, 2]
        assert len(await desk.get("surveys/satisfaction_ratings")) == 1

    play(work)


def test_lists_are_paged_in_any_order() -> None:
    """By creation, the newest first, unless told otherwise; what isn't asked for isn't included."""

    async def work(desk: Desk) -> None:
        first, second = desk.simulator.open_ticket(), desk.simulator.open_ticket(channel="web")
        desk.now += 5_000
        desk.simulator.set_status(first, "pending")
        assert [row["id"] for row in await desk.get("tickets")] == [second, first]
        assert [row["id"] for row in await desk.get("tickets", order_by="updated_at")] == [first, second]
        assert [row["id"] for row in await desk.get("tickets", order_by="status", order_type="asc")] == [second, first]
        assert [row["id"] for row in await desk.get("tickets", filter="new_and_my_open")] == [second]
        assert await desk.get("tickets", filter="watching") == []
        assert await desk.get("tickets", email="nobody@customer.example") == []
        assert len(await desk.get("tickets", email="ada@customer.example")) == 2
        plain = (await desk.get("tickets"))[0]
        assert not {"stats", "requester", "description", "description_text"} & set(plain)
        (row, _) = await desk.get("tickets", include="stats,requester,description")
        assert row["description_text"] == "Please help me."
        assert row["requester"]["email"] == "ada@customer.example"
        assert row["stats"]["status_updated_at"] == "2026-03-02T09:00:00Z"
        one = await desk.get(f"tickets/{second}", include="conversations")
        assert (one["conversations"], one["description"]) == ([], "<div>Please help me.</div>")

    play(work)


def test_ten_conversations_are_included_and_all_are_listed() -> None:
    """A view has the first ten; the list pages through all, the oldest first."""

    async def work(desk: Desk) -> None:
        ticket = desk.simulator.open_ticket()
        for turn in range(12):
            desk.simulator.customer_comment(ticket, f"Word {turn}")
        assert len((await desk.get(f"tickets/{ticket}", include="conversations"))["conversations"]) == 10
        status, rows, headers = await desk.ask(f"tickets/{ticket}/conversations?per_page=5&page=2")
        assert [row["body_text"] for row in rows] == [f"Word {turn}" for turn in range(5, 10)]
        assert "page=3" in headers["Link"]
        assert (await desk.ask("tickets/77/conversations"))[:2] == (404, b"")
        assert status == 200

    play(work)


def test_credits_are_counted_and_run_out() -> None:
    """Two more for each thing included; behind the last comes 429 with the seconds to wait, and nothing is counted."""

    async def work(desk: Desk) -> None:
        _, _, headers = await desk.ask("tickets?include=stats,requester")
        told = {name: headers[f"X-RateLimit-{name}"] for name in ("Total", "Remaining", "Used-CurrentRequest")}
        assert told == {"Total": "10", "Remaining": "5", "Used-CurrentRequest": "5"}
        assert (await desk.ask("tickets/1"))[2]["X-RateLimit-Remaining"] == "4"
        desk.now += 20_000
        status, content, headers = await desk.ask("tickets?include=stats,requester")
        assert (status, headers["Retry-After"]) == (429, "40")
        assert content == {"message": "You have exceeded the limit of requests per minute"}
        assert (await desk.ask("agents/me"))[2]["X-RateLimit-Remaining"] == "3"
        desk.now += 40_000
        assert (await desk.ask("agents/me"))[2]["X-RateLimit-Remaining"] == "8"

    play(work, per_minute=10)


def test_lists_of_tickets_have_a_limit_of_their_own() -> None:
    """The list is full while a ticket can be looked up still."""

    async def work(desk: Desk) -> None:
        desk.simulator.open_ticket()
        assert [(await desk.ask("tickets"))[0] for _ in range(3)] == [200, 200, 429]
        assert (await desk.ask("tickets/1"))[0] == 200

    play(work, list_per_minute=2)


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        ("html_429", 429, b"<html>"),
        ("bare_429", 429, {"message": "You have exceeded the limit of requests per minute"}),
        ("error_500", 500, {"code": "internal_error", "message": "We're sorry, but something went wrong."}),
        ("down", 503, b"<html>"),
    ],
)
def test_every_answer_can_be_wrong(fault: str, status: int, body: Any) -> None:
    """As the fault says, until it is over."""

    async def work(desk: Desk) -> None:
        desk.simulator.fault(fault)
        found, content, headers = await desk.ask("tickets")
        assert found == status
        assert content == body or content.startswith(body)
        assert "Retry-After" not in headers
        desk.simulator.fault(fault, on=False)
        assert (await desk.ask("tickets"))[0] == 200

    play(work)


def test_an_answer_can_break_off() -> None:
    """Half of it comes, and its header promises all."""

    async def work(desk: Desk) -> None:
        desk.simulator.fault("truncate")
        with pytest.raises(aiohttp.ClientPayloadError):
            await desk.ask("ticket_fields")

    play(work)


def test_a_plan_may_lack_ratings() -> None:
    """Trap 42: 403 with `require_feature`, and tickets are there all the same."""

    async def work(desk: Desk) -> None:
        desk.simulator.open_ticket()
        desk.simulator.fault("plan")
        for path in ("surveys/satisfaction_ratings", "tickets/1/satisfaction_ratings"):
            status, content, _ = await desk.ask(path)
            assert (status, content["code"]) == (403, "require_feature")
        assert (await desk.ask("tickets/1"))[0] == 200

    play(work)


def test_the_account_tells_its_words() -> None:
    """Statuses of the account's own from 6 on, groups, agents, roles and contacts, each also by its id."""

    async def work(desk: Desk) -> None:
        desk.simulator.open_ticket()
        (status,) = await desk.get("ticket_fields", type="default_status")
        assert status["choices"]["6"] == ["Waiting on Third Party", "Being Processed"]
        for name in ("groups", "agents", "roles", "contacts"):
            rows = await desk.get(name)
            assert await desk.get(f"{name}/{rows[0]['id']}") == rows[0]
            assert (await desk.ask(f"{name}/99"))[:2] == (404, b"")
        assert await desk.get("companies") == []
        assert (await desk.get("search/companies", query='"name:x"'))["results"] == []
        assert (await desk.get("settings/helpdesk"))["primary_language"] == "en"
        assert await desk.get("contacts", email="nobody@customer.example") == []

    play(work)


def test_a_search_finds_by_fields() -> None:
    """Alternatives, and conditions with AND between; what it doesn't know it refuses."""

    async def work(desk: Desk) -> None:
        vip = desk.simulator.open_ticket(tags=("vip",), priority="high")
        desk.simulator.open_ticket(priority="high")
        found = await desk.get("search/tickets", query="\"priority:3 AND tag:'vip'\"")
        assert (found["total"], [row["id"] for row in found["results"]]) == (1, [vip])
        assert (await desk.get("search/tickets", query='"agent_id:null"'))["total"] == 2
        either = "\"(tag:'vip' OR status:5) AND (priority:3 OR priority:4)\""
        assert (await desk.get("search/tickets", query=either))["total"] == 1
        for query in ("status:2", '"colour:3"', '"status"', '"', ""):
            assert (await desk.ask("search/tickets", params={"query": query}))[0] == 400, query
        assert (await desk.ask("search/tickets", params={"query": '"status:2"', "page": "11"}))[0] == 400

    play(work)
