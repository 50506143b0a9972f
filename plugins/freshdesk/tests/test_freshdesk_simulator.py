"""The simulated account: what happens in it, what its lists and webhooks show of that, and what it says is true."""

import asyncio
import json
from typing import Any
from urllib.parse import parse_qs

import pytest
from gateway_freshdesk.settings import FreshdeskSettings
from gateway_freshdesk.simulator import FAULTS, FreshdeskSimulator
from gateway_freshdesk.simulator.acts import ACTS, CHANNELS, WORDS
from gateway_freshdesk.simulator.people import STATUSES as LABELS
from gateway_freshdesk.simulator.story import MEDIA, STATUSES

from gateway.plugin import (
    DAY_MS,
    ContactDeleted,
    ContactObserved,
    ContactOpened,
    CsatReceived,
    MessageAdded,
    MessageEdited,
    Ref,
    StatusChanged,
    parse_instant,
)
from gateway.plugin import FAULTS as COMMON
from plugins.freshdesk.tests.helpdesk import START, Desk, play


def told(desk: Desk, kind: type[Any]) -> list[Any]:
    return [event for event in desk.simulator.truth() if isinstance(event, kind)]


def test_every_act_can_happen_and_is_told() -> None:
    """Each act finds a ticket to happen to, and one webhook names it: a hundred for a hundred tickets at once."""

    async def work(desk: Desk) -> None:
        desk.simulator.seed(40, since=desk.now - 90 * DAY_MS)
        for name in sorted(ACTS):
            desk.now += 1_000
            ref = desk.simulator.act(name)
            assert ref is not None, name
            await desk.simulator.settled()
            bodies = [json.loads(body) for _, body in desk.pushed]
            assert {body["freshdesk_webhook"]["ticket_id"] for body in bodies} >= {int(ref.id)}, name
            assert (len(bodies) == 1) == (name != "bulk"), name
            desk.pushed.clear()

    play(work)


def test_an_empty_account_has_nothing_to_act_on() -> None:
    """What happens to a ticket wants one; an unknown act, fault, channel or status is said so."""

    async def work(desk: Desk) -> None:
        assert desk.simulator.act("customer_comment") is None
        assert desk.simulator.act("bulk") is None
        assert desk.simulator.act("open") == Ref("ticket", "1")
        with pytest.raises(ValueError, match="'dance' is no act: there are absence, agent_comment, "):
            desk.simulator.act("dance")
        with pytest.raises(ValueError, match="'rain' is no fault: there are bare_429, "):
            desk.simulator.fault("rain")
        with pytest.raises(ValueError, match="'pigeon' is no channel"):
            desk.simulator.open_ticket(channel="pigeon")
        with pytest.raises(ValueError, match="'new' is no status"):
            desk.simulator.set_status(1, "new")
        with pytest.raises(ValueError, match="there is no ticket 9"):
            desk.simulator.assign(9)
        with pytest.raises(ValueError, match="'id' can't be changed"):
            desk.simulator.change(1, id=7)

    play(work)


def test_faults_and_words_are_whole() -> None:
    """The common faults are there but for tokens, which the account has none of; every channel and status is mapped."""
    assert set(COMMON) - {"revoked"} <= FreshdeskSimulator.faults == set(FAULTS)
    assert set(CHANNELS.values()) == set(MEDIA)
    assert set(WORDS.values()) <= set(LABELS) == set(STATUSES)


def test_a_seed_tells_the_same_again() -> None:
    """Two accounts of one seed have the same truth; every kind of event is in a history."""
    truths: list[Any] = []

    async def work(desk: Desk) -> None:
        desk.simulator.seed(60, since=desk.now - 30 * DAY_MS)
        for name in sorted(ACTS):
            desk.simulator.act(name)
        truths.append(desk.simulator.truth())

    play(work)
    play(work)
    assert truths[0] == truths[1]
    assert {type(event) for event in truths[0]} == {
        ContactDeleted,
        ContactObserved,
        ContactOpened,
        CsatReceived,
        MessageAdded,
        MessageEdited,
        StatusChanged,
    }


def test_a_history_is_over_before_it_is_read() -> None:
    """Nothing of a seeded ticket is before its opening or later than now, however little time there was for it."""

    async def work(desk: Desk) -> None:
        for days in (300.0, 1.0, 0.001):
            desk.simulator.seed(25, since=desk.now - round(days * DAY_MS))
        assert (
            len(await desk.window()) + len(await desk.window(filter="deleted")) + len(await desk.window(filter="spam"))
            == len(told(desk, ContactOpened))
            == 75
        )
        opened = {event.ref: event.at for event in told(desk, ContactOpened)}
        assert all(opened[event.ref] <= event.at < desk.now for event in desk.simulator.truth())

    play(work)


