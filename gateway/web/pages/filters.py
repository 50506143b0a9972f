"""Which contacts a board shows, as its address says it: read strictly, and written again with one word more or less.

Pure. The names are those of the API's listing; `~` stands for none where an empty word would say nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, cast, get_args
from urllib.parse import urlencode

from multidict import MultiMapping

from gateway.kernel.board import Wanted
from gateway.model.instant import MINUTE_MS
from gateway.web.asked import BadQuestion
from gateway.web.words import name_words

NONE: Final = "~"
"""The queue or assignee of a contact that has none."""

Escalated = Literal["active", "acknowledged", "any", "none"]
ESCALATED: Final[dict[str, str]] = {
    "any": "escalated",
    "active": "escalated, nobody has taken it",
    "acknowledged": "escalated and taken",
    "none": "not escalated",
}
BREACHED: Final[dict[str, str]] = {"true": "breached", "false": "not breached"}
LISTS: Final = ("team", "queue", "channel", "severity", "connector", "assignee", "rule")
"""Names that may stand more than once: any of the values."""

ONCE: Final = ("breached", "escalated", "within", "text")
AFTER: Final = "after"
VALUES_MAX: Final = 20
WORD_MAX: Final = 200
TEXT_MAX: Final = 100
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
        within, breached = self.one("within"), self.one("breached")
        words = {name: tuple("" if word == NONE else word for word in self.of(name)) for name in LISTS}
        return Wanted(
            team=words["team"],
            queue=words["queue"],
            channel=words["channel"],
            connector=words["connector"],
            assignee=words["assignee"],
            rule=words["rule"],
            severity=tuple(int(word) for word in self.of("severity")),
            breached=None if not breached else breached == "true",
            escalated=cast(Escalated, self.one("escalated")) or None,
            due_before=now + int(within) * MINUTE_MS if within else None,
            text=self.one("text"),
        )

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

    def api(self, address: str) -> str:
        """The address of the API's listing with the same filters: there an empty word stands for none."""
        pairs = [(name, "" if value == NONE else value) for name, value in self.pairs]
        return f"{address}?{urlencode(pairs)}" if pairs else address


def filters_of(query: MultiMapping[str]) -> Filters:
    """Read the query of an address; what is empty says nothing. Raises BadQuestion."""
    if unknown := sorted(set(query) - {*LISTS, *ONCE, AFTER}):
        raise BadQuestion(f"{unknown[0][:40]!r} can't be asked; the query may have {', '.join((*LISTS, *ONCE))}")
    pairs = tuple(
        dict.fromkeys((name, value.strip()) for name, value in query.items() if value.strip() and name != AFTER)
    )
    for name in (*LISTS, *ONCE):
        values = [value for key, value in pairs if key == name]
        if len(values) > (VALUES_MAX if name in LISTS else 1):
            raise BadQuestion(f"{name} stands too often: at most {VALUES_MAX if name in LISTS else 1} times")
        for value in values:
            _check(name, value)
    after = query.getall(AFTER, [])
    if len(after) > 1:
        raise BadQuestion("after is one place, the one that a page gave for the next")
    return Filters(pairs, after[0] if after and after[0] else None)


def _check(name: str, value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise BadQuestion(f"{name} holds half a character") from None
    if name == "severity" and not (len(value) == 1 and value in "123456789"):
        raise BadQuestion("severity is a number from 1 to 9")
    if name == "breached" and value not in BREACHED:
        raise BadQuestion(f"breached is one of {', '.join(BREACHED)}")
    if name == "escalated" and value not in get_args(Escalated):
        raise BadQuestion(f"escalated is one of {', '.join(ESCALATED)}")
    if name == "within" and not (
        value.isascii() and value.isdigit() and len(value) <= 5 and 0 < int(value) <= WITHIN_MAX
    ):
        raise BadQuestion(f"within is a number of minutes from 1 to {WITHIN_MAX}")
    if len(value) > (TEXT_MAX if name == "text" else WORD_MAX):
        raise BadQuestion(f"{name} has at most {TEXT_MAX if name == 'text' else WORD_MAX} characters")


def _words(name: str, value: str) -> str:
    if name == "breached":
        return BREACHED[value]
    if name == "escalated":
        return ESCALATED[value]
    if name == "within":
        return f"due within {value} min"
    if name == "text":
        return f"with “{value}”"
    if value == NONE:
        return f"no {name}"
    return f"{name} {name_words(value) if name == 'channel' else value}"
