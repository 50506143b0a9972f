"""Walk through a whole database and see whether it is what its journal says: `replay(journal) == stored`.

Nothing is written, nobody is asked. Each contact is read as of one instant, with all that is kept of it, so one that a
running gateway changes meanwhile is whole all the same; a batch of them is in memory, and no more.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from gateway.engine.tick import FAILED_WAIT_MS
from gateway.kernel.history import Dossier, History, Stray
from gateway.kernel.store import UNOPENED, PolicyRow, StoreUnusable
from gateway.model.judgement import State
from gateway.model.words import ENDED
from gateway.policy.kept import Unreadable, load_kept
from gateway.rules.advance import Sourced, next_due
from gateway.rules.card import card_of
from gateway.rules.differing import differing, plain
from gateway.rules.policy import Policy
from gateway.rules.proof import Difference, Kept, disproofs, waiting_after
from gateway.rules.timeline import FROM_THE_BEGINNING, NOTHING, InForce, Timeline

BATCH = 200
"""Contacts that are read at once."""

STRAYS_MAX = 20
"""Of each sort of rows that belong to nobody so many are told."""

READY_MAX = 64
"""Policies that stay ready; others are read again."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came out for one contact: where it isn't what its journal says; nothing if it is.

    `names` are its strands. `awaits`: a policy has come into force that hasn't judged it yet. `held`: time doesn't pass
    for it until its vendor's log has been read. `put_off`: it could not be judged, and is tried again later.
    """

    contact: str
    names: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    events: int = 0
    awaits: bool = False
    held: bool = False
    put_off: bool = False


class Judges:
    """The policies of a database, each read when somebody was judged by it."""

    def __init__(self, history: History, rows: Sequence[PolicyRow]) -> None:
        self._history = history
        self._read: dict[int, InForce] = {}
        self.rows = tuple(rows)

    async def of(self, state: State | None, first: int) -> Timeline:
        """What was in force from an instant on until the policy that judged last. Raises StoreUnusable for what can't
        be read."""
        last = FROM_THE_BEGINNING if state is None else state.policy_since
        known = [row for row in self.rows if row.since <= last] if state is not None else list(self.rows)
        needed = [row for row, next in pairwise([*known, None]) if row and (next is None or next.since > first)]
        return Timeline([await self._judge(row) for row in needed])

    async def last(self, state: State) -> Policy:
        """The policy that judged a contact last. Raises StoreUnusable where it can't be read."""
        if state.policy_since <= NOTHING.since:
            return NOTHING.policy
        row = next((row for row in self.rows if row.since == state.policy_since), None)
        if row is None:
            raise StoreUnusable(f"the policy {state.policy}, which judged it last, isn't kept")
        return (await self._judge(row)).policy

    async def _judge(self, row: PolicyRow) -> InForce:
        if row.since not in self._read:
            whole = await self._history.policy(row.since)
            try:
                if whole is None:
                    raise Unreadable("it is no longer kept")
                judge = InForce(row.since, load_kept(whole.text, whole.calendars, whole.facts, row.hash))
            except Unreadable as error:
                why = f"the policy {row.name} ({row.hash}), which was in force, can't be used: {error}"
                raise StoreUnusable(why) from None
            while len(self._read) >= READY_MAX:
                del self._read[next(iter(self._read))]
            self._read[row.since] = judge
        return self._read[row.since]


async def verdicts(
    history: History, now: int, *, only: Sequence[str] = (), until: int = 0
) -> AsyncGenerator[Verdict, None]:
    """Judge every contact, or `only` these, and say of each where it isn't what its journal says. `now` and `until` in
    ms: what a running gateway is about to do is no difference, unless it should be done `until` then."""
    judges = Judges(history, await history.policies())
    async for ids in _batches(history, only):
        # Whoever was judged by a policy that has come meanwhile is judged by it here, too.
        dossiers = await _read(history, ids)
        if any(_is_new(one, judges) for one in dossiers if isinstance(one, Dossier)):
            judges = Judges(history, await history.policies())
        for one in dossiers:
            yield await _verdict(one, judges, now, until) if isinstance(one, Dossier) else one


async def strays(history: History) -> list[Stray]:
    """Rows that belong to nobody."""
    return await history.strays(STRAYS_MAX)


async def _batches(history: History, only: Sequence[str]) -> AsyncIterator[list[str]]:
    if only:
        yield list(only)
        return
    after = ""
    while ids := await history.contact_ids(after, BATCH):
        yield ids
        after = ids[-1]


async def _read(history: History, ids: list[str]) -> list[Dossier | Verdict]:
    """The contacts; in place of one that can't be read, why."""
    try:
        return [*await history.dossiers(ids)]
    except StoreUnusable as error:
        if len(ids) == 1:
            return [Verdict(ids[0], differences=(Difference("", str(error)),))]
    return [one for id in ids for one in await _read(history, [id])]


def _is_new(dossier: Dossier, judges: Judges) -> bool:
    state = dossier.row.state
    last = judges.rows[-1].since if judges.rows else NOTHING.since
    return state is not None and state.policy_since > last


async def _verdict(dossier: Dossier, judges: Judges, now: int, until: int) -> Verdict:
    first = min((int(entry.event.at) for entry in dossier.journal), default=FROM_THE_BEGINNING)
    try:
        policies = await judges.of(dossier.row.state, first)
    except StoreUnusable as error:
        lost = Difference("policy", str(error))
        return Verdict(dossier.row.id, _names(dossier), (lost,), len(dossier.journal))
    return verdict_of(dossier, judges.rows, policies, now, until=until)


