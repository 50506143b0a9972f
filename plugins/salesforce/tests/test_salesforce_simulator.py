"""The simulated org: what happens in it, what it keeps of that, what it pushes, and what it says is true."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from gateway_salesforce.simulator import FAULTS, SalesforceSimulator, push
from gateway_salesforce.simulator.acts import ACTS, CHANNELS, STATUSES
from gateway_salesforce.simulator.org import LATE_S

from gateway.plugin import (
    DAY_MS,
    CallAbandoned,
    CallAnswered,
    CallEnded,
    ContactAssigned,
    ContactDeleted,
    ContactMerged,
    ContactObserved,
    ContactOpened,
    MessageAdded,
    Person,
    Ref,
    StatusChanged,
    parse_instant,
    parse_webhook_secret,
    verify_standard_webhook,
)
from gateway.plugin import FAULTS as COMMON

START = parse_instant("2026-03-02T09:00:00Z")


class Desk:
    """A simulated org under a told clock, and somebody who takes its webhooks and refuses the first `busy` of them."""

    def __init__(self) -> None:
        self.now, self.busy = int(START), 0
        self.simulator = SalesforceSimulator(seed=3, grant="client_credentials")
        self.pushed: list[tuple[str, list[str]]] = []

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"
        self.settings = await self.simulator.start(lambda: self.now, self.url)

    async def stop(self) -> None:
        await self.simulator.stop()
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        if self.busy:
            self.busy -= 1
            return web.Response(status=503)
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        secret = parse_webhook_secret(self.settings["webhook_secret"])
        self.pushed.append((verify_standard_webhook([secret], headers, body, self.now), json.loads(body)["ids"]))
        return web.Response()

    async def ids(self) -> list[str]:
        """The ids that were pushed."""
        await self.simulator.settled()
        return [id for _, ids in self.pushed for id in ids]

    def row(self, id: str) -> dict[str, Any]:
        """What a row holds now."""
        row = self.simulator.org.row(id)
        assert row is not None
        return row.values

    def history(self, case: str) -> list[tuple[str, Any, Any]]:
        """Field, and what it was and became."""
        rows = self.simulator.org.under("CaseHistory", "CaseId", case)
        return [(row.values["Field"], row.values["OldValue"], row.values["NewValue"]) for row in rows]

    def told(self, kind: type[Any]) -> list[Any]:
        """What is true, of one type."""
        return [event for event in self.simulator.truth() if isinstance(event, kind)]


def play(work: Callable[[Desk], Awaitable[Any]]) -> None:
    async def main() -> None:
        desk = Desk()
        await desk.start()
        try:
            await work(desk)
        finally:
            await desk.stop()

    asyncio.run(main())


def test_every_act_can_happen_and_be_told() -> None:
    """Each act finds a row to happen to, and its webhook names it."""

    async def work(desk: Desk) -> None:
        desk.simulator.seed(32, since=desk.now - 90 * DAY_MS)
        for name in (*("open_session", "accept_session", "ring", "answer", "open_session", "ring"), *sorted(ACTS)):
            desk.now += 1_000
            before = len(await desk.ids())
            ref = desk.simulator.act(name)
            assert ref is not None, name
            pushed = (await desk.ids())[before:]
            assert ref.id in pushed, name
        assert len({id for id, _ in desk.pushed}) == len(desk.pushed)

    play(work)


def test_an_act_that_nothing_is_there_for_happens_to_nothing() -> None:
    """And a name that is none is an error, of an act as of a fault."""

    async def work(desk: Desk) -> None:
        assert desk.simulator.act("close") is None
        assert desk.simulator.act("bulk") is None
        opened = desk.simulator.act("open")
        assert opened is not None
        assert opened == Ref("case", desk.simulator.org.cases[0])
        with pytest.raises(ValueError, match="no act"):
            desk.simulator.act("dance")
        with pytest.raises(ValueError, match="no fault"):
            desk.simulator.fault("earthquake")
        with pytest.raises(ValueError, match="no channel"):
            desk.simulator.open_ticket(channel="pigeon")
        with pytest.raises(ValueError, match="no priority"):
            desk.simulator.open_ticket(priority="Highest")
        with pytest.raises(ValueError, match="there is no Case"):
            desk.simulator.assign(opened.id[:15])
        with pytest.raises(ValueError, match="into itself"):
            desk.simulator.merge(opened.id, opened.id)
        with pytest.raises(ValueError, match="in the recycle bin"):
            desk.simulator.undelete(opened.id)

    play(work)


def test_every_common_fault_is_one_of_this_org() -> None:
    """The faults that mean the same for every vendor are there; a grant that is none is an error."""
    assert set(COMMON) < set(FAULTS) == SalesforceSimulator().faults
    with pytest.raises(ValueError, match="no grant"):
        SalesforceSimulator(grant="password")


def test_a_change_leaves_the_history_that_salesforce_keeps() -> None:
    """An owner's change leaves two rows, by id and by name, and who takes a case out of a queue has accepted it; what
    is the same already leaves none; one save may change several fields in one second."""

    async def work(desk: Desk) -> None:
        sim = desk.simulator
        case = sim.open_ticket(priority="normal")
        queue, agent = sim.people.queues[0], sim.people.agent
        desk.now += 60_000
        sim.take_and_work(case)
        sim.set_priority(case, "High")
        sim.set_status(case, "open")
        sim.set_subject(case, "Another")
        assert desk.history(case) == [
            ("created", None, None),
            ("Status", "New", "Working"),
            ("ownerAccepted", queue, agent),
            ("ownerAccepted", "First Line", "Agnes Agent"),
            ("Priority", "Medium", "High"),
        ]
        row = desk.row(case)
        assert row["SystemModstamp"] == row["LastModifiedDate"] == START + 60_000
        assert [(event.to, event.at) for event in desk.told(StatusChanged)] == [("open", START + 60_000)]
        (assigned,) = desk.told(ContactAssigned)
        assert assigned.assignee == agent

    play(work)


def test_a_status_says_whether_a_case_is_closed() -> None:
    """With when; a customer's letter opens it again, by a flow of the org's."""

    async def work(desk: Desk) -> None:
        sim = desk.simulator
        case = sim.open_ticket()
        desk.now += 5_500
        sim.set_status(case, "Closed - Duplicate")
        row = desk.row(case)
        assert (row["IsClosed"], row["ClosedDate"]) == (True, START + 5_000)
        sim.customer_comment(case)
        row = desk.row(case)
        assert (row["IsClosed"], row["ClosedDate"], row["Status"]) == (False, None, "Working")
        assert [event.to for event in desk.told(StatusChanged)] == ["closed", "open"]
        assert [STATUSES[word] for word in ("pending", "hold", "solved")] == [
            "Waiting on Customer",
            "On Hold",
            "Closed",
        ]

    play(work)


def test_letters_and_comments_are_told_by_who_wrote_them() -> None:
    """Customers and agents, seen by the customer or not; a letter that is only begun says nothing until it is sent."""

    async def work(desk: Desk) -> None:
        sim = desk.simulator
        case = sim.open_ticket(text="Help me")
        sim.agent_comment(case, "Try it")
        sim.agent_comment(case, "A note", public=False)
        sim.publish(case, "Done")
        sim.portal_comment(case, "Not done")
        letter = sim.draft(case, "Dear Ada")
        people = sim.people
        said = [(event.author, event.visibility, event.text) for event in desk.told(MessageAdded)]
        assert said == [
            (Person("customer", name="Ada Customer"), "public", "Help me"),
            (Person("agent", people.agent, "Agnes Agent"), "public", "Try it"),
            (Person("agent", people.agent, "Agnes Agent"), "internal", "A note"),
            (Person("agent", people.agent, "Agnes Agent"), "public", "Done"),
            (Person("customer", people.portal, "Pat Portal"), "public", "Not done"),
        ]
        desk.now += 9_000
        sim.send_draft(letter)
        sent = next(event for event in desk.told(MessageAdded) if event.id == f"email:{letter}")
        assert (sent.at, sent.text) == (START + 9_000, "Dear Ada")

    play(work)


def test_a_customer_may_be_known_or_only_say_who_they_are() -> None:
    """A contact is one by the address; a stranger's name and address stand in the case."""

    async def work(desk: Desk) -> None:
        sim = desk.simulator
        ada = ("Ada Customer", "ada@customer.example")
        first, second = sim.open_ticket(requester=ada), sim.open_ticket(requester=ada, channel="web")
        stranger = sim.open_ticket(requester=("Stray", "stray@web.example"), channel="phone", known=False)
        assert desk.row(first)["ContactId"] == desk.row(second)["ContactId"]
        assert (desk.row(stranger)["ContactId"], desk.row(stranger)["SuppliedEmail"]) == (None, "stray@web.example")
        opened = desk.told(ContactOpened)
        assert [event.channel for event in opened] == ["email", "web", "phone"]
        assert [bool(event.customer) for event in opened] == [True, True, False]
        assert set(CHANNELS) > {"email", "web", "voice", "chat"}

    play(work)


