"""Judge contacts with what is new, and gather all that has to be written: what `process`, `tick` and `rejudge` share.

A contact goes on from its stored state where the rules' `continues` says that it can: the new events sort behind it,
and no policy has come into force in a time that it has been through. Otherwise it is judged again: from its stored
state where only what lies behind it has changed, as with events that wait for their time and move; else from the last
checkpoint before that, or from its opening. Either way the result is the same.

A batch is judged as a whole: who goes on, then who is judged again (their past is one read), then what is announced of
all of them (what has been said is one read).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, get_args

import msgspec
from msgspec.structs import replace

from gateway.engine.news import News
from gateway.engine.policies import Policies
from gateway.engine.turns import Turns
from gateway.engine.world import World
from gateway.kernel.board import Tally
from gateway.kernel.questions import Question
from gateway.kernel.store import AskedPast, AskedSaid, Batch, ContactRow, JournalEntry, Notice, Past, StoreUnusable
from gateway.model.identity import StrandKey
from gateway.model.instant import HOUR_MS
from gateway.model.judgement import Effect, LedgerEntry, RequestType, State
from gateway.rules.advance import Judged, Sourced, advance, continues, next_due
from gateway.rules.announce import announce, recipients
from gateway.rules.card import card_of
from gateway.rules.policy import Policy
from gateway.rules.replay import replay
from gateway.rules.requests import is_other_customer
from gateway.rules.tallying import target_of
from gateway.rules.timeline import Timeline
from gateway.rules.view import notice_body

REQUESTS: Final = frozenset(get_args(RequestType))
"""What is asked of enrichers and connectors: decided and kept in the ledger; receivers aren't told."""


@dataclass(frozen=True, slots=True)
class Bench:
    """By what contacts are judged: the policies in force, who hears of it, and what is live.

    `live_from` by connector in milliseconds; `dry` records every effect as suppressed. `subscriptions` are the types
    that each endpoint asked for; `source` and `admin_url` go into the notices.
    """

    policies: Policies
    live_from: Mapping[str, int]
    subscriptions: Mapping[str, tuple[str, ...]]
    source: str
    admin_url: str
    dry: bool = False


@dataclass(slots=True)
class Written:
    """What a step of judging will write, gathered contact by contact; `failed` are contacts that can't be judged."""

    journal: list[JournalEntry] = field(default_factory=list)
    withdrawn: list[tuple[str, str]] = field(default_factory=list)
    contacts: list[ContactRow] = field(default_factory=list)
    ledger: list[tuple[str, LedgerEntry]] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    forgotten: list[tuple[str, int]] = field(default_factory=list)
    checkpoints: list[tuple[str, State]] = field(default_factory=list)
    unasked: list[tuple[StrandKey, str]] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    announced: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """How often something was announced, by type, rule and target."""

    failed: "dict[str, JudgingFailed]" = field(default_factory=dict)

    def batch(self, now: int) -> Batch:
        """All of it as one transaction. What is announced counts for the hour in which it is."""
        return Batch(
            journal=tuple(self.journal),
            withdrawn=tuple(self.withdrawn),
            contacts=tuple(self.contacts),
            ledger=tuple(self.ledger),
            notices=tuple(self.notices),
            forgotten=tuple(self.forgotten),
            checkpoints=tuple(self.checkpoints),
            unasked=tuple(self.unasked),
            questions=tuple(self.questions),
            tallies=tuple(
                Tally(hour=now - now % HOUR_MS, type=type, rule=rule, target=target, count=count)
                for (type, rule, target), count in sorted(self.announced.items())
            ),
            now=now,
        )


class JudgingFailed(Exception):
    """One contact can't be judged: the rules raised on it, or a policy that it needs can't be used. Kept away from all
    other contacts."""

    def __init__(self, contact: str, error: Exception) -> None:
        super().__init__(f"judging contact {contact} raised {type(error).__name__}: {error}")
        self.contact = contact


@dataclass(frozen=True, slots=True)
class _Verdict:
    """A contact as it is judged now. With `said_after`, `judged` has all that follows after that instant: what was said
    of later instants and doesn't follow is corrected."""

    row: ContactRow
    policies: Timeline
    judged: Judged
    state: State
    said_after: int | None = None
    held: bool = False


async def judge(world: World, bench: Bench, news: Sequence[News], now: int, watermark: int, turns: Turns) -> Written:
    """Judge contacts by their news, or, where there is none, take them to the watermark, through whatever falls due
    and comes into force by then."""
    written = Written()
    verdicts: list[_Verdict] = []
    again: list[tuple[News, int]] = []
    async for one in turns.of(news):
        written.journal.extend(one.new)
        written.withdrawn.extend(one.gone)
        if one.new and not one.fresh and not one.gone:
            continue
        try:
            found = await (_with_events if one.new or one.gone else _with_time)(bench, one, now, watermark)
        except JudgingFailed as error:
            written.failed[error.contact] = error
            continue
        if isinstance(found, _Verdict):
            verdicts.append(found)
        else:
            again.append((one, found))
    if again:
        verdicts.extend(await _judged_again(world, bench, written, again, now, watermark, turns))
    await _conclude(world, bench, written, verdicts, now, turns)
    return written


