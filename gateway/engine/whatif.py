"""Judge the stored history by what was in force and by another policy: contacts in batches, shared among processes.

Nothing is written, nobody is asked. What is kept in memory is counts, and the few contacts that are to be shown: it
doesn't grow with the history, however many contacts differ.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from gateway.kernel.ports import Crew
from gateway.kernel.recorded import History, Reader, Recorded, Recordings
from gateway.kernel.store import PolicyRow, Store, StoreUnusable
from gateway.policy.kept import Unreadable, load_kept, pack_calendars
from gateway.policy.load import Loaded, asks_for_former_hours, follows
from gateway.policy.whatif.compared import Question, Sides, compare, judge_both
from gateway.policy.whatif.differing import weight
from gateway.policy.whatif.outcome import Outcome, Window
from gateway.rules.timeline import FROM_THE_BEGINNING, InForce, Timeline

BATCH: Final = 64
"""Contacts that go to a process together."""

NAMED_MAX: Final = 20
"""Contacts that are named of those that can't be judged, or whose stored judgement is another one."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question as it goes to other processes: policies as they are kept, whole. `live` is by connector."""

    before: tuple[PolicyRow, ...]
    after: PolicyRow
    window: Window
    live: Mapping[str, int] = field(default_factory=dict)
    check: bool = False

    def question(self) -> Question:
        """The policies read and compiled. Raises StoreUnusable for one that can't be used."""
        return Question(
            Timeline([_in_force(row) for row in self.before]),
            Timeline([_in_force(self.after)]),
            self.window,
            dict(self.live),
            self.check,
        )


@dataclass(frozen=True, slots=True)
class Example:
    """A contact that differs, with both outcomes."""

    history: History
    kinds: tuple[str, ...]
    before: Outcome
    after: Outcome


@dataclass(slots=True)
class Answer:
    """All that has been found. `differ` counts contacts by what they differ in, `examples` are the first of them: what
    weighs most, then by id. `skipped` and `unlike` have the first by id, with how many there are in all."""

    sides: Sides = field(default_factory=Sides)
    differing: int = 0
    differ: Counter[str] = field(default_factory=Counter)
    skipped: int = 0
    unlike: int = 0
    examples: list[Example] = field(default_factory=list)


class _Least:
    """The least few of many, with what belongs to them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[tuple[int, str], tuple[Recorded, tuple[str, ...]]] = {}

    def add(self, weight: int, recorded: Recorded, kinds: tuple[str, ...]) -> None:
        """Keep it, if it is among the least."""
        self._kept[weight, recorded.id] = recorded, kinds
        if len(self._kept) > 2 * self._most:
            self._kept = {key: self._kept[key] for key in sorted(self._kept)[: self._most]}

    def all(self) -> list[tuple[Recorded, tuple[str, ...]]]:
        """In order."""
        return [self._kept[key] for key in sorted(self._kept)[: self._most]]


async def kept_policies(store: Store) -> tuple[PolicyRow, ...]:
    """Every policy that is or was in force, whole."""
    found = [await store.policy(row.since) for row in await store.policies()]
    return tuple([row for row in found if row is not None])


def as_kept(loaded: Loaded, before: Sequence[PolicyRow], now: int) -> PolicyRow:
    """A policy as it would be kept had it always been in force: whatever date it names for itself. Until the `from` of
    one of its calendars the hours count of the policy that is in force `now`. Raises StoreUnusable where that one is
    needed and can't be used."""
    present = next((row for row in reversed(before) if row.since <= now), None)
    if present is not None and asks_for_former_hours(loaded):
        loaded = follows(loaded, _in_force(present).policy)
    policy = loaded.policy
    return PolicyRow(
        since=FROM_THE_BEGINNING,
        hash=policy.hash,
        name=policy.name,
        stored_at=now,
        text=loaded.text,
        calendars=pack_calendars(policy.calendars),
        facts=loaded.facts,
    )


def clerk(inquiry: Inquiry, read: Reader) -> Callable[[Sequence[Recorded]], Sides]:
    """What a process does with each batch."""
    return partial(_answered, inquiry.question(), read)


async def ask(
    inquiry: Inquiry,
    batches: AsyncIterator[Sequence[Recorded]],
    crew: Crew,
    read: Reader,
    *,
    shown: int,
    done: Callable[[int], None] = lambda count: None,
) -> Answer:
    """Judge all batches both ways. `shown`: so many contacts that differ are kept; `done` hears of each batch's size.

    Raises StoreUnusable for a policy that can't be used."""
    question = inquiry.question()
    answer, least = Answer(), _Least(shown)
    async for batch, sides in crew.answers(partial(clerk, inquiry, read), batches):
        _add(answer, sides)
        if shown:
            by_id = {recorded.id: recorded for recorded in batch}
            for id, kinds in sides.differ:
                least.add(weight(kinds), by_id[id], kinds)
        done(len(batch))
    for recorded, kinds in least.all():
        history = read(recorded)
        before, after = judge_both(question, history)
        if before.outcome is not None and after.outcome is not None:
            answer.examples.append(Example(history, kinds, before.outcome, after.outcome))
    return answer


async def batches_of(store: Recordings, since: int, size: int = BATCH) -> AsyncIterator[Sequence[Recorded]]:
    """Every stored contact that is not ended or has changed from `since` on, by id."""
    after = ""
    while batch := await store.recorded(after=after, since=since, limit=size):
        yield batch
        after = batch[-1].id


async def given(recorded: Iterable[Recorded], size: int = BATCH) -> AsyncIterator[Sequence[Recorded]]:
    """Contacts that are at hand, as batches."""
    batch: list[Recorded] = []
    for one in recorded:
        batch.append(one)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _answered(question: Question, read: Reader, batch: Sequence[Recorded]) -> Sides:
    return compare(question, batch, read)


def _in_force(row: PolicyRow) -> InForce:
    try:
        return InForce(row.since, load_kept(row.text, row.calendars, row.facts, row.hash))
    except Unreadable as error:
        raise StoreUnusable(f"the policy {row.name} ({row.hash}) can't be used: {error}") from None


def _add(answer: Answer, sides: Sides) -> None:
    whole = answer.sides
    for total, part in ((whole.before, sides.before), (whole.after, sides.after)):
        for key, count in part.items():
            total[key] += count
    whole.contacts += sides.contacts
    whole.outside += sides.outside
    answer.differing += len(sides.differ)
    answer.differ.update(kind for _, kinds in sides.differ for kind in kinds)
    answer.skipped += len(sides.skipped)
    answer.unlike += len(sides.unlike)
    whole.skipped = sorted(whole.skipped + sides.skipped)[:NAMED_MAX]
    whole.unlike = sorted(whole.unlike + sides.unlike)[:NAMED_MAX]
