"""`gateway db verify` at work: the walk, and what is told of it, for people and for machines."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from typing import Any, Final

from gateway.cli import output
from gateway.cli.table import clean
from gateway.cli.walk_progress import WalkProgress
from gateway.cli.work import nobody
from gateway.engine.verify import Verdict, strays, verdicts
from gateway.kernel.history import History, Stray
from gateway.kernel.ports import Clock
from gateway.model.instant import EARLIEST, LATEST, format_instant
from gateway.rules.proof import Difference

VALUE_MAX: Final = 200
"""Characters of a value that people are shown; JSON has all of it."""

PLACES_MAX: Final = 3
"""Places of one contact that people are shown, unless all are asked for."""

_WHAT_TO_DO: Final = (
    "keep a copy of the database before anything else. A damaged disk, or a hand in the file, does this:\n"
    "restore a backup that verifies. If it was neither, the fault is ours: please report what is told above"
)

_WORDS: Final = {
    "contacts": "",
    "events": "",
    "differ": "not what their journal says",
    "strays": "rows of nobody",
    "await": "awaiting the policy in force",
    "held": "held until their vendor's log is read",
    "put_off": "put off since they couldn't be judged",
}
"""What is counted, and how people are told of it."""


class Verifying:
    """One run of the command."""

    def __init__(self, clock: Clock, contact: str, *, all: bool, as_json: bool) -> None:
        self._clock = clock
        self._contact = contact
        self._all = all
        self._as_json = as_json
        self._seen: Counter[str] = Counter()

    async def work(self, history: History) -> bool:
        """Walk, and tell; whether anything differs. Raises Failed for a contact that isn't there."""
        only = await self._only(history)
        size = await history.size()
        differs = False if only else self._tell_strays(await strays(history))
        with WalkProgress("contacts", len(only) or size.contacts, self._clock) as progress:
            if not differs or self._all:
                async with aclosing(verdicts(history, self._clock.now(), only=only)) as found:
                    async for verdict in found:
                        self._count(verdict)
                        progress.show(self._seen["contacts"])
                        if verdict.differences:
                            differs = True
                            self._tell(verdict)
                            if not self._all:
                                break
        self._sum_up(stopped=differs and not self._all and not only, of=size.contacts)
        return differs

    async def _only(self, history: History) -> list[str]:
        if not self._contact:
            return []
        id = await history.find(self._contact)
        if id is None:
            raise nobody(self._contact)
        return [id]

    def _count(self, verdict: Verdict) -> None:
        self._seen["contacts"] += 1
        self._seen["events"] += verdict.events
        self._seen["differ"] += bool(verdict.differences)
        self._seen["await"] += verdict.awaits
        self._seen["held"] += verdict.held
        self._seen["put_off"] += verdict.put_off

    # ── What is told ─────────────────────────────────────────────────────────────────────────────────────────────
    def _tell_strays(self, found: Sequence[Stray]) -> bool:
        for one in found:
            self._seen["strays"] += 1
            if self._as_json:
                output.json_line({"table": one.table, "words": one.what})
            else:
                output.line(clean(f"table {one.table}: {one.what}"))
        return bool(found)

    def _tell(self, verdict: Verdict) -> None:
        if self._as_json:
            differences = [_as_values(one) for one in verdict.differences]
            output.json_line({"contact": verdict.contact, "strands": verdict.names, "differences": differences})
            return
        names = f" ({', '.join(verdict.names)})" if verdict.names else ""
        output.line(clean(f"contact {verdict.contact}{names} is not what its journal says"))
        shown = verdict.differences if self._all else verdict.differences[:PLACES_MAX]
        for one in shown:
            for line in _lines(one):
                output.line(clean(f"  {line}"))
        if (left := len(verdict.differences) - len(shown)) > 0:
            output.line(f"  and {left} more: --contact {verdict.contact} --all shows them")

    def _sum_up(self, *, stopped: bool, of: int) -> None:
        seen = self._seen
        if self._as_json:
            output.json_line({**{word: seen[word] for word in _WORDS}, "stopped": stopped})
        words_of = _WORDS | ({"strays": "row of nobody"} if seen["strays"] == 1 else {})
        parts = [f"{seen[word]:,} {words}" for word, words in words_of.items() if words and seen[word]]
        if not seen["differ"] and not seen["strays"]:
            parts.insert(0, "all are what their journal says")
        found, begun = ", ".join(parts), bool(seen["contacts"])
        # Rows of nobody stop it before any contact has been looked at.
        looked_at = f"{_some(seen['contacts'], 'contact')}, {_some(seen['events'], 'event')}: "
        output.say(f"{looked_at if begun or not stopped else ''}{found}")
        if stopped:
            where = "at" if begun else "before"
            output.say(f"stopped {where} the first of {_some(of, 'contact')}; --all goes on, and tells every place")
        if seen["differ"] or seen["strays"]:
            output.say(_WHAT_TO_DO)


def _some(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _as_values(one: Difference) -> dict[str, Any]:
    return {
        "path": one.path,
        "words": one.words,
        "stored": one.kept,
        "replayed": one.replayed,
        "since": None if one.at is None else _instant(one.at),
        "event": one.event or None,
    }


def _lines(one: Difference) -> Iterator[str]:
    yield f"{one.path}: {one.words}" if one.path else one.words
    if one.kept is not None or one.replayed is not None:
        yield f"  stored:   {_shown(one.kept)}"
        yield f"  replayed: {_shown(one.replayed)}"
    if one.at is not None:
        alone = ", by time alone" if one.replayed is not None else ""
        yield f"  since {_instant(one.at)}{f', event {one.event}' if one.event else alone}"


def _instant(at: int) -> str:
    """An instant as such; the bare number where a damaged row has one that is none."""
    return format_instant(at) if EARLIEST <= at <= LATEST else str(at)


def _shown(value: object) -> str:
    """A value for people: instants as such, and what is long cut off."""
    import msgspec

    if value is None:
        return "nothing"
    if isinstance(value, int) and EARLIEST <= value <= LATEST:
        return f"{format_instant(value)} ({value})"
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= VALUE_MAX else f"{text[:VALUE_MAX]}…"
