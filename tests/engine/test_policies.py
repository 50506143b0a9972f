"""Policies in force: kept, followed in the background, read again after a restart, judged by as they were."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as replace_struct

from gateway.engine import policies as policies_module
from gateway.engine import rejudge as rejudge_module
from gateway.engine import tick as tick_module
from gateway.engine.policies import Policies
from gateway.engine.rejudge import Rejudging
from gateway.engine.supervise import POLL_S
from gateway.kernel.store import AskedPast, ContactRow, Past, StoreUnusable
from gateway.policy.load import load_policy
from gateway.rules.timeline import InForce, Timeline
from tests.engine.rig import HOUR, MINUTE, POLICY, SECOND, T0, Cursed, Rig, event, opening, reply, run
from tests.store.samples import checkpoint
from tests.support.policies import kept, loaded

STRICT = POLICY.replace("15m", "5m")
MILD = POLICY.replace("15m", "2h")
DAY = 24 * HOUR


def dated(text: str, date: str) -> str:
    """The policy with a date of its own."""
    return text.replace("name: rig", f"name: rig\nfrom: {date}")


async def follow(rig: Rig, text: str) -> bool:
    """Let a policy come into force in the running gateway; whether it is another one."""
    return not (await rig.gateway.follow(loaded(text))).unchanged


def test_the_first_policy_judges_from_the_beginning_and_the_next_from_its_coming() -> None:
    """The same again changes nothing."""

    async def story(rig: Rig) -> None:
        policies = rig.gateway.bench.policies
        assert [row.since for row in policies.rows] == [0]
        rig.clock.at = T0 + HOUR
        assert await follow(rig, MILD)
        assert not await follow(rig, MILD)
        assert [(row.since, row.hash) for row in await rig.store.policies()] == [
            (0, loaded(POLICY).policy.hash),
            (T0 + HOUR, loaded(MILD).policy.hash),
        ]
        present = policies.in_force(T0 + HOUR)
        assert present is not None and present.name == "rig"
        assert policies.in_force(-1) is None

    run(story)


def test_deadlines_of_open_contacts_follow_a_policy_without_an_event() -> None:
    """What the new target makes due later is announced when it is."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        await rig.at(MINUTE)
        await follow(rig, STRICT)
        await rig.end_millisecond()
        assert (await rig.contact()).next_due == T0 + 150 * SECOND
        await rig.at(5 * MINUTE)
        (breach,) = rig.bodies("sla.breached")
        assert breach["data"]["policy"] == {"name": "rig", "hash": loaded(STRICT).policy.hash}
        assert (await rig.replayed(await rig.contact())).state == (await rig.contact()).state

    run(story)


def test_contacts_are_taken_over_in_small_batches_the_soonest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left is counted; those that have ended stay as they were."""
    monkeypatch.setattr(rejudge_module, "BATCH_MAX", 2)

    async def story(rig: Rig) -> None:
        for ticket in "1234":
            rig.clock.at += SECOND
            await rig.post(opening(ticket=ticket, at=rig.clock.at - T0))
        await rig.post(opening(ticket="5", status="solved"))
        await rig.settle()
        rig.clock.at = T0 + MINUTE
        await follow(rig, MILD)
        since = rig.gateway.bench.policies.rows[-1].since
        left = []
        while await Rejudging().step(rig.world, rig.gateway.bench, rig.clock.now()):
            left.append(await rig.store.outdated_count(since))
            first = await rig.contact("1")
            assert first.state is not None and first.state.policy_since == since
        assert left == [2, 0]
        ended = await rig.contact("5")
        assert ended.state is not None and ended.state.policy_since == 0

    run(story)


def test_nobody_is_taken_over_before_time_has_passed_to_the_change() -> None:
    """A record that waits holds back the policy as it holds back every deadline."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        await rig.settle()
        rig.clock.at = T0 + HOUR
        await follow(rig, MILD)
        assert await Rejudging().step(rig.world, rig.gateway.bench, T0 + HOUR - 1) == 0
        assert await Rejudging().step(rig.world, rig.gateway.bench, T0 + HOUR) == 1
        assert await Rejudging().step(rig.world, rig.gateway.bench, T0 + HOUR) == 0

    run(story)