async def _with_events(bench: Bench, news: News, now: int, watermark: int) -> _Verdict | int:
    """Go on with events; else the instant before which judging has to start again."""
    state, fresh = news.row.state, news.fresh
    if (
        state is None
        or news.replacing
        or news.gone
        or not all(_has_happened(entry, now, watermark) for entry in news.new)
    ):
        return news.touched
    policies = await _in_force(bench, news.row, state.policy_since)
    if _comes_up(state, int(fresh[-1].event.at)) or not continues(state, fresh, policies):
        return news.touched
    return _went_on(news.row, policies, lambda: advance(state, fresh, policies))


async def _with_time(bench: Bench, news: News, now: int, watermark: int) -> _Verdict | int:
    """Go on to the watermark; else the instant before which judging has to start again."""
    state = news.row.state
    if state is None:
        return 0
    policies = await _in_force(bench, news.row, state.policy_since)
    if continues(state, (), policies) and not _comes_up(state, watermark):
        return _went_on(news.row, policies, lambda: advance(state, (), policies, watermark))
    change = policies.after(state.policy_since)
    return min([*state.future, *([change.since] if change else [])])


def _went_on(row: ContactRow, policies: Timeline, go_on: Callable[[], Judged]) -> _Verdict:
    judged = _guarded(row, go_on)
    if judged.state is None:
        raise ValueError("a contact that was opened stays so")
    return _Verdict(row, policies, judged, judged.state)


def _has_happened(entry: JournalEntry, now: int, watermark: int) -> bool:
    """Whether an event's time has come. One that is dated ahead of its receipt waits for the watermark: it must not
    carry time past a record that was received earlier than that and still waits."""
    return entry.event.at <= min(now, max(entry.received_at, watermark))


def _comes_up(state: State, by: int) -> bool:
    """Whether an event that waits for its time has come by then."""
    return any(at <= by for at in state.future)


async def _in_force(bench: Bench, row: ContactRow, since: int) -> Timeline:
    """What is in force from an instant on. A policy that can't be used stops only the contacts that need it."""
    try:
        return await bench.policies.timeline(since)
    except StoreUnusable as error:
        raise JudgingFailed(row.id, error) from error


def _guarded(row: ContactRow, judge: Callable[[], Judged]) -> Judged:
    try:
        return judge()
    except Exception as error:  # one contact that the rules can't bear must not stop all others
        raise JudgingFailed(row.id, error) from error


async def _judged_again(
    world: World,
    bench: Bench,
    written: Written,
    again: Sequence[tuple[News, int]],
    now: int,
    watermark: int,
    turns: Turns,
) -> list[_Verdict]:
    """Judge histories anew, each from the last checkpoint before its instant, as far as events have happened and time
    was let pass before."""
    pasts = await _pasts(world, bench, written, again, now)
    verdicts = []
    async for news, touched in turns.of(again):
        row = news.row
        if row.id in written.failed:
            continue
        try:
            found = await _from_past(bench, news, pasts[row.id], now, watermark)
        except JudgingFailed as error:
            written.failed[error.contact] = error
            continue
        if isinstance(found, ContactRow):
            written.contacts.append(found)
            continue
        if row.state is not None and row.state.kept_at_event:
            written.forgotten.append((row.id, touched))
        verdicts.append(found)
    return verdicts


async def _pasts(
    world: World, bench: Bench, written: Written, again: Sequence[tuple[News, int]], now: int
) -> dict[str, Past]:
    """The past of each contact. A state that was judged by other policies than are in force now is none: then the
    whole history."""
    asked = [_asked(news.row, touched, now) for news, touched in again if news.row.version]
    states = {news.row.id: news.row.state for news, _ in again}
    pasts = {news.row.id: Past(None, ()) for news, _ in again}
    while asked:
        found = await world.store.pasts(asked)
        for one, past in zip(asked, found, strict=True):
            pasts[one.contact] = past if one.after is None else Past(states[one.contact], past.events)
        asked = [one for one in asked if not await _stands(bench, written, one.contact, pasts[one.contact].base)]
        asked = [AskedPast(one.contact, None) for one in asked]
    return pasts


def _asked(row: ContactRow, touched: int, now: int) -> AskedPast:
    """What a contact is to be judged again from, of which nothing before `touched` has changed."""
    state = row.state
    if state is None:
        return AskedPast(row.id, None)
    if state.as_of < touched and state.as_of <= now:
        return AskedPast(row.id, None, after=state.as_of)
    return AskedPast(row.id, touched if state.kept_at_event else None)


async def _stands(bench: Bench, written: Written, contact: str, base: State | None) -> bool:
    """Whether a checkpoint, if there is one, still holds by the policies that are in force now."""
    try:
        return base is None or continues(base, (), await bench.policies.timeline(base.policy_since))
    except StoreUnusable as error:
        written.failed[contact] = JudgingFailed(contact, error)
        return True


