"""Which contacts a board shows, as its address says it: read strictly, and written again with one word more or less.

Pure. Names and values are those of the API's listing, and read as there; but what is empty says nothing, so that a form
may send it, and `~` stands for none. `within` is the board's own: minutes from now.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from msgspec.structs import replace
from multidict import MultiDict, MultiMapping

from gateway.kernel.board import CARDS_MAX, Wanted
from gateway.model.instant import MINUTE_MS
from gateway.web.api.problem import Refused
from gateway.web.api.query import QueryReader
from gateway.web.api.wanted import Filters as Question
from gateway.web.asked import BadQuestion
from gateway.web.words import name_words

NONE: Final = "~"
"""The queue or assignee of a contact that has none."""

ESCALATED: Final[dict[str, str]] = {
    "any": "escalated",
    "active": "escalated, nobody has taken it",
    "acknowledged": "escalated and taken",
    "none": "not escalated",
}
BREACHED: Final[dict[str, str]] = {"true": "breached", "false": "not breached"}
LISTS: Final = ("team", "queue", "channel", "severity", "connector", "assignee", "rule")
"""Names that may stand more than once: any of the values."""

WITHIN: Final = "within"
ONCE: Final = ("breached", "escalated", WITHIN, "text")
AFTER: Final = "after"
WITHIN_MAX: Final = 10_080
"""Minutes, a week of them: how near a deadline may be asked to be."""

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Choice:
    """One filter that is set: what it is, its value in words, and the address without it."""

    name: str
    words: str
    without: str


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked for, in the order of the address; nothing twice, nothing empty."""

    pairs: tuple[Pair, ...] = ()
    after: str | None = None
    """Where a page begins: a place that a listing gave."""

    def __bool__(self) -> bool:
        return bool(self.pairs)

    def of(self, name: str) -> tuple[str, ...]:
        """The values of a name."""
        return tuple(value for key, value in self.pairs if key == name)

    def one(self, name: str) -> str:
        """The value of a name that stands once; empty without one."""
        return next(iter(self.of(name)), "")

    def wanted(self, now: int) -> Wanted:
        """What is asked of the store at this instant."""
        within, wanted = self.one(WITHIN), _question(self.pairs).wanted()
        return replace(wanted, due_before=now + int(within) * MINUTE_MS) if within else wanted

    def choices(self, address: str) -> Iterator[Choice]:
        """Every filter that is set, each with the address without it."""
        for pair in self.pairs:
            rest = Filters(tuple(other for other in self.pairs if other != pair))
            yield Choice(pair[0], _words(*pair), rest.href(address))

    def href(self, address: str, *, after: str | None = None, **more: str) -> str:
        """The address with these filters; those in `more` stand in place of others of their name."""
        pairs = [pair for pair in self.pairs if pair[0] not in more]
        pairs += [(name, value) for name, value in more.items() if value]
        if after is not None:
            pairs.append((AFTER, after))
        return f"{address}?{urlencode(pairs)}" if pairs else address

    def sheet(self) -> str:
        """The address of the same contacts as a CSV, so many at most."""
        return f"/api/v1/contacts.csv?{urlencode([*_plain(self.pairs), ('limit', CARDS_MAX)])}"


def filters_of(query: MultiMapping[str]) -> Filters:
    """Read the query of an address; what is empty says nothing. Raises BadQuestion."""
    if unknown := sorted(set(query) - {*LISTS, *ONCE, AFTER}):
        raise BadQuestion(f"{unknown[0][:40]!r} can't be asked; the query may have {', '.join((*LISTS, *ONCE))}")
    pairs = tuple(
        dict.fromkeys((name, value.strip()) for name, value in query.items() if value.strip() and name != AFTER)
    )
    within = [value for name, value in pairs if name == WITHIN]
    if len(within) > 1 or not all(map(_is_minutes, within)):
        raise BadQuestion(f"within is one number of minutes from 1 to {WITHIN_MAX}")
    _question(pairs)
    after = query.getall(AFTER, [])
    if len(after) > 1:
        raise BadQuestion("after is one place, the one that a page gave for the next")
    return Filters(pairs, after[0] if after and after[0] else None)


_reader: Final = QueryReader(Question)


def _question(pairs: tuple[Pair, ...]) -> Question:
    """What the API would be asked. Raises BadQuestion."""
    try:
        return _reader.read(MultiDict(_plain(pairs)))
    except Refused as refused:
        raise BadQuestion(refused.detail) from None


def _plain(pairs: tuple[Pair, ...]) -> list[Pair]:
    """The same as the API is asked: there an empty word stands for none."""
    return [(name, "" if value == NONE and name in LISTS else value) for name, value in pairs if name != WITHIN]


def _is_minutes(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) <= WITHIN_MAX


def _words(name: str, value: str) -> str:
    if name == "breached":
        return BREACHED[value]
    if name == "escalated":
        return ESCALATED[value]
    if name == WITHIN:
        return f"due within {value} min"
    if name == "text":
        return f"with “{value}”"
    if value == NONE:
        return f"no {name}"
    return f"{name} {name_words(value) if name == 'channel' else value}"
