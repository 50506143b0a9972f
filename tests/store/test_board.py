"""What the Board port promises: cards of the open contacts by any question, in any order, page by page."""

import hashlib
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.kernel import chosen, place
from gateway.kernel.board import BadPlace, Carded, CardPage, Order, QueueRow, Sums, Tally, Wanted
from gateway.kernel.store import Batch, Conflict, ContactRow
from gateway.model.instant import HOUR_MS
from gateway.rules.card import CARD_FORM, Card, CardCall, CardDue, CardRef
from gateway.store import SqliteStore, board, choosing, connections, founding, library, schema
from gateway.store.library import Connection
from tests.store.samples import T0, row, with_store
from tests.store.samples.shapes import shape_of

ORDERS: tuple[Order, ...] = get_args(Order)
FEWER = settings(max_examples=settings().max_examples // 2)

few = st.integers(T0, T0 + 3)
words = st.sampled_from(["", "a", "b", "Ä\n"])
dues = st.builds(
    CardDue, few, st.just("first_reply"), st.sampled_from(["r1", "r2"]), few, st.just(60_000), st.booleans()
)
calls = st.builds(
    CardCall, words, st.just("late"), st.just("chain"), st.just(1), st.just(2), few, st.booleans(), st.none()
)
refs = st.builds(CardRef, st.sampled_from(["zendesk", "sip", "zen"]), st.just("ticket"), st.sampled_from(["1", "A7"]))
cards = st.builds(
    Card,
    subject=st.sampled_from(["", "Straße", "printer on FIRE", "a%_'\0\n"]),
    kind=st.sampled_from(["ticket", "call"]),
    channel=st.sampled_from(["email", "phone"]),
    direction=st.just("inbound"),
    status=st.sampled_from(chosen.OPEN),
    severity=st.integers(1, 3),
    priority=st.none(),
    queue=words,
    team=words,
    tier=st.just(1),
    group=st.none(),
    assignee=st.none() | words,
    customer=st.just(""),
    refs=st.lists(refs, min_size=1, max_size=2).map(tuple),
    opened_at=few,
    updated_at=few,
    waiting_since=st.none() | few,
    due=st.none() | dues,
    then=st.none() | dues,
    paused=st.booleans(),
    calls=st.lists(calls, max_size=2).map(tuple),
)
some = st.lists(words, max_size=2).map(tuple)
questions = st.builds(
    Wanted,
    status=st.lists(st.sampled_from([*chosen.OPEN, "solved"]), max_size=2).map(tuple),
    queue=some,
    team=some,
    channel=st.just(()) | st.just(("email", "fax")),
    kind=st.just(()) | st.just(("call",)),
    severity=st.lists(st.integers(1, 3) | st.just(2**80), max_size=2).map(tuple),
    connector=st.lists(st.sampled_from(["zendesk", "zen", ""]), max_size=2).map(tuple),
    assignee=some,
    rule=st.lists(st.sampled_from(["r1", ""]), max_size=1).map(tuple),
    breached=st.none() | st.booleans(),
    escalated=st.none() | st.sampled_from(["active", "acknowledged", "any", "none"]),
    due_before=st.none() | few | st.sampled_from([-(2**90), 2**90]),
    due_from=st.none() | few | st.sampled_from([-(2**90), 2**90]),
    text=st.sampled_from(["", "STRASSE", "fire", "7", "%", "\0", "\ud800", "a" * 200]),
)


@pytest.fixture(scope="module")
def table() -> Iterator[Connection]:
    """A database whose cards a test may put there by itself."""
    with closing(connections.open_writer(library.driver(), connections.MEMORY)) as connection:
        founding.create(connection)
        yield connection


def laid(table: Connection, dealt: Sequence[Card]) -> list[Carded]:
    """These cards and no others."""
    table.execute("DELETE FROM cards")
    found = [Carded(id=f"con_{number:02}", version=number + 1, card=card) for number, card in enumerate(dealt)]
    rows = [board.columns_of(one.id, one.version, one.card) for one in found]
    board.keep(table, board.PreparedCards(rows, [], []))
    return found


def walked(table: Connection, wanted: Wanted, order: Order, limit: int) -> Iterator[CardPage]:
    """The pages of a listing."""
    page = choosing.page(table, wanted, order, limit, None)
    yield page
    while page.next is not None:
        page = choosing.page(table, wanted, order, limit, page.next)
        yield page


@given(st.lists(cards, max_size=12), questions, st.sampled_from(ORDERS), st.integers(1, 5))
def test_pages_are_what_filtering_and_sorting_gives(
    table: Connection, dealt: list[Card], wanted: Wanted, order: Order, limit: int
) -> None:
    """For any question, in any order; every page but the last is full."""
    there = [one for one in laid(table, dealt) if chosen.matches(one.card, wanted)]
    pages = list(walked(table, wanted, order, limit))

    assert [one for page in pages for one in page.rows] == sorted(
        there, key=lambda one: chosen.key_of(one.card, one.id, order)
    )
    assert all(len(page.rows) == limit for page in pages[:-1])


@given(st.lists(cards, max_size=12), questions, few)
def test_sums_are_those_of_the_cards_that_are_wanted(
    table: Connection, dealt: list[Card], wanted: Wanted, soon: int
) -> None:
    """Words are those of all of them."""
    there = [one.card for one in laid(table, dealt)]
    found = [card for card in there if chosen.matches(card, wanted)]
    gravest = min((card.severity for card in found if breached(card)), default=None)

    assert choosing.sums(table, wanted, soon) == Sums(
        open=len(found),
        breached=sum(breached(card) for card in found),
        breached_gravest=sum(breached(card) and card.severity == gravest for card in found),
        gravest=gravest,
        at_risk=sum(at_risk(card, soon) for card in found),
        paused=sum(card.paused for card in found),
        escalated=sum(bool(card.calls) for card in found),
        unacknowledged=sum(any(not call.acknowledged for call in card.calls) for card in found),
        words={
            "queue": Counter(card.queue for card in there),
            "team": Counter(card.team for card in there),
            "channel": Counter(card.channel for card in there),
            "severity": Counter(str(card.severity) for card in there),
            "connector": Counter(name for card in there for name in {ref.connector for ref in card.refs}),
        },
    )


@FEWER
@given(st.lists(cards, max_size=12), few)
def test_queues_are_summed_by_channel(table: Connection, dealt: list[Card], soon: int) -> None:
    """Each pair once, in their order."""
    there = [one.card for one in laid(table, dealt)]
    pairs = sorted({(card.queue, card.channel) for card in there})
    found = [[card for card in there if (card.queue, card.channel) == pair] for pair in pairs]

    assert choosing.queues(table, soon) == [queued(pair, group, soon) for pair, group in zip(pairs, found, strict=True)]


def queued(pair: tuple[str, str], group: list[Card], soon: int) -> QueueRow:
    """One queue by channel."""
    waits = [card.waiting_since for card in group if card.waiting_since is not None]
    coming = [at for card in group if (at := chosen.next_due_of(card)) is not None]
    return QueueRow(
        queue=pair[0],
        team=max(card.team for card in group),
        channel=pair[1],
        open=len(group),
        waiting=len(waits),
        longest_since=min(waits, default=None),
        breached=sum(breached(card) for card in group),
        at_risk=sum(at_risk(card, soon) for card in group),
        soonest_due=min(coming, default=None),
        unassigned=sum(not card.assignee for card in group),
        paused=sum(card.paused for card in group),
    )


def breached(card: Card) -> bool:
    """Whether the promise that counts is broken."""
    return card.due is not None and card.due.breached


def at_risk(card: Card, soon: int) -> bool:
    """Whether it is about to be."""
    return card.due is not None and not card.due.breached and card.due.at < soon


@FEWER
@given(st.lists(cards, min_size=6, max_size=12), st.sampled_from(ORDERS), st.data())
def test_a_place_stays_good_when_rows_come_and_go(
    table: Connection, dealt: list[Card], order: Order, data: st.DataObject
) -> None:
    """The row of the place itself, too: who stays is listed once."""
    there = laid(table, dealt)
    first = choosing.page(table, Wanted(), order, 3, None)
    gone = data.draw(st.sets(st.sampled_from([one.id for one in there])))
    table.executemany("DELETE FROM cards WHERE contact = ?", [(id,) for id in gone])
    come = board.columns_of("con_new", 1, data.draw(cards))
    board.keep(table, board.PreparedCards([come], [], []))
    rest = choosing.page(table, Wanted(), order, 99, first.next)

    listed = [one.id for one in (*first.rows, *rest.rows) if one.id not in gone and one.id != "con_new"]
    assert sorted(listed) == sorted(one.id for one in there if one.id not in gone)


# ── Places ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def packed(value: object) -> str:
    """A text that has the form of a place."""
    return urlsafe_b64encode(msgspec.msgpack.encode(value)).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "?", "ü", "\ud800", "\0", "a" * 100_000, "9" * 400,
        packed(None), packed(["due", [1, 2, 3]]), packed(["due", [1, 2], "id"]), packed(["due", ["1", 2, 3], "id"]),
        packed(["due", [1, 2, 2**64 - 1], "id"]), packed(["due", [1, 2, 1.5], "id"]),
        packed(["opened", [1, 2, 3], "id"]),
        packed(["due", [1, 2, 3], b"id"]), urlsafe_b64encode(b"\x91" * 1_400).decode(),
    ],
)  # fmt: skip
def test_what_is_no_place_is_told(table: Connection, text: str) -> None:
    """As such, and by no other error."""
    with pytest.raises(BadPlace):
        choosing.page(table, Wanted(), "due", 9, text)


