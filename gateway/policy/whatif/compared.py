"""Judge a batch of contacts twice, by what was in force and by another policy, and say what comes of it.

A contact that can't be judged is told and left out of both sides; all others are judged all the same.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.kernel.recorded import History, Reader, Recorded
from gateway.kernel.store import StoreUnusable
from gateway.policy.whatif.differing import differing
from gateway.policy.whatif.outcome import Assessed, Window, assess
from gateway.policy.whatif.sums import Sums, add
from gateway.rules.advance import in_order
from gateway.rules.timeline import Timeline

WHY_MAX = 300


@dataclass(frozen=True, slots=True)
class Question:
    """By what histories are judged, and when. `live` by connector; `check`: whether what was stored of them is to be
    compared with what was in force."""

    before: Timeline
    after: Timeline
    window: Window
    live: dict[str, int] = field(default_factory=dict)
    check: bool = False

    def live_from(self, history: History) -> int:
        """From when on a contact's effects are performed."""
        return max(history.live_from, self.live.get(history.connector, 0))


@dataclass(slots=True)
class Sides:
    """What was counted of a batch, or of many. `differ` are contacts that differ by id, each with the places of the
    `KINDS` in which they do; `skipped` those that can't be judged, with why; `unlike` those whose stored judgement is
    another one."""

    before: Sums = field(default_factory=Counter)
    after: Sums = field(default_factory=Counter)
    contacts: int = 0
    outside: int = 0
    differ: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    unlike: list[str] = field(default_factory=list)


def judge_both(question: Question, history: History) -> tuple[Assessed, Assessed]:
    """A contact's outcomes, by what was in force and by the other policy."""
    events, window = in_order(history.events), question.window
    before = assess(events, question.before, window, stored=history.stored if question.check else None)
    return before, assess(events, question.after, window)


def compare(question: Question, batch: Sequence[Recorded], read: Reader) -> Sides:
    """Judge every contact of a batch both ways."""
    sides = Sides()
    for recorded in batch:
        _compare(question, recorded, read, sides)
    return sides


def _compare(question: Question, recorded: Recorded, read: Reader, sides: Sides) -> None:
    try:
        history = read(recorded)
        before, after = judge_both(question, history)
    except StoreUnusable as error:
        sides.skipped.append((recorded.id, str(error)[:WHY_MAX]))
        return
    except Exception as error:  # one contact that the rules can't bear must not stop all others
        sides.skipped.append((recorded.id, f"it can't be judged: {type(error).__name__}: {error}"[:WHY_MAX]))
        return
    if not before.agrees:
        sides.unlike.append(recorded.id)
    if before.outcome is None or after.outcome is None:
        sides.outside += 1
        return
    live_from = question.live_from(history)
    sides.contacts += 1
    add(sides.before, before.outcome, question.window, live_from)
    add(sides.after, after.outcome, question.window, live_from)
    if kinds := differing(before.outcome, after.outcome, live_from):
        sides.differ.append((recorded.id, kinds))