def test_what_is_deleted_takes_along_what_hangs_on_it() -> None:
    """And brings it back; the truth of it is that it was opened and is gone, of what is purged nothing."""

    async def work(desk: Desk) -> None:
        sim = desk.simulator
        case = sim.open_ticket()
        sim.agent_comment(case, public=False)
        hanging = [row for name in ("CaseComment", "EmailMessage") for row in sim.org.under(name, "ParentId", case)]
        desk.now += 30_000
        sim.delete(case)
        assert len(hanging) == 2
        assert {row.values["IsDeleted"] for row in hanging} == {True}
        assert [type(event) for event in sim.truth()] == [ContactOpened, ContactDeleted]
        assert desk.told(ContactDeleted)[0].at == START + 30_000
        desk.now += 30_000
        sim.undelete(case)
        assert {(row.values["IsDeleted"], row.values["SystemModstamp"]) for row in hanging} == {(False, START + 60_000)}
        assert ContactDeleted not in map(type, sim.truth())
        sim.delete(case)
        sim.purge(case)
        assert sim.truth() == []
        assert (await desk.ids())[-1] == case

    play(work)


def test_a_merge_names_the_case_that_it_has_become() -> None:
    """The one that is gone is merged, not deleted; it can't be restored. What was written on it is the other one's, but
    for its history."""

    async def work(desk: Desk) -> None:
        sim = desk.simulator
        source, target = sim.open_ticket(), sim.open_ticket()
        sim.agent_comment(source, "A note", public=False)
        sim.assign(source)
        desk.now += 5_000
        sim.merge(source, target)
        assert [event.ref.id for event in desk.told(MessageAdded)] == [target] * 3
        moved = sim.org.under("CaseComment", "ParentId", target)
        assert [row.values["SystemModstamp"] for row in moved] == [START + 5_000]
        assert desk.told(ContactAssigned) == []
        (merged,) = desk.told(ContactMerged)
        assert (merged.id, merged.ref.id, merged.into) == (f"case:{source}:merged", source, Ref("case", target))
        assert desk.told(ContactDeleted) == []
        assert (await desk.ids())[-2:] == [source, target]
        with pytest.raises(ValueError, match="merged"):
            sim.undelete(source)

    play(work)


