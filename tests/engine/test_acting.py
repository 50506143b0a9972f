"""What a person does to a contact, through the inbox of a gateway."""

import asyncio

import pytest

from gateway.engine.acknowledge import acknowledge
from gateway.engine.acting import NAME_MAX, CantAct, in_one_line
from gateway.engine.resolve import REASON_MAX, resolve
from gateway.model.judgement import Escalation
from tests.engine.rig import MINUTE, Rig, ToldClock, event, opening, run, states, until

NOBODY = "msg_" + "a" * 26

TWO = """
version: 1
name: two
roles:
  lead: {endpoints: [helpdesk]}
chains:
  first: {steps: [{after: 0m, notify: [lead]}, {after: 30m, notify: [lead]}]}
escalation:
  - {id: one, on: matched, chain: first}
  - {id: two, on: matched, chain: first}
"""


async def calls(rig: Rig, ticket: str = "1") -> dict[str, Escalation]:
    """The escalations of a ticket's contact, by rule."""
    state = (await rig.contact(ticket)).state
    assert state is not None
    return {call.rule: call for call in state.escalations}


def test_a_contact_is_taken_whole_or_one_escalation_alone() -> None:
    """By an escalation's id only that one is; by the contact's name the contact, and what is still active of it."""

    async def story(rig: Rig) -> None:
        await rig.post(opening(0))
        await rig.at(0)
        one = (await calls(rig))["one"].id
        first = await acknowledge(rig.store, one, "Ada", rig.clock.now())
        await rig.at(MINUTE)
        between = await calls(rig)
        second = await acknowledge(rig.store, "events:ticket:1", "Grace", rig.clock.now())
        await rig.at(2 * MINUTE)
        after = await calls(rig)

        assert (first.whole, first.escalations, len(first.events)) == (False, (one,), 1)
        assert {rule: call.acknowledged_by for rule, call in between.items()} == {"one": "Ada", "two": ""}
        assert (second.whole, second.escalations, len(second.events)) == (True, (after["two"].id,), 2)
        assert {rule: call.acknowledged_by for rule, call in after.items()} == {"one": "Ada", "two": "Grace"}
        state = (await rig.contact()).state
        assert state is not None
        assert state.acknowledged

    run(story, policy=TWO)


def test_a_person_resolves_one_escalation_or_all_of_a_contact() -> None:
    """Acknowledged ones too; the notice says who did it and why, and the contact goes on."""

    async def story(rig: Rig) -> None:
        await rig.post(opening(0))
        await rig.at(0)
        one = (await calls(rig))["one"].id
        await acknowledge(rig.store, "1", "Ada", rig.clock.now())
        await rig.at(MINUTE)
        first = await resolve(rig.store, one, "Grace", rig.clock.now(), "a false\nalarm " + "x" * 999)
        await rig.at(2 * MINUTE)
        between = await calls(rig)
        second = await resolve(rig.store, "1", "Ida", rig.clock.now())
        await rig.at(90 * MINUTE)
        after = await calls(rig)

        assert (first.escalations, second.escalations) == ((one,), (after["two"].id,))
        assert {rule: call.state for rule, call in between.items()} == {"one": "resolved", "two": "acknowledged"}
        assert {rule: call.resolved_by for rule, call in after.items()} == {"one": "Grace", "two": "Ida"}
        said = [body["data"]["reason"] for body in rig.bodies("escalation.resolved")]
        assert said == ["resolved by Grace: " + ("a false alarm " + "x" * 999)[:REASON_MAX], "resolved by Ida"]
        assert rig.bodies("escalation.stepped") == []
        state = (await rig.contact()).state
        assert state is not None
        assert not state.contact.ended
        assert (await rig.replayed(await rig.contact())).state == state
        with pytest.raises(CantAct) as none:
            await resolve(rig.store, "1", "Ada", rig.clock.now())
        assert none.value.why == "over"

    run(story, policy=TWO)