async def _from_past(bench: Bench, news: News, past: Past, now: int, watermark: int) -> _Verdict | ContactRow:
    """What a contact's history implies; the row to keep where no opening has happened yet."""
    row, base = news.row, past.base
    by_id = {(entry.strand.connector, entry.event.id): entry for entry in (*past.events, *news.new)}
    history = [entry for id, entry in by_id.items() if id not in news.gone]
    happened = [int(entry.event.at) for entry in history if _has_happened(entry, now, watermark)]
    passed = 0 if news.held else watermark
    until = min(max([*happened, passed, row.state.as_of if row.state else 0]), now)
    events = [Sourced(entry.strand.connector, entry.event) for entry in history]
    first = min((int(entry.event.at) for entry in history), default=now)
    policies = await _in_force(bench, row, first if base is None else base.policy_since)
    judged = _guarded(row, lambda: replay(events, policies, until, base))
    future = tuple(sorted({int(entry.event.at) for entry in history if entry.event.at > until}))
    if judged.state is None:
        waiting = min(future, default=None)
        return replace(row, state=None, next_due=waiting, updated_at=max(happened, default=now))
    state = replace(judged.state, future=future)
    return _Verdict(row, policies, judged, state, base.as_of if base else 0, news.held)


async def _conclude(
    world: World, bench: Bench, written: Written, verdicts: Sequence[_Verdict], now: int, turns: Turns
) -> None:
    """Announce what follows and note what the contacts have become."""
    said = await _said(world, verdicts)
    async for one in turns.of(verdicts):
        row, state = one.row, one.state
        announced = announce(
            one.judged.implied,
            said.get(row.id, {}),
            now,
            live_from=(live_from := max(row.live_from, bench.live_from.get(row.strands[0].connector, 0))),
            whole=one.said_after is not None,
            dry=bench.dry,
        )
        written.ledger.extend((row.id, entry) for entry in announced.entries)
        policy = one.policies.at(state.policy_since).policy
        effects = [effect for effect in announced.effects if not effect.suppressed]
        written.announced.update((effect.type, effect.rule, target_of(effect, policy)) for effect in effects)
        written.notices.extend(_notices(bench, row, state, policy, effects))
        written.unasked.extend(_unasked(row, state))
        if not state.contact.ended:
            written.questions.extend(_questions(row, effects, now, live_from))
        written.checkpoints.extend((row.id, passed) for passed in one.judged.checkpoints)
        due = None if one.held else next_due(state)
        card = None if state.contact.ended else card_of(state, policy)
        written.contacts.append(replace(row, state=state, next_due=due, updated_at=state.contact.updated_at, card=card))


async def _said(world: World, verdicts: Sequence[_Verdict]) -> dict[str, dict[str, LedgerEntry]]:
    """What has been said of each contact: of what follows now, whenever it was thought to have happened, and of all
    after the instant from which it was judged again."""
    asked = [
        AskedSaid(one.row.id, tuple(following.id for following in one.judged.implied), one.said_after)
        for one in verdicts
        if one.row.version and (one.judged.implied or one.said_after is not None)
    ]
    found = await world.store.said(asked) if asked else []
    return {one.contact: entries for one, entries in zip(asked, found, strict=True)}


def _notices(
    bench: Bench, row: ContactRow, state: State, policy: Policy, effects: Iterable[Effect]
) -> Iterable[Notice]:
    """The notices of effects for everybody who gets one. Roles are those of `policy`, which judged last."""
    for effect in effects:
        if effect.type in REQUESTS:
            continue
        endpoints = recipients(effect, policy.roles, bench.subscriptions)
        if endpoints:
            body = notice_body(
                effect,
                row.id,
                state,
                policy,
                name=bench.policies.name(effect.policy),
                source=bench.source,
                link=f"{bench.admin_url}/contacts/{row.id}",
            )
            yield Notice(effect=effect, contact=row.id, body=msgspec.json.encode(body), endpoints=endpoints)


def _unasked(row: ContactRow, state: State) -> Iterable[tuple[StrandKey, str]]:
    """The questions that were asked of somebody who isn't the contact's customer any more."""
    before = row.state
    if before is None or not before.asked or not is_other_customer(before.contact, state.contact):
        return ()
    return [(row.strands[0], name) for name in before.asked]


def _questions(row: ContactRow, effects: Iterable[Effect], now: int, live_from: int) -> Iterable[Question]:
    """What is asked of enrichers; of the past after what is live."""
    for effect in effects:
        if effect.type == "enrichment.requested":
            ttl_s = effect.detail["ttl_s"]
            yield Question(
                strand=row.strands[0],
                enricher=effect.detail["enricher"],
                request=effect.id,
                ttl_ms=None if ttl_s is None else round(ttl_s * 1000),
                asked_at=max(now, effect.at),
                past=effect.at < live_from,
            )
