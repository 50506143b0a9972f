"""Contacts in listings: the cards that judging keeps, those that have ended, and counts of what was announced."""

import asyncio
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from gateway.engine import listing
from gateway.engine.listing import listed, order_of
from gateway.engine.recarding import recard
from gateway.engine.retain import TALLIES_KEPT_MS, Retention
from gateway.kernel.board import BadPlace, Card, Carded, CardPage, Wanted
from gateway.kernel.failpoint import listen
from gateway.kernel.store import UNOPENED
from gateway.model.instant import DAY_MS as DAY
from gateway.model.words import LIVES
from gateway.rules.card import card_of
from tests.engine.rig import HOUR, MINUTE, POLICY, T0, Rig, event, opening, reply, run
from tests.store.samples import sql
from tests.support.points import STEPS
from tests.support.policies import loaded

MILD = POLICY.replace("15m", "2h")
ANY = (*LIVES, UNOPENED)


async def cards(rig: Rig) -> dict[str, Card]:
    """The cards of the open contacts, by their tickets."""
    page = await rig.store.cards(Wanted(), order="opened", limit=99)
    return {one.card.refs[0].id: one.card for one in page.rows}


async def page(rig: Rig, *status: str, limit: int = 99, after: str | None = None, **wanted: str) -> CardPage:
    """A page of contacts in any of these statuses."""
    asked = Wanted(status=status, **wanted)  # type: ignore[arg-type]  # every other field that is given is a text
    return await listed(rig.store, rig.gateway.bench.policies, asked, order="due", limit=limit, after=after)


def tickets(rows: tuple[Carded, ...]) -> list[str]:
    """The tickets of a page."""
    return [one.card.refs[0].id for one in rows]


def test_an_open_contact_has_its_card_and_an_ended_one_none() -> None:
    """The card is what the state says, with the contact's version; a reopened contact has one again."""

    async def story(rig: Rig) -> None:
        rig.clock.at = T0 + MINUTE
        await rig.post(opening(), opening(ticket="2"), event("status.changed", 1, "2", to="solved"))
        await rig.settle()
        row = await rig.contact()
        assert row.state is not None
        assert await cards(rig) == {"1": card_of(row.state, loaded(POLICY).policy)}
        assert await rig.store.card_versions() == {row.id: row.version}

        await rig.post(event("status.changed", 2, "1", to="closed"), event("status.changed", 2, "2", to="open"))
        await rig.settle()
        assert [*await cards(rig)] == ["2"]
        await rig.post(event("contact.deleted", 3, "2"))
        await rig.settle()
        assert await cards(rig) == {}

    run(story)


def test_time_alone_changes_a_card() -> None:
    """What was due is breached, and somebody is called."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        await rig.settle()
        before = (await cards(rig))["1"]
        await rig.at(16 * MINUTE)
        after = (await cards(rig))["1"]
        assert before.due is not None and (before.due.at, before.due.breached) == (T0 + 15 * MINUTE, False)
        assert after.due is not None and (after.due.at, after.due.breached) == (T0 + 15 * MINUTE, True)
        assert (len(before.calls), len(after.calls)) == (0, 1)

    run(story)


def test_a_policy_that_comes_into_force_changes_the_cards() -> None:
    """When the contact is judged by it, and not before: a card is read by the policy that judged."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        await rig.at(MINUTE)
        await rig.gateway.follow(loaded(MILD))
        before = (await cards(rig))["1"]
        await rig.end_millisecond()
        after = (await cards(rig))["1"]
        assert before.due is not None and before.due.at == T0 + 15 * MINUTE
        assert after.due is not None and after.due.at == T0 + 2 * HOUR

    run(story)


def test_cards_of_another_form_are_made_anew() -> None:
    """Once; of whatever is open, and of nobody else. What a card was is never read."""

    async def story(rig: Rig) -> None:
        await several(rig)
        before, versions = await cards(rig), await rig.store.card_versions()
        spoilt = [
            partial(sql, "UPDATE cards SET card = x'00', version = 77, facet = 'x'"),
            partial(sql, "DELETE FROM cards WHERE words LIKE '%1'"),
        ]
        for spoil in spoilt:
            await rig.store.writer.write("spoil", spoil)
        assert await recard(rig.world, rig.gateway.bench.policies) == 2
        assert (await cards(rig), await rig.store.card_versions()) == (before, versions)

        await rig.store.writer.write("spoil", spoilt[1])
        assert await recard(rig.world, rig.gateway.bench.policies) == 0
        assert len(await cards(rig)) == 1

    run(story)