def test_statuses_are_remembered_as_freshdesk_does() -> None:
    """Closing solves in the same second; reopening forgets both; pending stays as the last time."""

    async def work(desk: Desk) -> None:
        ticket = desk.simulator.open_ticket()

        async def stats(status: str) -> dict[str, str | None]:
            desk.now += 60_000
            desk.simulator.set_status(ticket, status)
            found = (await desk.get(f"tickets/{ticket}", include="stats"))["stats"]
            return {name: value for name, value in found.items() if value is not None}

        assert await stats("pending") == {
            "status_updated_at": "2026-03-02T09:01:00Z",
            "pending_since": "2026-03-02T09:01:00Z",
        }
        assert await stats("closed") == {
            "status_updated_at": "2026-03-02T09:02:00Z",
            "pending_since": "2026-03-02T09:01:00Z",
            "resolved_at": "2026-03-02T09:02:00Z",
            "closed_at": "2026-03-02T09:02:00Z",
        }
        assert await stats("hold") == {
            "status_updated_at": "2026-03-02T09:03:00Z",
            "pending_since": "2026-03-02T09:01:00Z",
            "reopened_at": "2026-03-02T09:03:00Z",
        }
        assert [(event.id, event.to) for event in told(desk, StatusChanged)] == [
            ("ticket:1:status:1772442180:on_hold", "on_hold"),
            ("ticket:1:status:1772442180:open", "open"),
            ("ticket:1:status:1772442060:pending", "pending"),
        ]
        before = await stats("hold")
        assert before["status_updated_at"] == "2026-03-02T09:03:00Z", "the same status again is no change"

    play(work)


def test_a_customers_reply_opens_again() -> None:
    """What was solved is open, and Freshdesk remembers when; an agent's reply leaves it as it is."""

    async def work(desk: Desk) -> None:
        ticket = desk.simulator.open_ticket()
        desk.simulator.set_status(ticket, "solved")
        desk.simulator.agent_comment(ticket)
        assert (await desk.get(f"tickets/{ticket}"))["status"] == 4
        desk.now += 5_000
        desk.simulator.customer_comment(ticket)
        row = await desk.get(f"tickets/{ticket}", include="stats")
        assert (row["status"], row["stats"]["reopened_at"]) == (2, "2026-03-02T09:00:05Z")
        assert row["stats"]["resolved_at"] is None
        assert row["stats"]["first_responded_at"] == "2026-03-02T09:00:00Z"

    play(work)


def test_who_wrote_is_told_by_the_entry() -> None:
    """Trap 43: who is on the copy is not the requester; a note is internal; a web chat's words stand there twice."""

    async def work(desk: Desk) -> None:
        ticket = desk.simulator.open_ticket(channel="web_chat", text="Hello.")
        desk.simulator.customer_comment(ticket, "Me too.", by=("Carl", "carl@customer.example"))
        desk.simulator.agent_comment(ticket, "A note.", public=False)
        row = await desk.get(f"tickets/{ticket}")
        talk = await desk.get(f"tickets/{ticket}/conversations")
        assert (row["source"], row["description_text"]) == (15, "Hello.")
        assert [(one["body_text"], one["incoming"], one["private"], one["source"]) for one in talk] == [
            ("Hello.", True, False, 0),
            ("Me too.", True, False, 0),
            ("A note.", False, True, 2),
        ]
        assert talk[0]["user_id"] == row["requester_id"] != talk[1]["user_id"]
        authors = [
            (event.id, event.author.kind, event.author.id, event.visibility) for event in told(desk, MessageAdded)
        ]
        assert authors == [
            ("conversation:1", "customer", str(talk[0]["user_id"]), "public"),
            ("conversation:2", "customer", str(talk[1]["user_id"]), "public"),
            ("conversation:3", "agent", str(talk[2]["user_id"]), "internal"),
        ]

    play(work)


def test_what_is_edited_says_when() -> None:
    """An edited entry has its new words, and moves its ticket; an entry that isn't there can't be edited."""

    async def work(desk: Desk) -> None:
        ticket = desk.simulator.open_ticket(channel="outbound")
        entry = desk.simulator.agent_comment(ticket, "Frist.")
        desk.now += 90_000
        desk.simulator.edit(entry, "First.")
        (one,) = await desk.get(f"tickets/{ticket}/conversations")
        assert (one["body_text"], one["last_edited_at"]) == ("First.", "2026-03-02T09:01:30Z")
        (edited,) = told(desk, MessageEdited)
        assert (edited.id, edited.message) == (f"conversation:{entry}:edited:1772442090", f"conversation:{entry}")
        assert (await desk.get(f"tickets/{ticket}"))["updated_at"] == "2026-03-02T09:01:30Z"
        with pytest.raises(ValueError, match="there is no entry 99"):
            desk.simulator.edit(99)

    play(work)


