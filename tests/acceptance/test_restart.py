"""Stopping and starting again: what was received in time counts as in time, and what is in flight is finished."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from gateway.connectors.events import EventsConnector, EventsSettings
from gateway.model.instant import Instant
from gateway.plugin import Accepted, Request
from gateway.store.sqlite import SqliteStore
from tests.acceptance.kept import Kept, kept, on_store
from tests.acceptance.process import (
    ENVIRON,
    REPLY_WITHIN_MS,
    Sender,
    Site,
    body_of,
    contact_of,
    event,
    eventually,
    now_ms,
    opening,
    reply,
    signed,
)
from tests.acceptance.receiver import Receiver


def receive_while_down(site: Site, events: Sequence[dict[str, Any]], at: int) -> None:
    """Put events into the inbox as the connector would have at that instant, and no further."""
    body = body_of(events)
    connector = EventsConnector("events", EventsSettings(secret=[ENVIRON["EVENTS_SECRET"]]), None)  # type: ignore[arg-type]
    receipt = connector.receive(Request("POST", signed(body, at_s=at // 1_000), {}, body, Instant(at)))
    assert isinstance(receipt, Accepted)

    async def add(store: SqliteStore) -> None:
        await store.add_records("events", receipt.records)

    on_store(site.database_file, add)


def opened_and_stopped(site: Site, receiver: Receiver) -> tuple[int, str, str]:
    """Open two tickets, and end the gateway when it has judged them and before they are late; when they were opened,
    and their names. Where the machine was too slow for that, two others are opened."""
    for number in range(10):
        tickets = f"answered{number}", f"forgotten{number}"
        daemon = site.start()
        with Sender(daemon.listen) as sender:
            at = now_ms()
            assert sender.post(*(opening(ticket, at) for ticket in tickets)).status == 202
        opened = {contact_of(ticket) for ticket in tickets}
        eventually(partial(_knows, receiver, opened), "both are known")
        daemon.kill()
        daemon.ended()
        if now_ms() < at + REPLY_WITHIN_MS:
            return at, *tickets
    raise AssertionError("the gateway could never be ended in time")


def _knows(receiver: Receiver, opened: set[str]) -> bool:
    return opened <= receiver.contacts("contact.opened")


def test_a_reply_in_the_inbox_is_in_time(site: Site, receiver: Receiver) -> None:
    """A reply that was received before the deadline and is judged only after a restart past it: no breach leaves.
    Nobody answered the other ticket: it is late, and that is said."""
    at, answered, forgotten = opened_and_stopped(site, receiver)
    asked = [event("message.added", "another", at, str(part), author={"kind": "customer"}) for part in range(150)]
    receive_while_down(site, asked, at + 10)
    receive_while_down(site, [reply(answered, at + 20)], at + REPLY_WITHIN_MS - 1)
    eventually(lambda: now_ms() > at + REPLY_WITHIN_MS, "the deadline has passed")

    daemon = site.start()
    eventually(lambda: receiver.of_type("sla.met"), "the reply is told")
    eventually(lambda: contact_of(forgotten) in receiver.contacts("escalation.raised"), "the other is late")
    code = daemon.stop()
    found = kept(site.database_file)

    assert code == 0
    assert _clocks(found, answered) == [("first_reply", "met")]
    assert _clocks(found, forgotten) == [("first_reply", "breached")]
    assert found.stories[contact_of(answered)].said("sla.breached") == []
    wrong = [one.type for one in receiver.tries if one.contact == contact_of(answered)]
    assert not {"sla.breached", "sla.corrected", "escalation.raised", "escalation.cancelled"} & set(wrong)
    assert site.faults() == []


def _clocks(found: Kept, ticket: str) -> list[tuple[str, str]]:
    state = found.stories[contact_of(ticket)].row.state
    assert state is not None
    return [(clock.metric, clock.state) for clock in state.clocks if clock.instance]


def test_what_is_in_flight_is_finished(site: Site, receiver: Receiver) -> None:
    """SIGTERM while a receiver takes its time: its answer is waited for and noted, then the gateway ends with 0."""
    daemon = site.start()
    receiver.hold()
    with Sender(daemon.listen) as sender:
        assert sender.post(opening("1", now_ms(), priority="urgent")).status == 202
    eventually(lambda: receiver.tries, "a notice is on its way")

    daemon.child.terminate()
    eventually(lambda: not _accepts(daemon.listen), "the door is shut")
    waited = daemon.child.poll()
    receiver.release()
    code = daemon.ended()
    found = kept(site.database_file)

    assert waited is None
    assert code == 0
    states = {delivery.effect: (delivery.state, delivery.attempt) for delivery in found.deliveries}
    # The contact's next notices may go out before the engine is told to stop: they are waited for and noted as well.
    assert {states[one.id] for one in receiver.tries} == {("delivered", 1)}
    assert {state for id, state in states.items() if id not in {one.id for one in receiver.tries}} <= {("ready", 0)}
    assert [line for line in daemon.logged() if line["level"] != "info"] == []


def _accepts(listen: str) -> bool:
    with Sender(listen) as sender:
        try:
            return sender.ask("GET", "/healthz").status == 200
        except OSError:
            return False


def test_what_never_ends_is_cut_off(site: Site, receiver: Receiver) -> None:
    """SIGTERM while a receiver never answers: the gateway ends with 0 all the same, and the next one sends it again."""
    tickets = [str(number) for number in range(6)]
    daemon = site.start()
    receiver.hold()
    with Sender(daemon.listen) as sender:
        assert sender.post(*(opening(ticket, now_ms(), priority="urgent") for ticket in tickets)).status == 202
    eventually(lambda: len(receiver.tries) == len(tickets), "a notice of each is on its way")

    code = daemon.stop()
    receiver.release()
    again = site.start()
    eventually(lambda: len(receiver.of_type("escalation.raised")) == len(tickets), "all of it has come")

    assert code == 0
    assert again.stop() == 0
    cut_off = {one.id for one in receiver.tries[: len(tickets)]}
    assert {len({one.body for one in several}) for several in receiver.by_id().values()} == {1}
    assert {id for id, several in receiver.by_id().items() if len(several) > 1} == cut_off
    assert [line["event"] for line in daemon.logged()] == ["stopped_late"]
    assert site.faults() == []


def test_a_second_gateway_is_refused(site: Site) -> None:
    """Two may not work on one file: the second says so and ends with 75, the first goes on."""
    daemon = site.start()

    second = site.run("run")
    with Sender(daemon.listen) as sender:
        answer = sender.post(opening("1", now_ms()))

    assert second.returncode == 75
    assert f"another daemon runs on {site.database_file}: stop it first" in second.stderr
    assert answer.json == {"accepted": 1, "duplicates": 0}
    assert daemon.stop() == 0