class Death(BaseException):
    """The end of the process, as a test may have it."""


@pytest.mark.parametrize("step", STEPS)
def test_who_dies_while_making_cards_anew_begins_again(tmp_path: Path, step: str) -> None:
    """Wherever it dies: the next start finds that the form isn't noted yet, and makes all of them."""
    deaths = [f"put_cards.{step}"]

    def die(point: str) -> None:
        if point in deaths:
            raise Death(deaths.pop())

    async def story(rig: Rig) -> None:
        await several(rig)
        before = await cards(rig)
        await rig.store.writer.write("spoil", partial(sql, "UPDATE cards SET card = x'00', facet = 'x'"))
        await rig.store.writer.write("spoil", partial(sql, "DELETE FROM notes WHERE name = 'cards'"))
        listen(die)
        with pytest.raises(asyncio.CancelledError):
            await recard(rig.world, rig.gateway.bench.policies)
        await rig.restart()
        await recard(rig.world, rig.gateway.bench.policies)
        assert deaths == []
        assert await cards(rig) == before

    try:
        run(story, tmp_path / "gateway.db")
    finally:
        listen(None)


def test_a_contact_that_has_changed_meanwhile_keeps_its_newer_card() -> None:
    """That of before would be wrong for good."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        await rig.settle()
        loaded_before = await rig.contact()
        await rig.at(16 * MINUTE)
        after = await cards(rig)
        assert loaded_before.state is not None
        old = card_of(loaded_before.state, loaded(POLICY).policy)
        await rig.store.put_cards([replace(loaded_before, card=old)])
        assert await cards(rig) == after

    run(story)


# ── Those that have ended ────────────────────────────────────────────────────────────────────────────────────────────


async def several(rig: Rig) -> None:
    """Six contacts: two open, three ended, one whose opening is missing; each changed a minute after the one before."""
    for minute, ticket in enumerate("12345"):
        rig.clock.at = T0 + (minute + 1) * MINUTE
        await rig.post(opening(minute * MINUTE, ticket, subject=f"number {ticket}"))
        if ticket in "245":
            to = "closed" if ticket == "4" else "solved"
            await rig.post(event("status.changed", minute * MINUTE + 1, ticket, to=to))
    await rig.post(reply(4 * MINUTE + 2, "6"))
    await rig.settle()


def test_ended_contacts_are_listed_by_their_latest_change() -> None:
    """Whatever order is asked for; a single status, several, and those that nobody has opened."""

    async def story(rig: Rig) -> None:
        await several(rig)
        assert tickets((await page(rig, "solved")).rows) == ["5", "2"]
        assert tickets((await page(rig, "solved", "closed")).rows) == ["5", "4", "2"]
        assert tickets((await page(rig, *ANY)).rows) == ["6", "5", "4", "3", "2", "1"]
        assert tickets((await page(rig, *ANY, text="Number 4")).rows) == ["4"]
        (unopened,) = (await page(rig, UNOPENED)).rows
        assert (unopened.card.status, unopened.card.kind, unopened.card.refs[0].connector) == (UNOPENED, "", "events")
        assert tickets((await page(rig)).rows) == ["1", "3"]
        assert (await page(rig, "no such status")).rows == ()

    run(story)


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_pages_go_on_where_the_last_one_ended(limit: int) -> None:
    """Each contact once, though another one changes meanwhile."""

    async def story(rig: Rig) -> None:
        await several(rig)
        first = await page(rig, *ANY, limit=limit)
        found, after = tickets(first.rows), first.next
        await rig.post(event("status.changed", 4 * MINUTE + 9, "6", to="open"))
        while after is not None:
            one = await page(rig, *ANY, limit=limit, after=after)
            found, after = [*found, *tickets(one.rows)], one.next
        assert found == ["6", "5", "4", "3", "2", "1"]

    run(story)


def test_a_page_looks_through_so_much_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be empty, and say where the next one begins."""
    monkeypatch.setattr(listing, "WALKED_MAX", 3)
    monkeypatch.setattr(listing, "READ_AT_ONCE", 2)

    async def story(rig: Rig) -> None:
        await several(rig)
        first = await page(rig, *ANY, text="number 1")
        assert first.rows == () and first.next is not None
        second = await page(rig, *ANY, text="number 1", after=first.next)
        assert tickets(second.rows) == ["1"]
        assert second.next is None or (await page(rig, *ANY, text="number 1", after=second.next)) == CardPage(rows=())

    run(story)


