"""The simulated account: what happens in it, what its exports and lists show of that, and what it says is true."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from gateway_zendesk.simulator import FAULTS, ZendeskSimulator
from gateway_zendesk.simulator.acts import ACTS
from gateway_zendesk.simulator.hooks import KINDS, MESSAGE

from gateway.plugin import (
    DAY_MS,
    ContactDeleted,
    ContactMerged,
    ContactRedacted,
    CsatReceived,
    MessageAdded,
    MessageEdited,
    Ref,
    StatusChanged,
    parse_instant,
)
from gateway.plugin import FAULTS as COMMON

START = parse_instant("2026-03-02T09:00:00Z")
DELAY_MS = 8 * 60_000


class Desk:
    """A simulated account under a told clock, somebody who asks it, and somebody who takes its webhooks."""

    def __init__(self, **options: Any) -> None:
        self.now = int(START)
        self.simulator = ZendeskSimulator(seed=3, **options)
        self.pushed: list[dict[str, Any]] = []

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        settings = await self.simulator.start(lambda: self.now, f"http://127.0.0.1:{self._runner.addresses[0][1]}/")
        self.base, self.secret = settings["base_url"], settings["client_secret"]
        proof = aiohttp.encode_basic_auth("root@support.example/token", self.simulator.api_token)
        self.session = aiohttp.ClientSession(headers={"Authorization": proof})

    async def stop(self) -> None:
        await self.session.close()
        await self.simulator.stop()
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        self.pushed.append(await request.json())
        return web.Response()

    async def get(self, path: str, status: int = 200) -> Any:
        async with self.session.get(f"{self.base}/api/v2/{path}") as answer:
            assert answer.status == status, await answer.text()
            return await answer.json()

    async def kinds(self) -> list[str]:
        """The names of the webhooks that came."""
        await self.simulator.settled()
        return [one["type"].rpartition(".")[2] for one in self.pushed]

    async def export(self, path: str = "incremental/tickets/cursor", **query: Any) -> list[dict[str, Any]]:
        """The rows of an export by cursor, to its end."""
        key, rows = path.split("/")[1], []
        kept, turn = "".join(f"&{name}={value}" for name, value in query.items()), "start_time=1"
        while True:
            page = await self.get(f"{path}?{turn}{kept}")
            rows += page[key]
            if page["end_of_stream"]:
                return rows
            turn = f"cursor={page['after_cursor']}"


def play(work: Callable[[Desk], Awaitable[Any]], **options: Any) -> None:
    async def main() -> None:
        desk = Desk(**options)
        await desk.start()
        try:
            await work(desk)
        finally:
            await desk.stop()

    asyncio.run(main())


def told(desk: Desk, kind: type[Any]) -> list[Any]:
    return [event for event in desk.simulator.truth() if isinstance(event, kind)]


def test_every_act_can_happen_and_be_told() -> None:
    """Each act finds a ticket to happen to; the webhooks are of documented kinds, and each names its ticket."""

    async def work(desk: Desk) -> None:
        desk.simulator.seed(40, since=desk.now - 90 * DAY_MS)
        for name in sorted(ACTS):
            desk.now += 1_000
            ref = desk.simulator.act(name)
            assert (ref is None) == (name == "suspend"), name
        await desk.simulator.settled()
        assert {one["type"] for one in desk.pushed} <= {*KINDS, MESSAGE}
        assert len({one["id"] for one in desk.pushed}) == len(desk.pushed)
        assert all(one["subject"] == f"zen:ticket:{one['detail']['id']}" for one in desk.pushed)
        ids = [event.id for event in desk.simulator.truth()]
        assert len(ids) == len(set(ids))

    play(work, plan_per_minute=None)


def test_an_act_needs_a_name_and_a_ticket() -> None:
    """An unknown act is refused; an act for which there is no ticket does nothing."""

    async def work(desk: Desk) -> None:
        with pytest.raises(ValueError, match="no act"):
            desk.simulator.act("dance")
        assert desk.simulator.act("solve") is None
        assert desk.simulator.act("open") == Ref("ticket", "1")
        assert desk.simulator.act("undelete") is None

    play(work)


def test_every_common_fault_is_one_of_this_account() -> None:
    """The faults that mean the same for every vendor are there, and others are said to be none."""
    simulator = ZendeskSimulator()
    assert set(COMMON) < set(FAULTS) == simulator.faults
    with pytest.raises(ValueError, match="no fault"):
        simulator.fault("earthquake")


def test_a_merge_closes_the_one_and_is_written_in_both() -> None:
    """The source is closed, with its tag and a webhook that names the target; both logs name the other ticket."""

    async def work(desk: Desk) -> None:
        source, target = desk.simulator.open_ticket(), desk.simulator.open_ticket()
        desk.simulator.merge(source, target)
        (merged,) = told(desk, ContactMerged)
        assert (merged.ref.id, merged.into) == (str(source), Ref("ticket", str(target)))
        row = (await desk.get(f"tickets/{source}"))["ticket"]
        assert (row["status"], row["tags"]) == ("closed", ["closed_by_merge"])
        vias = [(await desk.get(f"tickets/{id}/audits"))["audits"][-1]["via"] for id in (source, target)]
        assert [via["source"]["rel"] for via in vias] == ["merge", "merge"]
        assert (vias[0]["source"]["to"], vias[1]["source"]["from"]) == ({"ticket_id": target}, {"ticket_id": source})
        assert (await desk.kinds()).count("merged") == 1
        with pytest.raises(ValueError, match="itself"):
            desk.simulator.merge(target, target)

    play(work)


def test_a_deleted_ticket_comes_back_or_is_gone_for_good() -> None:
    """Restored, it is as it was; purged, its content is gone at once, and the export says so; `updated_at` stays."""

    async def work(desk: Desk) -> None:
        back, purged = desk.simulator.open_ticket(subject="a"), desk.simulator.open_ticket(subject="b")
        desk.simulator.set_status(back, "pending")
        for ticket in (back, purged):
            desk.simulator.delete(ticket)
        await desk.get(f"tickets/{back}", 404)
        assert len(told(desk, ContactDeleted)) == 2
        desk.simulator.undelete(back)
        assert (await desk.get(f"tickets/{back}"))["ticket"]["status"] == "pending"
        assert [event.ref.id for event in told(desk, ContactDeleted)] == [str(purged)]
        desk.now += 5_000
        desk.simulator.purge(purged)
        desk.now += 120_000
        rows = {row["id"]: row for row in await desk.export()}
        assert (rows[purged]["status"], rows[purged]["subject"], rows[purged]["description"]) == (
            "deleted",
            "SCRUBBED",
            "X",
        )
        assert parse_instant(rows[purged]["updated_at"]) == START
        assert rows[purged]["generated_timestamp"] == START // 1000 + 5
        (redacted,) = told(desk, ContactRedacted)
        assert redacted.at == START + 5_000
        assert {"undeleted", "soft_deleted", "permanently_deleted"} <= set(await desk.kinds())

    play(work)


def test_a_redacted_comment_has_no_words_any_more() -> None:
    """The log shows the comment without them, and an entry that says which one it was."""

    async def work(desk: Desk) -> None:
        ticket = desk.simulator.open_ticket(text="my card number")
        desk.simulator.redact(ticket)
        assert "my card" not in json.dumps(await desk.get(f"tickets/{ticket}/audits"))
        (edited,) = told(desk, MessageEdited)
        (added,) = told(desk, MessageAdded)
        assert edited.message == added.id
        assert "my card" not in added.text
        assert await desk.kinds() == ["created", "comment_redacted"]
        with pytest.raises(ValueError, match="no comment"):
            desk.simulator.redact(ticket, 5)

    play(work)


def test_a_rating_is_on_the_row_in_the_log_and_in_the_list() -> None:
    """A rating shows in three places under one id; an ended ticket without one has been offered to rate."""

    async def work(desk: Desk) -> None:
        rated, other = desk.simulator.open_ticket(), desk.simulator.open_ticket()
        for ticket in (rated, other):
            desk.simulator.set_status(ticket, "solved")
        desk.simulator.rate(rated, "bad", "Too slow")
        (event,) = told(desk, CsatReceived)
        row = (await desk.get(f"tickets/{rated}"))["ticket"]["satisfaction_rating"]
        assert (row["score"], row["comment"]) == ("bad", "Too slow")
        (listed,) = (await desk.get("satisfaction_ratings"))["satisfaction_ratings"]
        assert (listed["id"], listed["ticket_id"]) == (row["id"], rated)
        assert event.id.endswith(f":{row['id']}")
        assert (await desk.get(f"tickets/{other}"))["ticket"]["satisfaction_rating"] == {"score": "offered"}

    play(work)


def test_a_conversation_stands_in_a_log_of_its_own() -> None:
    """Messages are in the conversation's log and a webhook; the ticket's own log and comments have only the note."""

    async def work(desk: Desk) -> None:
        ticket = desk.simulator.open_ticket(channel="native_messaging", messaging=True, text="Hi")
        desk.simulator.message(ticket, "bot", "How can I help?")
        desk.simulator.message(ticket, "agent", "I am here.")
        desk.simulator.agent_comment(ticket, "A note", public=False)
        events = (await desk.get(f"tickets/{ticket}/conversation_log"))["events"]
        assert [one["author"]["type"] for one in events] == ["user", "bot", "agent", "agent"]
        assert [one["type"] for one in events].count("Comment") == 1
        assert [one["body"] for one in (await desk.get(f"tickets/{ticket}/comments"))["comments"]] == ["A note"]
        said = told(desk, MessageAdded)
        assert {event.author.kind for event in said} == {"customer", "bot", "agent"}
        assert (await desk.kinds()).count("message_added") == 3
        pushed = {one["event"]["message"]["id"] for one in desk.pushed if one["type"] == MESSAGE}
        assert pushed == {one["reference"].rpartition(":")[2] for one in events if one["type"] != "Comment"}
        with pytest.raises(ValueError, match="no conversation"):
            desk.simulator.message(desk.simulator.open_ticket(), "user")

    play(work)


def test_a_status_of_the_accounts_own_belongs_to_a_category() -> None:
    """Its number is listed with its category; choosing it changes the status where the category differs."""

    async def work(desk: Desk) -> None:
        ticket = desk.simulator.open_ticket()
        desk.simulator.set_custom_status(ticket, "Waiting for documents")
        row = (await desk.get(f"tickets/{ticket}"))["ticket"]
        known = {one["id"]: one for one in (await desk.get("custom_statuses"))["custom_statuses"]}
        assert (row["status"], known[row["custom_status_id"]]["status_category"]) == ("pending", "pending")
        assert [event.to for event in told(desk, StatusChanged)] == ["new", "pending"]
        assert await desk.kinds() == ["created", "custom_status_changed", "status_changed"]
        with pytest.raises(ValueError, match="no status"):
            desk.simulator.set_custom_status(ticket, "On fire")

    play(work)


def test_a_bulk_update_stamps_everything_in_one_second() -> None:
    """One second has more rows than a page: by cursor each comes once, by time the export never ends."""

    async def work(desk: Desk) -> None:
        desk.simulator.seed(30, since=desk.now - DAY_MS)
        changed = desk.simulator.bulk_update()
        assert changed > 10
        desk.now += 120_000
        rows = await desk.export(support_type_scope="all")
        assert len(rows) == len({row["id"] for row in rows}) == 30
        assert sum(row["generated_timestamp"] == START // 1000 for row in rows) == changed
        page = await desk.get(f"incremental/tickets?start_time={START // 1000}")
        assert (page["count"], page["end_time"], page["end_of_stream"]) == (10, START // 1000, False)

    play(work, page_size=10, export_per_minute=None)


def test_the_size_of_a_page_can_be_set_until_the_start() -> None:
    """Whoever is given a simulator can have it make several pages of a few tickets."""

    async def main() -> None:
        desk = Desk()
        desk.simulator.page_size = 2
        await desk.start()
        try:
            for _ in range(3):
                desk.simulator.open_ticket()
            desk.now += 120_000
            page = await desk.get("incremental/tickets/cursor?start_time=1")
            assert (len(page["tickets"]), page["end_of_stream"]) == (2, False)
        finally:
            await desk.stop()

    asyncio.run(main())


def test_when_a_ticket_was_deleted_is_true_if_it_was_deleted_once() -> None:
    """Deleted again after it was restored, its log is gone, and with it which of the deletions it was."""

    async def work(desk: Desk) -> None:
        ticket = desk.simulator.open_ticket()
        desk.simulator.delete(ticket)
        assert len(told(desk, ContactDeleted)) == 1
        desk.simulator.undelete(ticket)
        desk.simulator.delete(ticket)
        assert told(desk, ContactDeleted) == []

    play(work)


def test_an_export_by_time_has_whole_seconds() -> None:
    """A second that doesn't fit comes with the next page; a full page's last second comes again."""

    async def work(desk: Desk) -> None:
        for at in (0, 1, 2, 2, 3):
            desk.simulator.open_ticket(at=START + at * 1000)
        desk.now += 3_600_000
        page = await desk.get("incremental/tickets?start_time=1")
        assert [row["id"] for row in page["tickets"]] == [1, 2]
        assert page["end_time"] == START // 1000 + 2
        page = await desk.get(f"incremental/tickets?start_time={page['end_time']}")
        assert ([row["id"] for row in page["tickets"]], page["end_of_stream"]) == ([3, 4, 5], True)
        assert page["end_time"] == START // 1000 + 3
        page = await desk.get(f"incremental/tickets?start_time={page['end_time']}")
        assert [row["id"] for row in page["tickets"]] == [5]

    play(work, page_size=3)


def test_people_are_exported_by_when_they_changed() -> None:
    """Somebody's new address shows again in the export of people, behind the cursor."""

    async def work(desk: Desk) -> None:
        ticket = desk.simulator.open_ticket(at=START - DAY_MS)
        requester = (await desk.get(f"tickets/{ticket}"))["ticket"]["requester_id"]
        page = await desk.get("incremental/users/cursor?start_time=1&per_page=100")
        assert requester in [row["id"] for row in page["users"]]
        desk.simulator.change_email(requester, "new@customer.example")
        desk.now += 120_000
        (row,) = (await desk.get(f"incremental/users/cursor?cursor={page['after_cursor']}"))["users"]
        assert (row["id"], row["email"]) == (requester, "new@customer.example")
        many = await desk.get(f"users/show_many?ids={requester},1")
        assert [one["email"] for one in many["users"]] == ["new@customer.example"]
        asked = await desk.get(f"users/{requester}/tickets/requested")
        assert [one["id"] for one in asked["tickets"]] == [ticket]
        await desk.get("users/1", 404)
        with pytest.raises(ValueError, match="address"):
            desk.simulator.change_email(requester, "agnes@support.example")

    play(work)