def test_the_last_snapshot_is_true() -> None:
    """What is escalated is urgent, whatever its priority says; a system's change moves the stamp and nothing else."""

    async def work(desk: Desk) -> None:
        sim = desk.simulator
        case = sim.open_ticket(subject="Broken", priority="low")
        sim.escalate(case)
        desk.now += 7_000
        before = await desk.ids()
        sim.system_change(case)
        assert await desk.ids() == before
        (seen,) = desk.told(ContactObserved)
        assert (seen.id, seen.at) == (f"case:{case}:observed:{START + 7_000}", START + 7_000)
        assert (seen.subject, seen.priority, seen.status) == ("Broken", "urgent", "open")
        assert desk.row(case)["LastModifiedDate"] == START

    play(work)


def test_sessions_and_calls_have_an_end() -> None:
    """A session is accepted and ended; a call is answered and ended, or given up; nobody gives up a call from here."""

    async def work(desk: Desk) -> None:
        sim = desk.simulator
        session, missed, taken = sim.open_session(), sim.ring(), sim.ring()
        out = sim.ring(outbound=True)
        desk.now += 10_000
        sim.accept_session(session)
        sim.answer(taken)
        desk.now += 5_000
        sim.transfer_session(session)
        sim.transfer_call(taken)
        desk.now -= 5_000
        desk.now += 20_000
        sim.end_session(session)
        for call in (missed, taken, out):
            sim.hang_up(call)
        assert [(event.id, event.at) for event in desk.told(StatusChanged)] == [
            (f"session:{session}:ended", START + 30_000)
        ]
        assert [event.assignee for event in desk.told(ContactAssigned)] == [sim.people.colleague]
        assert [event.ref.id for event in desk.told(CallAbandoned)] == [missed]
        assert [event.ref.id for event in desk.told(CallEnded)] == [taken, out]
        answered = [(event.ref.id, event.at, event.agent) for event in desk.told(CallAnswered)]
        assert answered == [(id, START + 10_000, sim.people.colleague) for id in (session, taken)]
        assert desk.row(taken)["CallDurationInSeconds"] == 20
        kinds = [(event.kind, event.channel, event.direction) for event in desk.told(ContactOpened)]
        calls = [("call", "phone", "inbound")] * 2 + [("call", "phone", "outbound")]
        assert kinds == [("chat", "whatsapp", "inbound"), *calls]

    play(work)