@FEWER
@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda some: urlsafe_b64encode(some).decode()))
def test_any_text_is_a_place_or_none(text: str) -> None:
    """Nothing else happens."""
    try:
        numbers, id = place.read(text, "due", 3)
    except BadPlace:
        return
    assert place.read(place.written("due", *numbers, id=id), "due", 3) == (numbers, id)


def test_a_place_of_one_order_is_none_of_another(table: Connection) -> None:
    """They sort by other things."""
    with pytest.raises(BadPlace, match="another"):
        choosing.page(table, Wanted(), "changed", 9, place.written("due", 1, 2, 3, id="con_a"))


# ── Kept with the contact ────────────────────────────────────────────────────────────────────────────────────────────

CARD = Card(
    subject="help", kind="ticket", channel="email", direction="inbound", status="open", severity=3, priority=None,
    queue="general", team="t1", tier=1, group=None, assignee=None, customer="", opened_at=T0, updated_at=T0,
    refs=(CardRef("zendesk", "ticket", "1"),), waiting_since=T0, due=None, then=None, paused=False, calls=(),
)  # fmt: skip


def carded(id: str = "1", *, version: int = 0, status: str | None = "open", subject: str = "help") -> ContactRow:
    """A contact to be written with its card."""
    card = replace(CARD, subject=subject, assignee="ann")
    return replace(row(id, version=version, status=status), card=card)