def test_what_the_system_changes_has_an_old_time_and_a_new_place() -> None:
    """The export shows the row again, with its old `updated_at`; no webhook and no log tells of it."""

    async def work(desk: Desk) -> None:
        ticket = desk.simulator.open_ticket(at=START - DAY_MS)
        (first,) = await desk.export()
        await desk.simulator.settled()
        desk.pushed.clear()
        desk.simulator.system_change(ticket)
        desk.now += 120_000
        (again,) = await desk.export()
        assert again == {**first, "generated_timestamp": START // 1000}
        assert await desk.kinds() == []

    play(work)


def test_a_suspended_mail_is_no_ticket_until_it_is_recovered() -> None:
    """It stands in a list of its own; recovered, it is a ticket, and the list is empty."""

    async def work(desk: Desk) -> None:
        queued = desk.simulator.suspend("Won")
        assert desk.simulator.truth() == []
        assert [one["id"] for one in (await desk.get("suspended_tickets"))["suspended_tickets"]] == [queued]
        ticket = desk.simulator.recover(queued)
        assert (await desk.get(f"tickets/{ticket}"))["ticket"]["subject"] == "Won"
        assert (await desk.get("suspended_tickets"))["suspended_tickets"] == []
        with pytest.raises(ValueError, match="suspended"):
            desk.simulator.recover(queued)

    play(work)


def test_a_long_history_is_there_at_once_and_is_told_the_same_each_time() -> None:
    """Thousands of tickets are exported in order, and varied; a log is the same each time, but for what is new."""

    async def work(desk: Desk) -> None:
        desk.simulator.seed(2_000, since=desk.now - 90 * DAY_MS)
        rows = await desk.export(support_type_scope="all", per_page=1_000)
        assert sorted(row["id"] for row in rows) == list(range(1, 2_001))
        places = [(row["generated_timestamp"], row["id"]) for row in rows]
        assert places == sorted(places)
        assert parse_instant(rows[0]["created_at"]) == START - 90 * DAY_MS
        assert all(parse_instant(row["updated_at"]) < desk.now - 60_000 for row in rows)
        assert {row["status"] for row in rows} == {"new", "open", "pending", "solved", "closed", "deleted"}
        log = (await desk.get("tickets/2/audits"))["audits"]
        assert (await desk.get("tickets/2/audits"))["audits"] == log
        desk.simulator.add_tags(2, "later")
        assert (await desk.get("tickets/2/audits"))["audits"][:-1] == log
        assert desk.pushed == []

    play(work)


def test_the_truth_of_a_history_is_what_its_logs_say() -> None:
    """Each comment of a ticket that is there is in the truth once; merges name both, and a scrubbed one is redacted."""

    async def work(desk: Desk) -> None:
        desk.simulator.seed(21, since=desk.now - 90 * DAY_MS)
        truth = desk.simulator.truth()
        assert len({event.id for event in truth}) == len(truth)
        comments = [
            f"comment:{one['id']}"
            for row in (await desk.get("tickets"))["tickets"]
            for one in (await desk.get(f"tickets/{row['id']}/comments"))["comments"]
        ]
        said = [event.id for event in truth if isinstance(event, MessageAdded) and event.id.startswith("comment:")]
        assert sorted(comments) == sorted(said)
        (merged,) = [event for event in truth if isinstance(event, ContactMerged)]
        assert int(merged.into.id) == int(merged.ref.id) - 1
        assert len([event for event in truth if isinstance(event, ContactRedacted)]) == 1

    play(work, plan_per_minute=None)


def test_a_seed_after_the_first_export_does_not_appear_behind_a_cursor() -> None:
    """What an import brings is in the export as of now, however old it is."""

    async def work(desk: Desk) -> None:
        page = await desk.get("incremental/tickets/cursor?start_time=1")
        assert page["after_cursor"] is None
        desk.simulator.open_ticket()
        desk.now += 120_000
        cursor = (await desk.get("incremental/tickets/cursor?start_time=1"))["after_cursor"]
        desk.simulator.seed(3, since=START - DAY_MS)
        desk.now += 120_000
        assert len((await desk.get(f"incremental/tickets/cursor?cursor={cursor}"))["tickets"]) == 3

    play(work)