def verdict_of(dossier: Dossier, rows: Sequence[PolicyRow], policies: Timeline, now: int, *, until: int = 0) -> Verdict:
    """Where a contact isn't what its journal says by `policies`: those of `rows`, all that are kept, up to the one that
    judged it last. With `until`, at which nothing may be due any more, it is replayed as far as that."""
    row, state = dossier.row, dossier.row.state
    found: list[Difference] = [Difference("journal", words) for words in dossier.odd]
    if missing := list(_missing_policies(dossier, rows)):
        found.extend(missing)
    else:
        events = [Sourced(entry.strand.connector, entry.event) for entry in dossier.journal]
        kept = Kept(state, dossier.ledger, dossier.checkpoints)
        try:
            found.extend(disproofs(kept, events, policies, max(until, _as_of(dossier))))
            found.extend(_of_card(dossier, policies))
        except Exception as error:  # the rules can't bear this contact: that is told of it, and all others are told of
            found.append(Difference("", f"judging it raised {type(error).__name__}: {error}"))
    found.extend(_of_columns(dossier))
    due, held, put_off = _due(dossier, now)
    if due is not None:
        found.append(due)
    latest = max((kept.since for kept in rows if kept.since <= now), default=NOTHING.since)
    return Verdict(
        row.id,
        _names(dossier),
        tuple(found),
        len(dossier.journal),
        awaits=state is not None and state.contact.status not in ENDED and state.policy_since < latest,
        held=held,
        put_off=put_off,
    )


def judged_by(state: State | None, judges: Sequence[InForce]) -> Timeline:
    """Those of the policies by which a contact has been judged: an ended one keeps its own, another may await one."""
    return Timeline(judge for judge in judges if state is None or judge.since <= state.policy_since)


def _names(dossier: Dossier) -> tuple[str, ...]:
    return tuple(map(str, dossier.row.strands))


def _as_of(dossier: Dossier) -> int:
    """Up to when a contact has been judged, at least."""
    row = dossier.row
    if row.state is not None:
        return row.state.as_of
    return row.updated_at if row.next_due is None else min(row.updated_at, row.next_due - 1)


def _of_columns(dossier: Dossier) -> Iterator[Difference]:
    """What the columns by which a contact is found say, against what it is."""
    row, state = dossier.row, dossier.row.state
    if set(row.strands) != dossier.strands:
        words = "the strands that it has aren't those that lead to it"
        yield Difference("strands", words, [*map(str, row.strands)], sorted(map(str, dossier.strands)))
    status = UNOPENED if state is None else state.contact.status
    if dossier.status != status:
        yield Difference("status", "the column isn't what the state says", dossier.status, status)
    since = None if state is None or state.contact.status in ENDED else state.policy_since
    if dossier.policy_since != since:
        yield Difference("policy_since", "the column isn't what the state says", dossier.policy_since, since)
    if state is not None and row.updated_at != state.contact.updated_at:
        updated_at = int(state.contact.updated_at)
        yield Difference("updated_at", "the column isn't what the state says", row.updated_at, updated_at)


def _of_card(dossier: Dossier, policies: Timeline) -> Iterator[Difference]:
    """Where the card by which a contact is listed isn't what its state says; only an open one has any."""
    row, state, kept = dossier.row, dossier.row.state, dossier.card
    if dossier.odd_card:
        yield Difference("card", dossier.odd_card)
    if state is None or state.contact.status in ENDED:
        if kept is not None:
            yield Difference("card", "there is one, and the contact isn't open", kept=plain(kept.card))
        return
    card = card_of(state, policies.at(state.policy_since).policy)
    if kept is None:
        yield Difference("card", "there is none, and the contact is open", replayed=plain(card))
        return
    if kept.version != row.version:
        yield Difference("card.version", "it is that of another write of the contact", kept.version, row.version)
    for one in differing(kept.card, card):
        yield Difference(f"card.{one.path}", "not what the state says", one.one, one.other)


def _missing_policies(dossier: Dossier, rows: Sequence[PolicyRow]) -> Iterator[Difference]:
    """Policies that judged a contact, or by which something was said that stands, and that aren't kept."""
    hashes, state = {row.hash for row in rows}, dossier.row.state
    if state is not None and state.policy_since > NOTHING.since:
        there = next((row.hash for row in rows if row.since == state.policy_since), None)
        if there != state.policy:
            words = f"the policy {state.policy}, which judged it last, isn't kept"
            yield Difference("policy", words, state.policy, there, at=state.policy_since)
            hashes.add(state.policy)
    said = [entry for entry in dossier.ledger.values() if entry.stands and entry.policy and entry.policy not in hashes]
    for hash in dict.fromkeys(entry.policy for entry in said):
        at = min(entry.at for entry in said if entry.policy == hash)
        words = f"the policy {hash}, by which something was said of it, isn't kept"
        yield Difference("policy", words, hash, at=at)


def _due(dossier: Dossier, now: int) -> tuple[Difference | None, bool, bool]:
    """What is wrong with when it is due, whether it is held, and whether it was put off."""
    row = dossier.row
    if row.state is not None:
        due = next_due(row.state)
    else:
        events = [Sourced(entry.strand.connector, entry.event) for entry in dossier.journal]
        due = min(waiting_after(events, _as_of(dossier)), default=None)
    if row.next_due == due:
        return None, False, False
    if row.state is not None and row.next_due is None and row.live_from:
        # A backfill was the first to tell of it, and hasn't read its log yet.
        return None, True, False
    if due is not None and row.next_due is not None and due <= row.next_due - FAILED_WAIT_MS <= now:
        return None, False, True
    words = "the column isn't what the state says" if row.state else "it isn't when the next of its events happens"
    return Difference("next_due", words, row.next_due, due), False, False