def test_many_cases_can_be_changed_in_one_second() -> None:
    """Without those that are gone; their stamps are one."""

    async def work(desk: Desk) -> None:
        sim = desk.simulator
        cases = [sim.open_ticket() for _ in range(5)]
        sim.delete(cases[2])
        desk.now += 3_700
        assert sim.bulk_update(cases) == 4
        assert {desk.row(id)["SystemModstamp"] for id in cases if id != cases[2]} == {START + 3_000}
        await desk.ids()
        assert len(desk.pushed[-1][1]) == 4

    play(work)


def test_a_history_lies_before_now_and_is_pushed_to_nobody() -> None:
    """However short the time is; each object has its own story, the same for a seed."""

    async def work(desk: Desk) -> None:
        for since in (desk.now - 90 * DAY_MS, desk.now - 120_000, desk.now):
            desk.simulator.seed(48, since=since)
        truth = desk.simulator.truth()
        assert len({event.id for event in truth}) == len(truth)
        assert max(event.at for event in truth) < desk.now
        assert len({type(event) for event in truth}) >= 10
        assert await desk.ids() == []
        opened = {event.ref: event.at for event in truth if isinstance(event, ContactOpened)}
        assert all(event.at >= opened[event.ref] for event in truth)
        other = SalesforceSimulator(seed=9, grant="client_credentials")
        await other.start(lambda: int(START), None)
        for since in (desk.now - 90 * DAY_MS, desk.now - 120_000, desk.now):
            other.seed(48, since=since)
        assert other.truth() == truth
        await other.stop()

    play(work)


def test_acts_may_be_dated_in_the_past_until_somebody_reads() -> None:
    """Then what happened a while ago is written now: nothing appears behind a reader."""

    async def work(desk: Desk) -> None:
        sim = desk.simulator
        case = sim.open_ticket(at=START - 600_000)
        sim.set_status(case, "open", at=START - 300_000)
        assert [event.at for event in desk.told(StatusChanged)] == [START - 300_000]
        sim.org.read = True
        sim.set_status(case, "pending", at=START - 200_000)
        assert [event.at for event in desk.told(StatusChanged)] == [START - 300_000, START]
        assert desk.row(case)["SystemModstamp"] == START

    play(work)


def test_what_is_committed_late_is_seen_late_as_it_was_stamped() -> None:
    """Until then the row is as it was, or not there; later changes of it wait behind it."""

    async def work(desk: Desk) -> None:
        sim = desk.simulator
        case = sim.open_ticket(subject="Before")
        sim.fault("late_commit")
        desk.now += 1_000
        sim.set_subject(case, "After")
        fresh = sim.open_ticket()
        sim.fault("late_commit", on=False)
        desk.now += 1_000
        sim.set_priority(case, "Low")

        def seen() -> Any:
            values = sim.org.seen(case)
            assert values is not None
            return values["Subject"], values["Priority"], sim.org.seen(fresh) is not None

        assert seen() == ("Before", "Medium", False)
        desk.now = START + 1_000 + LATE_S * 1_000
        assert seen() == ("After", "Low", True)
        assert desk.row(fresh)["SystemModstamp"] == START + 1_000

    play(work)


def test_webhooks_are_lost_doubled_swapped_and_shortened() -> None:
    """As the faults say; a receiver that is busy gets it again, under the same id."""

    async def work(desk: Desk) -> None:
        sim = desk.simulator
        case = sim.open_ticket()
        await sim.settled()
        sim.fault("lose")
        sim.assign(case)
        sim.fault("lose", on=False)
        sim.fault("duplicate")
        sim.set_subject(case, "Two")
        sim.fault("duplicate", on=False)
        await sim.settled()
        assert len(desk.pushed) == 3
        assert desk.pushed[1] == desk.pushed[2]
        sim.fault("reorder")
        second = sim.open_ticket()
        third = sim.open_ticket()
        assert (await desk.ids())[-2:] == [third, second]
        sim.fault("reorder", on=False)
        sim.fault("short_ids")
        desk.busy = 1
        sim.assign(second)
        assert (await desk.ids())[-1] == second[:15]
        sim.push_to(None)
        sim.assign(third)
        assert len(await desk.ids()) == len(desk.pushed) == 6
        assert sim.pusher.given_up == 0

    play(work)


def test_a_receiver_that_is_never_there_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what comes next is sent."""
    monkeypatch.setattr(push, "WAIT_S", 0.0)

    async def work(desk: Desk) -> None:
        desk.busy = 5
        first, second = desk.simulator.open_ticket(), desk.simulator.open_ticket()
        assert first != second
        assert await desk.ids() == [second]
        assert desk.simulator.pusher.given_up == 1

    play(work)