def test_what_is_removed_is_in_a_list_of_its_own() -> None:
    """The common list forgets it, `filter` shows it; restored it is back, purged it leaves no trace."""

    async def work(desk: Desk) -> None:
        simulator = desk.simulator
        kept, deleted, spam = (simulator.open_ticket() for _ in range(3))
        desk.now += 1_000
        simulator.delete(deleted)
        simulator.delete(spam, spam=True)

        async def ids(**query: Any) -> list[int]:
            return [row["id"] for row in await desk.window(**query)]

        assert (await ids(), await ids(filter="deleted"), await ids(filter="spam")) == ([kept], [deleted], [spam])
        assert (await desk.get(f"tickets/{deleted}"))["deleted"] is True
        assert (await desk.get(f"tickets/{spam}"))["spam"] is True
        ends = told(desk, ContactDeleted)
        assert [(event.id, event.at) for event in ends] == [
            (f"ticket:{id}:deleted", parse_instant("2026-03-02T09:00:01Z")) for id in (deleted, spam)
        ]
        for id in (deleted, spam):
            with pytest.raises(ValueError, match="is removed"):
                simulator.agent_comment(id)
        simulator.restore(spam)
        with pytest.raises(ValueError, match="is not removed"):
            simulator.purge(spam)
        simulator.purge(deleted)
        assert (await ids(), await ids(filter="deleted"), await ids(filter="spam")) == ([kept, spam], [], [])
        assert (await desk.ask(f"tickets/{deleted}"))[0] == 404
        assert {event.ref.id for event in simulator.truth()} == {str(kept), str(spam)}
        simulator.delete(spam)
        assert told(desk, ContactDeleted) == [], "when it ended, only one who watched can tell"

    play(work)


def test_a_rating_touches_no_ticket() -> None:
    """The ticket isn't changed, so that no window shows it; the best is 3, the worst -3."""

    async def work(desk: Desk) -> None:
        ticket = desk.simulator.open_ticket()
        desk.now += 60_000
        for score in (103, 100, -103):
            desk.simulator.rate(ticket, score, "So.")
        assert await desk.window("2026-03-02T09:00:30Z") == []
        rows = await desk.get("surveys/satisfaction_ratings", created_since="2026-03-02T09:01:00Z")
        assert sorted(row["ratings"]["default_question"] for row in rows) == [-103, 100, 103]
        assert rows[0]["feedback"] == "So."
        assert len(await desk.get(f"tickets/{ticket}/satisfaction_ratings")) == 3
        assert await desk.get("surveys/satisfaction_ratings", created_since="2026-03-02T09:01:01Z") == []
        assert [(event.id, event.score) for event in told(desk, CsatReceived)] == [
            ("rating:1", 3.0),
            ("rating:2", 0.0),
            ("rating:3", -3.0),
        ]
        with pytest.raises(ValueError, match="5 is no rating"):
            desk.simulator.rate(ticket, 5)

    play(work)


def test_webhooks_are_thin_unsigned_and_not_always_json() -> None:
    """A shared token in a header or as a password; the body is JSON, somebody's own, or a form: the words in it are
    not escaped."""

    async def work(desk: Desk) -> None:
        simulator = desk.simulator
        simulator.act("open_quoted")
        for name in ("own_body", "form", "basic"):
            simulator.fault(name)
            simulator.assign(1)
            await simulator.settled()
            simulator.fault(name, on=False)
        simulator.push_to(None)
        simulator.assign(1)
        await simulator.settled()
        token = desk.settings["webhook_token"]
        (plain, one), (_, own), (form, two), (basic, _) = desk.pushed
        assert plain["X-Gateway-Token"] == token
        assert json.loads(one)["freshdesk_webhook"]["ticket_id"] == 1
        with pytest.raises(json.JSONDecodeError):
            json.loads(own)
        assert b'"ticket_id": "1"' in own
        assert form["Content-Type"] == "application/x-www-form-urlencoded"
        assert parse_qs(two.decode())["ticket_id"] == ["1"]
        assert "X-Gateway-Token" not in basic
        assert basic["Authorization"].startswith("Basic ")

    play(work)


def test_webhooks_are_lost_doubled_and_swapped() -> None:
    """Each fault does what it says, to what is sent while it is on; a webhook that isn't taken is sent again."""

    async def work(desk: Desk) -> None:
        simulator = desk.simulator

        async def came() -> list[int]:
            await simulator.settled()
            found = [json.loads(body)["freshdesk_webhook"]["ticket_id"] for _, body in desk.pushed]
            desk.pushed.clear()
            return found

        simulator.fault("lose")
        simulator.act("open")
        simulator.fault("lose", on=False)
        assert await came() == []
        simulator.fault("duplicate")
        simulator.act("open")
        simulator.fault("duplicate", on=False)
        assert await came() == [2, 2]
        simulator.fault("reorder")
        simulator.act("open")
        simulator.act("open")
        simulator.fault("reorder", on=False)
        assert await came() == [4, 3]
        desk.answers = [500]
        simulator.act("open")
        assert await came() == [5, 5]
        assert simulator.pusher.given_up == 0

    play(work)


def test_it_uses_the_token_of_the_settings() -> None:
    """Where a token is given, webhooks bring it; the first of several."""
    settings = FreshdeskSettings.model_validate({"domain": "acme", "api_key": "k", "webhook_token": ["mine", "old"]})

    async def main() -> None:
        simulator = FreshdeskSimulator(settings)
        try:
            assert (await simulator.start(lambda: START, None))["webhook_token"] == "mine"
        finally:
            await simulator.stop()

    asyncio.run(main())
