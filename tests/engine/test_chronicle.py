"""A contact's timeline: everything once, in one order of time, part by part; in words that hold no message's text."""

import pytest

from gateway.engine.chronicle import LINES_MAX, chronicle, happening_view
from gateway.kernel.board import BadPlace
from gateway.kernel.place import written
from gateway.kernel.store import Outcome, Performed
from gateway.model.event import convert_event
from gateway.model.event_told import event_told
from gateway.model.identity import StrandKey, contact_id
from tests.web.worlds import NOW, H, M, S, Whole, event, opened, run

CONTACT = contact_id(StrandKey("shop", "ticket", "1"))


async def story(whole: Whole) -> None:
    """A contact with things that happen at the same instant: messages, a breach, what is said, and deliveries."""
    messages = [
        event("message.added", 1, NOW - 20 * M + number // 3, author={"kind": "customer"}, text="secret words")
        | {"id": f"m{number}"}
        for number in range(9)
    ]
    await whole.post(opened(1, NOW - 20 * M, tags=["outage"], subject="secret subject"), *messages)
    await whole.post(opened(2, NOW - 20 * M))
    await whole.judge()


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_parts_are_the_whole(limit: int) -> None:
    """Page by page the same as at once, nothing twice and nothing left out; the latest first."""

    async def work(whole: Whole) -> None:
        await story(whole)
        whole_of_it = await chronicle(whole.store, CONTACT, limit=LINES_MAX)
        assert whole_of_it.next is None
        assert {line.kind for line in whole_of_it.happenings} == {"event", "announcement", "delivery"}
        assert [line.at for line in whole_of_it.happenings] == sorted(
            (line.at for line in whole_of_it.happenings), reverse=True
        )
        lines, place = [], None
        while True:
            part = await chronicle(whole.store, CONTACT, limit=limit, before=place)
            assert len(part.happenings) <= limit
            lines += part.happenings
            if (place := part.next) is None:
                break

        assert lines == list(whole_of_it.happenings)

    run(work)


def test_until_an_instant() -> None:
    """What happened at the instant itself is in it, what came after isn't."""

    async def work(whole: Whole) -> None:
        await story(whole)
        lines = (await chronicle(whole.store, CONTACT, limit=LINES_MAX, until=NOW - 20 * M)).happenings

        assert {line.id for line in lines if line.kind == "event"} == {
            f"contact.opened:1:{NOW - 20 * M}",
            "m0",
            "m1",
            "m2",
        }

    run(work)


@pytest.mark.parametrize(
    "place",
    [
        *("", "x", "bnVsbA==", "W10=", "A" * 10_000, "\u00e9"),
        written("due", 1, 0, id="x"),
        written("chronicle", 1, 2, id="x"),
        written("chronicle", 1, 2, id="9" * 30),
        written("chronicle", 1, 3),
        written("chronicle", 1, -1),
        written("chronicle", 1),
    ],
)
def test_what_is_no_place_is_refused(place: str) -> None:
    """Any other text than one that was given."""

    async def work(whole: Whole) -> None:
        with pytest.raises(BadPlace):
            await chronicle(whole.store, CONTACT, limit=1, before=place)

    run(work)


def test_words_hold_no_text_of_a_message() -> None:
    """Neither the words nor the values for JSON."""

    async def work(whole: Whole) -> None:
        await story(whole)
        for delivery in await whole.store.claim_deliveries(now=NOW, lease_ms=1_000, room={"helpdesk": 3}):
            outcome = Outcome(delivery=delivery.id, attempt=1, state="dead", at=NOW, status=410, error="answered 410")
            await whole.store.finish_deliveries(Performed(outcomes=(outcome,), now=NOW))
        lines = (await chronicle(whole.store, CONTACT, limit=LINES_MAX)).happenings
        said = str([happening_view(line) for line in lines])

        assert "secret" not in said
        words = {line.words for line in lines}
        assert "opened: ticket by email, inbound, with subject and tags" in words
        assert "the customer wrote" in words
        assert "a breach, by rule urgent-first-reply" in words
        assert "an escalation was raised, calls lead, by rule outage-late" in words
        assert any("given up" in one and "answered 410" in one for one in words)

    run(work, at=NOW)


@pytest.mark.parametrize(
    ("type", "fields", "words"),
    [
        ("message.added", {"author": {"kind": "agent", "name": "Ana"}}, "agent Ana replied"),
        ("message.added", {"author": {"kind": "agent"}, "visibility": "internal"}, "an agent wrote an internal note"),
        ("message.added", {"author": {"kind": "bot"}, "auto": True}, "a bot replied (automatic)"),
        ("message.removed", {"message": "m"}, "a message was taken back"),
        ("status.changed", {"to": "on_hold"}, "the status became on hold"),
        ("contact.assigned", {"group": "T1", "assignee": "Ana"}, "assigned to T1 / Ana"),
        ("contact.assigned", {"assignee": None}, "assigned to nobody"),
        ("contact.observed", {}, "seen at the vendor: nothing of note"),
        ("contact.observed", {"status": "open", "priority": None}, "seen at the vendor: status open, priority none"),
        ("call.answered", {"agent": "7", "queue": "EN"}, "answered, agent 7, queue EN"),
        ("contact.acknowledged", {"by": "x" * 99}, f"acknowledged by {'x' * 59}…"),
        ("csat.received", {"score": 2, "min": 1, "max": 5}, "the customer's verdict: 2 on a scale from 1 to 5"),
        ("contact.merged", {"into": {"kind": "ticket", "id": "9"}}, "merged into ticket 9"),
        ("contact.redacted", {"all": True}, "redacted: everything"),
        (
            "enrichment.received",
            {"enricher": "payments", "status": "ok", "facts": {"plan": "secret"}},
            "the enricher payments said what it knows of the customer",
        ),
        (
            "enrichment.received",
            {"enricher": "payments", "status": "unavailable", "reason": "no answer within 5 s"},
            "the enricher payments is unavailable: no answer within 5 s",
        ),
        ("contact.deleted", {}, "deleted at the vendor"),
        ("bot.handed_over", {}, "a bot gave up"),
        (
            "escalation.resolved",
            {"escalation": "msg_x", "by": "anna", "reason": "a test"},
            "an escalation was resolved by anna: a test",
        ),
    ],
)
def test_an_event_in_words(type: str, fields: dict[str, object], words: str) -> None:
    """What happened, and who did it."""
    assert event_told(convert_event(event(type, 1, NOW, **fields))) == words


def test_a_long_history_is_read_by_its_end() -> None:
    """However long, a part has what was asked for."""

    async def work(whole: Whole) -> None:
        await whole.post(opened(1, NOW - H))
        for start in range(0, 600, 100):
            await whole.post(
                *(
                    event("message.added", 1, NOW - H + number * S, author={"kind": "customer"})
                    for number in range(start + 1, start + 101)
                )
            )
        await whole.judge()
        part = await chronicle(whole.store, CONTACT, limit=50)
        events = [line.at for line in part.happenings if line.kind == "event"]

        assert len(part.happenings) == 50
        assert events[:10] == [NOW - H + (600 - number) * S for number in range(10)]

    run(work)
