"""Whatever comes in whatever order, with whatever restarts: the state is what the history says, and nothing is said
twice or left standing that doesn't hold."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.engine.turns import Courtesy, Turns
from gateway.kernel.store import ContactRow
from gateway.model.identity import derived_id
from gateway.model.instant import parse_instant
from tests.engine.rig import HOUR, MINUTE, SECOND, T0, Rig, event, opening, run

RULES = """
version: 1
name: sequences
queues:
  general: {team: t1, tier: 1}
  urgent: {team: t2, tier: 2}
severity:
  - {id: fraud, when: '"fraud" in contact.tags', severity: 1}
sla:
  - {id: fast, when: contact.severity == 1, metric: first_reply, within: 5m, warn: [50%]}
  - {id: reply, metric: first_reply, within: 15m, operator: lt, warn: [5m before]}
  - {id: next, metric: next_reply, within: 10m}
  - {id: work, metric: agent_work, within: 20m, warn: [50%, 75%]}
routing:
  - {id: urgent, when: contact.severity == 1, queue: urgent}
  - {id: default, queue: general}
roles:
  lead: {endpoints: [helpdesk]}
chains:
  late:
    steps:
      - {after: 0m, notify: [lead]}
      - {after: 10m, notify: [lead], reminder: 7m}
escalation:
  - {id: late, on: sla.breached, chain: late}
  - {id: fraud, when: contact.severity == 1, on: matched, chain: late}
"""
END = 4 * HOUR


def _facts(at: int) -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from(
        [
            event("message.added", at, author={"kind": "agent"}),
            event("message.added", at, author={"kind": "customer"}, id=f"asked@{at}"),
            event("message.added", at, author={"kind": "agent"}, visibility="internal", id=f"noted@{at}"),
            event("status.changed", at, to="pending", id=f"pending@{at}"),
            event("status.changed", at, to="open", id=f"open@{at}"),
            event("status.changed", at, to="solved", id=f"solved@{at}"),
            event("contact.observed", at, tags=["fraud"], id=f"fraud@{at}"),
            event("contact.observed", at, tags=[], id=f"calm@{at}"),
        ]
    )


INSTANTS = st.integers(-4, 20).map(lambda step: step * 150 * SECOND)
FACTS = st.lists(INSTANTS.flatmap(_facts), max_size=8, unique_by=lambda fact: fact["id"])
STEPS = st.sampled_from(["judge", "deliver", "settle", "restart", *[30 * SECOND, 5 * MINUTE, 40 * MINUTE] * 2])


@st.composite
def sequences(draw: st.DrawFn) -> list[Any]:
    """Posts of shuffled events, the opening among them, some of them twice, between steps and moves of the clock."""
    facts = draw(st.permutations([opening(), *draw(FACTS)]))
    told = [*facts, *draw(st.lists(st.sampled_from(facts), max_size=2))]
    posts: list[Any] = [told[index : index + 2] for index in range(0, len(told), 2)]
    return draw(st.permutations(posts + draw(st.lists(STEPS, max_size=8))))


async def take(rig: Rig, step: Any) -> None:
    """One step of a sequence."""
    if isinstance(step, list):
        assert await rig.post(*step) == 202
    elif isinstance(step, int):
        rig.clock.at += step
    elif step == "judge":
        await rig.gateway.judge_once()
    elif step == "deliver":
        await rig.gateway.perform_once()
    elif step == "settle":
        await rig.settle()
    else:
        await rig.restart()


async def is_right(rig: Rig, row: ContactRow) -> None:
    """The contact is what its history says, and what has been said of it, less what was taken back, is what holds."""
    judged = await rig.replayed(row)
    assert row.state == judged.state
    ledger = await rig.store.ledger(row.id)
    assert {entry.id for entry in ledger.values() if entry.stands} == {following.id for following in judged.implied}
    expected: Counter[str] = Counter()
    for entry in ledger.values():
        said = [entry.id, *(derived_id("msg", entry.id, times) for times in range(2, entry.times + 1))]
        expected.update(said)
        taken_back = said if not entry.stands else said[:-1]
        if entry.type.startswith("sla.") or entry.type == "escalation.raised":
            expected.update({f"not {id}": 1 for id in taken_back})
    sent = Counter(
        f"not {body['data']['corrects']}" if "corrects" in body["data"] else body["id"]
        for body in rig.bodies()
        if body["subject"] == row.id
    )
    assert sent == expected
    assert len({body["id"] for body in rig.bodies()}) == len(rig.bodies())


@given(sequences())
@settings(max_examples=80)
def test_any_sequence_ends_in_what_its_events_imply(sequence: list[Any]) -> None:
    """Each implied effect was delivered once, each that no longer holds was taken back once, the state is a replay."""

    async def story(rig: Rig) -> None:
        for step in sequence:
            await take(rig, step)
        await rig.at(END)
        assert await rig.parked() == []
        await is_right(rig, await rig.contact())

    run(story, policy=RULES)


@given(sequences(), st.integers(0, 4), st.integers(1, 3), st.integers(0, 2))
@settings(max_examples=40)
def test_a_backlog_that_was_received_in_time_says_nothing_wrong(
    sequence: list[Any], judged: int, batch: int, others: int
) -> None:
    """Events that reached the inbox when they happened, the first few judged then, the rest after a restart in
    batches however small: no notice is ever taken back."""
    told = {fact["at"]: fact for step in sequence if isinstance(step, list) for fact in step}
    facts = [fact for at, fact in sorted({**told, opening()["at"]: opening()}.items()) if at >= opening()["at"]]

    async def story(rig: Rig) -> None:
        for number, fact in enumerate(facts):
            rig.clock.at = int(parse_instant(fact["at"]))
            for _ in range(others):
                await rig.told(event("call.held", 0, ticket="another"))
            await rig.post(fact)
            if number < judged:
                await rig.settle()
        await rig.restart(at=T0 + END)
        await rig.end_millisecond()
        assert not rig.bodies("sla.corrected", "escalation.cancelled")
        await is_right(rig, await rig.contact())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Courtesy, "turns", lambda courtesy, oldest: Turns(courtesy.clock, batch=batch))
        run(story, policy=RULES)
