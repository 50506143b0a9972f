"""What-if on stored histories: nothing differs under the same policy, and another one does what it would have done."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from gateway.engine.whatif import Answer, ask, batches_of
from gateway.kernel.crew import OneProcess, Processes
from gateway.kernel.recorded import Recorded
from gateway.kernel.spawn import LoopSpawn
from gateway.model.judgement import Clock
from gateway.policy.load import load_policy
from gateway.policy.presets import preset_text
from gateway.policy.whatif.outcome import Window
from gateway.store.coding import read_recorded
from tests.engine.asking import DAY, WHOLE, asked, by_type, inquiry_of, live_through, preset, stories, total
from tests.engine.rig import HOUR, MINUTE, POLICY, T0, Rig, opening, reply, run
from tests.support.policies import loaded

CONTACTS = 8
END = 5 * HOUR

REORDERED = """
name: renamed   # another name is no other policy, nor is a comment
version: 1
escalation:
  - {chain: late, on: sla.breached, id: late}
chains:
  late: {steps: [{notify: [lead], after: 0m}, {after: 30m, notify: [lead]}]}
roles: {lead: {endpoints: [helpdesk]}}
routing:
  - {queue: urgent, when: 'contact.severity == 1', id: urgent}
  - {id: default, queue: general}
sla: [{within: 15m, warn: [50%], metric: first_reply, id: reply}]
severity: [{id: fraud, severity: 1, when: 'contact.tags.exists(t, t == "fraud")'}]
queues: {urgent: {team: t2, tier: 2}, general: {team: t1, tier: 1}}
"""


STRICT = POLICY.replace("within: 15m", "within: 9m").replace("severity: 1", "severity: 2", 1)


def nothing_differs(answer: Answer) -> bool:
    """Whether both sides are the same, and what is stored is what the history implies."""
    return (
        not (answer.differing or answer.differ or answer.skipped or answer.unlike or answer.examples)
        and answer.sides.before == answer.sides.after
    )


def test_a_policy_that_says_the_same_in_other_words_differs_in_nothing() -> None:
    """Comments, layout, the order of keys and the name change nothing, whatever has happened."""

    async def story(rig: Rig) -> None:
        await live_through(rig, stories(1, CONTACTS, END), END)
        answer = await asked(rig.store, loaded(REORDERED))

        assert nothing_differs(answer)
        assert answer.sides.contacts == CONTACTS
        assert total(answer.sides.before, "breach") > 0

    run(story)


def test_late_events_joins_of_counts_and_corrections_are_no_difference() -> None:
    """What was told late, and so corrected, is judged as everything is known now: on both sides."""

    async def story(rig: Rig) -> None:
        await rig.told(opening())
        await rig.at(HOUR)
        assert "sla.breached" in rig.types()
        await rig.told(reply(5 * MINUTE))
        await rig.at(2 * HOUR)
        answer = await asked(rig.store, loaded(POLICY))

        assert "sla.corrected" in rig.types()
        assert nothing_differs(answer)
        assert total(answer.sides.before, "breach") == 0

    run(story)


def test_the_other_preset_agrees_with_a_gateway_that_ran_it_from_the_start() -> None:
    """Breaches, escalations, notices and routes are those of an engine that has judged the same events by it."""
    events, found = stories(7, CONTACTS, END), {}

    async def with_the_first(rig: Rig) -> None:
        await live_through(rig, events, END)
        found["answer"] = await asked(rig.store, preset("orion-stars"), Window(T0 - DAY, T0 + END + 1), shown=100)
        found["first"] = Counter(rig.types())

    async def with_the_second(rig: Rig) -> None:
        await live_through(rig, events, END)
        found["second"] = Counter(rig.types())
        found["rows"] = {row.id: row for row in await rig.store.contacts(limit=100)}

    run(with_the_first, policy=preset_text("orion"))
    run(with_the_second, policy=preset_text("orion-stars"))
    answer: Answer = found["answer"]

    assert by_type(answer.sides.before) == found["first"]
    assert by_type(answer.sides.after) == found["second"]
    assert found["first"] != found["second"]
    assert (answer.skipped, answer.unlike) == (0, 0)
    for example in answer.examples:
        state = found["rows"][example.history.id].state
        assert example.after.state == state
        if not state.contact.ended:
            assert (example.after.severity, example.after.route) == (state.severity, state.route)
    assert len(answer.examples) == answer.differing > 0


def test_neither_the_size_of_batches_nor_their_order_nor_processes_change_anything() -> None:
    """One process, two, small batches and batches in another order give the same answer, to the last byte."""

    async def story(rig: Rig) -> None:
        await live_through(rig, stories(3, CONTACTS, END), END)
        new, spawn = loaded(STRICT), LoopSpawn()
        inquiry = await inquiry_of(rig.store, new)

        async def backwards() -> AsyncIterator[Sequence[Recorded]]:
            batches = [batch async for batch in batches_of(rig.store, WHOLE.since, 5)]
            for batch in reversed(batches):
                yield batch

        whole = await asked(rig.store, new, shown=4)
        small = await asked(rig.store, new, shown=4, size=1)
        other = await ask(inquiry, backwards(), OneProcess(), read_recorded, shown=4)
        shared = await asked(rig.store, new, WHOLE, Processes(spawn, 2, print), shown=4, size=3)
        await spawn.close()

        assert whole.differing > 4
        assert told(small) == told(other) == told(shared) == told(whole)

    run(story)


def told(answer: Answer) -> str:
    """All of an answer, in one order."""
    sides = answer.sides
    counts = [
        sorted((repr(key), count) for key, count in sums.items() if count) for sums in (sides.before, sides.after)
    ]
    examples = [(one.history.id, one.kinds, repr(one.before.state), repr(one.after.state)) for one in answer.examples]
    rest = (sides.contacts, sides.outside, answer.differing, sorted(answer.differ.items()), answer.skipped)
    return repr((counts, examples, rest, sides.skipped, sides.unlike))


def test_only_what_lies_in_the_window_counts() -> None:
    """A breach of before the window isn't in it; a contact that ended before isn't judged; one that is open is."""

    async def story(rig: Rig) -> None:
        await rig.told(opening(0, "1"), opening(0, "2"))
        await rig.at(HOUR)
        await rig.told({**reply(HOUR, "2"), "type": "status.changed", "to": "solved"} | {"author": None})
        await rig.at(2 * HOUR)
        later = Window(T0 + 90 * MINUTE, T0 + 3 * HOUR)
        early = Window(T0 - HOUR, T0 + 15 * MINUTE)
        exact = Window(T0 - HOUR, T0 + 15 * MINUTE + 1)

        assert total((await asked(rig.store, loaded(POLICY), exact)).sides.before, "breach") == 2
        assert total((await asked(rig.store, loaded(POLICY), early)).sides.before, "breach") == 0
        answer = await asked(rig.store, loaded(POLICY), later)
        assert total(answer.sides.before, "breach") == 0
        assert answer.sides.contacts + answer.sides.outside >= 1

    run(story)


def test_what_lies_before_a_connector_was_live_goes_out_to_nobody() -> None:
    """A breach of before `live_from` is a breach, and no notice."""

    async def story(rig: Rig) -> None:
        await rig.told(opening(-2 * DAY), name="vendor")
        await rig.at(HOUR)
        answer = await asked(rig.store, loaded(POLICY), Window(T0 - 3 * DAY, T0 + HOUR))

        assert total(answer.sides.before, "breach") == 1
        assert by_type(answer.sides.before) == Counter(rig.types())
        assert total(answer.sides.before, "suppressed", "sla.breached") == 1

    run(story)


def test_a_damaged_contact_is_told_and_left_out(tmp_path: Path) -> None:
    """A state, an event or a list of strands that nobody can read: that contact alone is skipped, with why."""
    path = tmp_path / "damaged.db"

    async def story(rig: Rig) -> None:
        for ticket in "12345":
            await rig.told(opening(0, ticket))
        await rig.at(HOUR)
        ids = [(await rig.contact(ticket, "vendor")).id for ticket in "1234"]
        await rig.store.writer.write("damage", lambda connection: _damage(connection, ids))
        answer = await asked(rig.store, loaded(POLICY))

        assert answer.skipped == 3
        assert [contact for contact, _ in answer.sides.skipped] == sorted(ids[:3])
        assert all("damaged" in why for _, why in answer.sides.skipped)
        assert answer.sides.contacts == 2
        assert (answer.unlike, answer.sides.unlike) == (1, [ids[3]])

    run(story, path)


def _damage(connection: Any, ids: list[str]) -> None:
    connection.execute("UPDATE contacts SET state = x'c1' WHERE id = ?", (ids[0],))
    connection.execute("UPDATE contacts SET strands = x'c1' WHERE id = ?", (ids[1],))
    connection.execute("UPDATE journal SET body = x'7b' WHERE ref = '3'")
    # One event fewer than its judgement is made of: it can be read, and says something else.
    other = connection.execute("SELECT state FROM contacts WHERE id NOT IN (?, ?, ?, ?)", ids).fetchone()[0]
    connection.execute("UPDATE contacts SET state = ? WHERE id = ?", (other, ids[3]))


def test_the_database_may_be_written_meanwhile(tmp_path: Path) -> None:
    """What comes in while contacts are read neither stops it nor makes a contact count twice."""
    path = tmp_path / "busy.db"

    async def story(rig: Rig) -> None:
        for number in range(6):
            await rig.told(opening(0, str(number)))
        await rig.at(HOUR)

        async def reading() -> AsyncIterator[Sequence[Recorded]]:
            number = 100
            async for batch in batches_of(rig.store, WHOLE.since, 2):
                yield batch
                await rig.told(opening(HOUR, str(number)), reply(2 * HOUR, "1"))
                await rig.at(2 * HOUR + number)
                number += 1

        before = await rig.store.recorded_count(WHOLE.since)
        inquiry = await inquiry_of(rig.store, loaded(POLICY))
        seen: list[int] = []
        answer = await ask(inquiry, reading(), OneProcess(), read_recorded, shown=0, done=seen.append)

        assert before == 6
        assert nothing_differs(answer)
        assert 6 <= answer.sides.contacts == sum(seen) <= await rig.store.recorded_count(WHOLE.since)

    run(story, path)


def test_what_is_shown_weighs_most_and_is_bounded() -> None:
    """Contacts whose breaches differ come first, then by id; the count is that of all."""

    async def story(rig: Rig) -> None:
        await rig.told(opening(0, "1"), opening(0, "2", tags=["fraud"]), opening(0, "3"), reply(10 * MINUTE, "3"))
        await rig.at(HOUR)
        answer = await asked(rig.store, loaded(STRICT), shown=2)
        all_ids = sorted([(await rig.contact(ticket, "vendor")).id for ticket in "123"])

        assert answer.differing == 3
        assert [example.history.id for example in answer.examples] == all_ids[:2]
        assert all(example.kinds[0] == "breaches" for example in answer.examples)
        assert any(isinstance(clock, Clock) and clock.breached_at for clock in answer.examples[0].after.clocks)
        none = await asked(rig.store, loaded(STRICT), shown=0)
        assert (none.differing, none.examples) == (3, [])

    run(story)


def test_a_policy_with_a_date_of_its_own_is_taken_as_always_in_force() -> None:
    """The question is what would have been: the policy's own `from` is no part of it."""

    async def story(rig: Rig) -> None:
        await rig.told(opening())
        await rig.at(HOUR)
        dated = load_policy(POLICY.replace("version: 1", "version: 1\nfrom: 2027-01-01"), "dated.yaml")

        assert nothing_differs(await asked(rig.store, dated))

    run(story)


def test_a_daemon_that_had_another_policy_before_is_judged_by_both() -> None:
    """The baseline is what was in force when: a policy that came in between counts from its own instant."""

    async def story(rig: Rig) -> None:
        await rig.told(opening())
        await rig.at(10 * MINUTE)
        rig.policy = POLICY.replace("within: 15m", "within: 12h")
        await rig.restart()
        await rig.told(opening(11 * MINUTE, "2"))
        await rig.at(HOUR)
        answer = await asked(rig.store, loaded(POLICY), Window(T0, T0 + HOUR))

        assert (total(answer.sides.before, "breach"), total(answer.sides.after, "breach")) == (0, 2)
        assert answer.unlike == 0

    run(story)


def test_a_store_without_contacts_has_an_answer() -> None:
    """Nothing has happened, so nothing differs."""

    async def story(rig: Rig) -> None:
        answer = await asked(rig.store, loaded(POLICY))

        assert nothing_differs(answer)
        assert answer.sides.contacts == 0

    run(story)