def test_a_policy_that_has_just_come_is_not_left_until_the_next_poll() -> None:
    """It takes over as soon as the millisecond in which it came is over, whether anything is due or not."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        await rig.post(reply(0))
        await rig.settle()
        rig.clock.at = T0 + HOUR
        await follow(rig, MILD)
        assert await rig.gateway._judge() == 0.001
        rig.clock.at += 1
        assert await rig.gateway.judge_once() == 1
        row = await rig.contact()
        assert row.state is not None and row.state.policy_since == T0 + HOUR
        assert await rig.gateway._judge() == POLL_S

    run(story)


def test_a_contact_that_the_rules_cannot_bear_stops_nobody_else() -> None:
    """The walk ends, the others are through, and it is tried again later."""

    async def story(rig: Rig) -> None:
        await rig.post(opening(tags=["cursed"]), opening(ticket="2"))
        await rig.settle()
        rig.clock.at += MINUTE
        await follow(rig, MILD)
        policies, mild = rig.gateway.bench.policies, loaded(MILD).policy
        since = policies.rows[-1].since
        whole = Timeline(
            [InForce(0, loaded(POLICY).policy), InForce(since, replace(mild, matcher=Cursed(mild.matcher)))]
        )

        async def timeline(at: int) -> Timeline:
            return whole

        policies.timeline = timeline  # type: ignore[assignment, method-assign]
        await rig.end_millisecond()
        assert [row.id for row in await rig.store.outdated(since, 9)] == [(await rig.contact()).id]
        assert (await rig.contact()).next_due == rig.clock.now() + tick_module.FAILED_WAIT_MS

    run(story)


def test_a_policy_of_a_later_date_waits_for_it_and_gives_way_to_another() -> None:
    """Until then the present one judges; at its midnight it takes over; a file without it takes its place."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        await rig.settle()
        await follow(rig, dated(MILD, "2026-03-03"))
        midnight = T0 + 15 * HOUR
        assert [row.since for row in rig.gateway.bench.policies.rows] == [0, midnight]
        await rig.at(15 * MINUTE)
        assert rig.types().count("sla.breached") == 1
        await rig.at(15 * HOUR - 1)
        row = await rig.contact()
        assert row.state is not None and row.state.policy_since == 0
        await rig.at(15 * HOUR)
        row = await rig.contact()
        assert row.state is not None and row.state.policy_since == midnight
        await follow(rig, dated(STRICT, "2027-01-01"))
        rig.clock.at = midnight + MINUTE
        await follow(rig, POLICY)
        assert [row.since for row in rig.gateway.bench.policies.rows] == [0, midnight, midnight + MINUTE]

    run(story)


def test_a_date_in_the_past_is_no_date() -> None:
    """What was judged is judged; a policy never takes over before it came."""

    async def story(rig: Rig) -> None:
        await follow(rig, dated(MILD, "2020-01-01"))
        assert rig.gateway.bench.policies.rows[-1].since == T0

    run(story)


def test_a_clock_that_is_set_back_brings_no_policy_before_another() -> None:
    """Policies stay in the order in which they came."""

    async def story(rig: Rig) -> None:
        rig.clock.at = T0 + HOUR
        await follow(rig, MILD)
        rig.clock.at = T0
        await follow(rig, STRICT)
        assert [row.since for row in rig.gateway.bench.policies.rows] == [0, T0 + HOUR, T0 + HOUR + 1]

    run(story)


def test_after_a_clock_that_was_far_ahead_no_policy_follows_into_the_far_future() -> None:
    """It is refused in words; what is in force goes on."""

    async def story(rig: Rig) -> None:
        rig.clock.at = T0 + 9 * DAY
        await follow(rig, MILD)
        rig.clock.at = T0
        with pytest.raises(StoreUnusable, match="came at 2026-03-11T09:00:00Z, and the clock says 2026-03-02T"):
            await follow(rig, STRICT)
        assert len(await rig.store.policies()) == 2

    run(story)


def test_after_a_restart_each_instant_is_judged_by_what_was_in_force_then(tmp_path: Path) -> None:
    """A late event of the first policy's time finds that policy again, from the database alone: it meets the clock that
    ran then, and takes back the warning that was given."""

    async def story(rig: Rig) -> None:
        await rig.post(opening(), opening(ticket="2"))
        await rig.at(10 * MINUTE)
        await follow(rig, MILD)
        await rig.at(HOUR)
        rig.policy = STRICT
        await rig.restart()
        await rig.end_millisecond()
        before = len(rig.bodies())
        for ticket in "12":
            row = await rig.contact(ticket)
            assert (await rig.replayed(row)).state == row.state
        await rig.post(reply(5 * MINUTE))
        await rig.settle()
        row = await rig.contact()
        assert (await rig.replayed(row)).state == row.state
        assert len(rig.gateway.bench.policies.rows) == 3
        assert row.state is not None and row.state.clocks[0].met_due == T0 + 15 * MINUTE
        assert [body["type"] for body in rig.bodies()[before:]] == ["sla.met", "sla.corrected"]

    run(story, tmp_path / "gateway.db")