async def subjects(store: SqliteStore) -> dict[str, tuple[int, str]]:
    """The subject and the version of every card."""
    page = await store.cards(Wanted(), order="changed", limit=99)
    return {one.id: (one.version, one.card.subject) for one in page.rows}


def test_a_card_is_written_with_its_contact_and_goes_when_it_ends() -> None:
    """It says the contact's version; one that isn't given leaves the one that is there."""

    async def check(store: SqliteStore) -> None:
        one, other = carded("1"), carded("2")
        await store.commit(Batch(contacts=(one, other), now=T0))
        await store.commit(Batch(contacts=(carded("1", version=1, subject="more"),), now=T0))
        assert await subjects(store) == {one.id: (2, "more"), other.id: (1, "help")}

        await store.commit(Batch(contacts=(row("1", version=2), carded("2", version=1, status="solved")), now=T0))
        assert await subjects(store) == {one.id: (3, "more")}
        assert await store.card_versions() == {one.id: 3}
        assert [found.card.subject for found in await store.cards_of([one.id, one.id, other.id, "\ud800"])] == ["more"]

        await store.commit(Batch(contacts=(row("1", version=3, status=None),), now=T0))
        assert await subjects(store) == {}

    with_store(check)


def test_a_refused_batch_leaves_the_cards() -> None:
    """Its tallies, too, are not counted."""

    async def check(store: SqliteStore) -> None:
        await store.commit(Batch(contacts=(carded("1"),), now=T0))
        lost = Batch(contacts=(carded("1", subject="lost"),), tallies=(Tally(**TALLY, count=1),), now=T0)
        with pytest.raises(Conflict):
            await store.commit(lost)
        assert await subjects(store) == {row("1").id: (1, "help")}
        assert await store.tallies(0) == []

    with_store(check)


def test_the_mark_moves_with_every_commit() -> None:
    """And stands still otherwise."""

    async def check(store: SqliteStore) -> None:
        before = await store.change_mark()
        assert await store.change_mark() == before
        await store.commit(Batch(contacts=(carded("1"),), now=T0))
        assert await store.change_mark() != before

    with_store(check)


# ── Tallies ──────────────────────────────────────────────────────────────────────────────────────────────────────────

HOUR = T0 - T0 % HOUR_MS
TALLY = {"hour": HOUR, "type": "sla.breached", "rule": "reply", "target": "first_reply"}


def test_tallies_add_up_and_go_hour_by_hour() -> None:
    """An hour is told as long as any of it lies behind the instant that is asked for."""

    async def check(store: SqliteStore) -> None:
        late = {**TALLY, "hour": HOUR + HOUR_MS}
        for counted in (Tally(**TALLY, count=2), Tally(**TALLY, count=1), Tally(**late, count=5)):
            await store.commit(Batch(tallies=(counted,), now=T0))
        both = [Tally(**TALLY, count=3), Tally(**late, count=5)]
        assert await store.tallies(HOUR + HOUR_MS - 1) == both
        assert await store.tallies(HOUR + HOUR_MS) == both[1:]

        assert await store.remove_tallies(HOUR) == 0
        assert await store.remove_tallies(HOUR + 2 * HOUR_MS) == 1
        assert await store.tallies(0) == both[1:]
        assert await store.remove_tallies(HOUR + 2 * HOUR_MS) == 1
        assert await store.remove_tallies(HOUR + 2 * HOUR_MS) == 0

    with_store(check)


# ── Its form ─────────────────────────────────────────────────────────────────────────────────────────────────────────

FORMS = {1: "59e6c15e02682a12"}


def test_a_card_that_has_changed_has_another_form() -> None:
    """Else those of before the upgrade would be read as what they aren't."""
    shape = repr((sorted(shape_of(Card).items()), [column.name for column in schema.cards.c]))
    now = hashlib.sha256(shape.encode()).hexdigest()[:16]

    assert FORMS.get(CARD_FORM) == now, f"raise CARD_FORM in gateway/rules/card.py, and put its {now!r} here"