def test_an_ended_contact_is_read_by_the_policy_that_judged_it() -> None:
    """Which need not be the one that is in force."""

    async def story(rig: Rig) -> None:
        rig.clock.at = T0 + MINUTE
        await rig.post(opening(), event("status.changed", 1, to="solved"))
        await rig.settle()
        await rig.gateway.follow(loaded(MILD))
        (one,) = (await page(rig, "solved")).rows
        row = await rig.contact()
        assert row.state is not None
        assert one == Carded(id=row.id, version=row.version, card=card_of(row.state, loaded(POLICY).policy))

    run(story)


@pytest.mark.parametrize("status", [(), ("solved",)])
def test_a_place_of_another_listing_is_told(status: tuple[str, ...]) -> None:
    """A place in open contacts is none in ended ones, nor the other way round."""

    async def story(rig: Rig) -> None:
        await several(rig)
        other = await page(rig, *(() if status else ("solved",)), limit=1)
        for place in (other.next, "x", "", "\ud800"):
            with pytest.raises(BadPlace):
                await page(rig, *status, after=place)

    run(story)


def test_the_order_is_told() -> None:
    """By which a listing comes."""
    assert order_of(Wanted(status=("open", "new")), "due") == "due"
    assert order_of(Wanted(status=("open", "solved")), "due") == "changed"
    assert order_of(Wanted(), "opened") == "opened"


# ── Counts ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def counts(rig: Rig) -> dict[tuple[str, str, str], int]:
    """What was announced, by type, rule and target."""
    return {(one.type, one.rule, one.target): one.count for one in await rig.store.tallies(0)}


def test_what_is_announced_is_counted_for_its_hour() -> None:
    """With what it led to; what is suppressed isn't counted."""

    async def story(rig: Rig) -> None:
        await rig.post(opening(), opening(ticket="2"), opening(-30 * DAY, ticket="3"))
        await rig.at(16 * MINUTE)
        assert await counts(rig) == {
            ("contact.opened", "", ""): 2,
            ("contact.routed", "default", "general"): 2,
            ("sla.warned", "reply", "first_reply"): 2,
            ("sla.breached", "reply", "first_reply"): 2,
            ("escalation.raised", "late", "late"): 2,
        }
        assert {one.hour for one in await rig.store.tallies(0)} == {T0}
        await rig.at(HOUR)
        await rig.post(reply(14 * MINUTE))
        await rig.settle()
        told = {(one.type, one.rule, one.target): one.count for one in await rig.store.tallies(T0 + HOUR)}
        assert told[("sla.corrected", "reply", "first_reply")] == 1
        assert told[("escalation.cancelled", "late", "late")] == 1

    run(story)


def test_a_dry_run_counts_nothing() -> None:
    """Nobody is told of anything."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        await rig.at(16 * MINUTE)
        assert await cards(rig) and not await counts(rig)

    run(story, dry=True)


def test_counts_go_after_eight_days() -> None:
    """The step goes on at once as long as there is more."""

    async def story(rig: Rig) -> None:
        await rig.post(opening())
        await rig.at(16 * MINUTE)
        retention = Retention(rig.world)
        rig.clock.at = T0 + TALLIES_KEPT_MS
        await retention.step()
        assert await counts(rig)
        rig.clock.at += 1
        await retention.step()
        assert not await counts(rig)

    run(story)