def test_a_calendar_of_a_later_date_goes_by_the_hours_of_before_until_then() -> None:
    """The kept table is the one of both policies."""
    hours = 'calendars: {{o: {{timezone: UTC, hours: {{mon-sun: "{0}"}}{1}}}}}\nname: rig'
    old = POLICY.replace("name: rig", hours.format("09:00-10:00", "")).replace(
        "within: 15m", "within: 15m, calendar: o"
    )
    new = POLICY.replace("name: rig", hours.format("11:00-17:00", ", from: 2026-03-04"))
    new = new.replace("within: 15m", "within: 90m, calendar: o")

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        rig.clock.at = T0 + MINUTE
        await follow(rig, new)
        await rig.end_millisecond()
        row = await rig.contact()
        assert row.state is not None
        (clock,) = (clock for clock in row.state.clocks if clock.rule)
        # 60 minutes of Monday, 30 of Tuesday, both by the old hours.
        assert clock.elapsed_ms == MINUTE
        await rig.at(DAY + 30 * MINUTE - 1)
        assert rig.types().count("sla.breached") == 0
        await rig.at(DAY + 30 * MINUTE)
        assert rig.types().count("sla.breached") == 1

    run(story, policy=old)


@pytest.mark.parametrize(("text", "calendars"), [(POLICY, b"x"), ("rules: []", b"\x80")])
def test_a_policy_that_can_no_longer_be_used_is_named(text: str, calendars: bytes) -> None:
    """Nothing is judged by another one in its place."""

    async def story(rig: Rig) -> None:
        row = kept(POLICY)
        await rig.store.put_in_force(
            type(row)(since=5, hash="abc", name="rig", stored_at=5, text=text, calendars=calendars)
        )
        policies = await Policies.open(rig.store, rig.spawn)
        with pytest.raises(StoreUnusable, match=r"the policy rig \(abc\), which was in force, can't be used"):
            await policies.timeline(T0)

    run(story)


def test_a_policy_that_can_no_longer_be_used_stops_only_the_contacts_that_need_it(tmp_path: Path) -> None:
    """They wait and are tried again; what is told of them is parked. All others are judged."""

    async def story(rig: Rig) -> None:
        await follow(rig, MILD)
        rig.clock.at += SECOND
        await rig.post(opening(1000))
        await rig.settle()
        row = await rig.store.policy(T0)
        assert row is not None
        await rig.store.put_in_force(replace_struct(row, calendars=b"x"))
        rig.policy = STRICT
        await rig.restart(T0 + MINUTE)
        await rig.post(opening(ticket="2", at=MINUTE), reply(30 * SECOND))
        await rig.at(10 * MINUTE)
        assert (await rig.contact()).next_due == T0 + 10 * MINUTE + tick_module.FAILED_WAIT_MS
        assert [body["subject"] for body in rig.bodies("sla.breached")] == [(await rig.contact("2")).id]
        assert len(await rig.parked()) == 1
        await rig.at(HOUR)
        failures = [entry for entry in rig.log.entries if entry["event"] == "judging_failed"]
        assert 0 < len(failures) < 20

    run(story, tmp_path / "gateway.db")


def test_only_the_latest_policies_stay_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """Earlier ones are read whenever they are needed, and let go of; calendars that stay the same are one."""
    monkeypatch.setattr(policies_module, "READY_MAX", 2)

    async def story(rig: Rig) -> None:
        for text in (MILD, STRICT, MILD, STRICT):
            rig.clock.at += SECOND
            await follow(rig, text)
        policies = rig.gateway.bench.policies
        for since in (0, T0 + 4 * SECOND, 0):
            timeline = await policies.timeline(since)
            assert [timeline.at(T0 + n * SECOND).since for n in range(since and 4, 5)][-1] == T0 + 4 * SECOND
            assert timeline.at(since).since == since
            assert len(policies._read) <= 2

    run(story)