def test_what_cannot_be_done_says_why_and_writes_nothing() -> None:
    """Each reason has a word for those who answer with a status, and words for people."""

    async def story(rig: Rig) -> None:
        await rig.post(opening(0), opening(0, "2"), event("message.added", 0, "3", author={"kind": "customer"}))
        await rig.at(0)
        one, gone = (await calls(rig))["one"].id, (await calls(rig, "2"))["one"].id
        (opened,) = [row.effect for row in await rig.deliveries() if row.type == "contact.opened"][:1]
        await acknowledge(rig.store, one, "Ada", rig.clock.now())
        await rig.post(event("status.changed", MINUTE, "2", to="solved"))
        await rig.at(MINUTE)
        before = len(await rig.store.inbox(limit=100))

        found = {}
        for name in ("nobody", NOBODY, opened, "3", "2", gone, one):
            with pytest.raises(CantAct) as error:
                await acknowledge(rig.store, name, "Ada", rig.clock.now())
            found[name] = error.value.why
        with pytest.raises(CantAct) as nameless:
            await acknowledge(rig.store, "1", " \x00\u202e ", rig.clock.now())

        assert found == {
            "nobody": "missing",
            NOBODY: "missing",
            opened: "missing",
            "3": "unopened",
            "2": "over",
            gone: "over",
            one: "over",
        }
        assert nameless.value.why == "nameless"
        assert len(await rig.store.inbox(limit=100)) == before

    run(story, policy=TWO)


def test_an_escalation_that_nobody_was_told_of_is_found() -> None:
    """No endpoint takes its notices, and so no notice has its id."""

    async def story(rig: Rig) -> None:
        await rig.post(opening(0), opening(0, "2"))
        await rig.at(0)
        two = (await calls(rig, "2"))["two"].id
        row = await rig.store.find_escalation(two)

        assert await rig.deliveries() == []
        assert row is not None
        assert row.id == (await rig.contact("2")).id
        assert await rig.store.find_escalation(NOBODY) is None
        await resolve(rig.store, two, "Ada", rig.clock.now())
        await rig.at(MINUTE)
        with pytest.raises(CantAct, match=f"no escalation {two} is going on") as over:
            await resolve(rig.store, two, "Ada", rig.clock.now())
        assert over.value.why == "missing"

    run(story, policy=TWO, subscriptions={})


def test_two_who_take_it_in_one_millisecond_are_two() -> None:
    """Neither is lost or parked; the first in the order of events has it."""

    async def story(rig: Rig) -> None:
        await rig.post(opening(0))
        await rig.at(0)
        one = (await calls(rig))["one"].id
        taken = [await acknowledge(rig.store, one, by, rig.clock.now()) for by in ("Ada", "Grace", "Ada")]
        await rig.at(MINUTE)

        assert len({told.events for told in taken}) == 2
        assert await rig.parked() == []
        assert (await calls(rig))["one"].acknowledged_by in ("Ada", "Grace")

    run(story, policy=TWO)


def test_a_name_is_kept_in_one_line_and_without_card_numbers() -> None:
    """Whatever is typed as a name can be stored and shown; a card's number in it never reaches the disk."""

    async def story(rig: Rig) -> None:
        await rig.post(opening(0), opening(0, "2"))
        await rig.at(0)
        one, other = (await calls(rig))["one"].id, (await calls(rig, "2"))["one"].id
        await acknowledge(rig.store, one, "A\r\nda \udcff<script>" + "x" * 500, rig.clock.now())
        await acknowledge(rig.store, other, "4111 1111 1111 1111", rig.clock.now())
        await rig.at(MINUTE)

        assert (await calls(rig))["one"].acknowledged_by == ("A da <script>" + "x" * 500)[:NAME_MAX]
        assert (await calls(rig, "2"))["one"].acknowledged_by == "4111 11•• •••• 1111"
        assert b"1111 1111" not in b"".join(row.body for row in await rig.store.inbox(limit=100))

    run(story, policy=TWO)


@pytest.mark.parametrize("text", ["", "\x00", "\u200b\u2066", "\ud800", "\n\t "])
def test_what_cannot_be_seen_is_no_text(text: str) -> None:
    """Control signs, changes of direction and halves of pairs leave nothing."""
    assert in_one_line(text, 10) == ""
    assert in_one_line(f"a{text}b", 10) in ("a b", "ab")


class Still(ToldClock):
    """Nobody's waiting ever ends by itself."""

    async def sleep(self, seconds: float) -> None:
        """Wait for good."""
        await asyncio.Event().wait()


def test_a_running_gateway_judges_it_without_a_poll() -> None:
    """`take_up` ends the waiting of the loop that judges."""

    async def story(rig: Rig) -> None:
        await rig.told(opening(0))
        rig.gateway.start()
        await until(lambda: rig.world.meters.judged_to is not None)
        await rig.told(opening(0, "2"))
        while await states(rig) != ["done", "done"]:
            rig.gateway.take_up()
            await asyncio.sleep(0)
        await rig.gateway.stop()

    run(story, clock=Still())