def test_a_very_long_contact_starts_again_from_its_last_checkpoint() -> None:
    """A late event reads only what came after it, and says what a judgement of everything would."""

    async def story(rig: Rig) -> None:
        talk = [event("message.added", n * SECOND, author={"kind": "customer"}, id=f"m{n}") for n in range(1, 301)]
        rig.clock.at = T0 + HOUR
        await rig.post(opening())
        await rig.settle()
        for start in range(0, 300, 50):
            await rig.post(*talk[start : start + 50])
            await rig.settle()
        id = (await rig.contact()).id
        base = await checkpoint(rig.store, id, T0 + 290 * SECOND)
        assert base is not None and base.events == 256
        read: list[Past] = []
        pasts = rig.store.pasts

        async def counted(asked: Sequence[AskedPast]) -> list[Past]:
            read.extend(found := await pasts(asked))
            return found

        rig.store.pasts = counted  # type: ignore[method-assign]
        await rig.post(event("message.added", 290 * SECOND + 1, author={"kind": "agent"}, id="late"))
        await rig.settle()
        assert [past.base for past in read] == [base]
        assert [min(entry.event.at for entry in past.events) > base.as_of for past in read] == [True]
        row = await rig.contact()
        assert (await rig.replayed(row)).state == row.state
        assert "sla.corrected" in rig.types()
        await rig.post(event("message.added", 100 * SECOND + 1, author={"kind": "agent"}, id="later"))
        await rig.settle()
        row = await rig.contact()
        whole = await rig.replayed(row)
        assert whole.state == row.state
        ledger = await rig.store.ledger(row.id)
        assert {entry.id for entry in ledger.values() if entry.stands} == {item.id for item in whole.implied}

    run(story)


def test_what_is_asked_of_others_is_kept_and_told_to_no_receiver() -> None:
    """An enrichment and an action are decided; whoever subscribes to everything hears of neither."""
    text = POLICY + (
        "enrich:\n  - {id: paid, enricher: payments}\n"
        "actions:\n  - {id: tell, on: sla.breached, do: {tags_add: [late]}}\n"
    )

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        await rig.at(HOUR)
        ledger = await rig.store.ledger((await rig.contact()).id)
        kinds = {entry.type for entry in ledger.values()}
        assert {"enrichment.requested", "action.requested"} <= kinds
        assert not {"enrichment.requested", "action.requested"} & set(rig.types())

    run(story, policy=text)


def test_policies_are_read_only_when_they_are_needed() -> None:
    """A gateway with a long past, of which not all can be read any more, judges by what is in force."""

    async def story(rig: Rig) -> None:
        row = kept(POLICY)
        for since in (10, 20):
            await rig.store.put_in_force(
                type(row)(since=since, hash=f"h{since}", name="old", stored_at=since, text="rules: []", calendars=b"x")
            )
        policies = await Policies.open(rig.store, rig.spawn)
        await policies.follow(rig.world, load_policy(MILD, "p.yaml"), asyncio.Lock())
        assert (await policies.timeline(T0)).at(T0).policy.hash == loaded(MILD).policy.hash
        with pytest.raises(StoreUnusable):
            await policies.timeline(T0 - 1)

    run(story)


def test_who_follows_a_policy_is_looked_for_while_anybody_may() -> None:
    """Once everybody is through, only a new policy, or somebody who has been judged, is worth another look."""

    async def story(rig: Rig) -> None:
        looks: list[int] = []
        outdated = rig.store.outdated

        async def counted(since: int, limit: int) -> list[ContactRow]:
            looks.append(since)
            return await outdated(since, limit)

        rig.store.outdated = counted  # type: ignore[method-assign]
        await rig.post(opening())
        await rig.settle()
        before = len(looks)
        for _ in range(3):
            await rig.gateway.judge_once()
        assert len(looks) == before
        since = rig.clock.at = T0 + SECOND
        await rig.gateway.follow(loaded(POLICY.replace("within: 15m", "within: 20m")))
        await rig.end_millisecond()
        assert looks[before:] == [since] * (len(looks) - before)
        state = (await rig.contact()).state
        assert state is not None
        assert state.policy_since == since
        before = len(looks)
        await rig.gateway.judge_once()
        assert len(looks) == before
        await rig.post(reply(SECOND))
        await rig.settle()
        assert len(looks) == before + 1

    run(story)
