"""What the page of a contact shows of that which enrichers know of its customer, and of how they were asked. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gateway.engine.case import Case
from gateway.model.instant import parse_instant
from gateway.model.judgement import State
from gateway.rules.asked import View, facts_view
from gateway.rules.trace.path import Enquiry
from gateway.web.facts import FactLine, enquiry_words, fact_lines

ENRICHERS_MAX: Final = 12
OPEN_MAX: Final = 12
"""Lines of one enricher that are seen at once; the others unfold."""

ENQUIRIES_MAX: Final = 20
"""Questions to one enricher, and answers, the latest."""


@dataclass(frozen=True, slots=True)
class ShownFacts:
    """An enricher, how it stands since `at`, and what it knows as of `known_at`."""

    name: str
    status: str
    at: int
    reason: str
    known_at: int | None
    lines: tuple[FactLine, ...]
    folded: tuple[FactLine, ...]
    more: bool
    enquiries: tuple[tuple[int, str], ...]


def shown_facts(case: Case, state: State) -> tuple[tuple[ShownFacts, ...], int]:
    """The enrichers that were asked, by name, and how many more there are."""
    told = facts_view(state)
    asked = case.trace.enquiries if case.trace else ()
    shown = tuple(_shown(name, view, asked) for name, view in list(told.items())[:ENRICHERS_MAX])
    return shown, max(0, len(told) - ENRICHERS_MAX)


def _shown(name: str, view: View, asked: tuple[Enquiry, ...]) -> ShownFacts:
    lines, more = fact_lines(view["known"] or {})
    return ShownFacts(
        name=name,
        status=view["status"],
        at=int(parse_instant(view["at"])),
        reason=view["reason"] or "",
        known_at=None if view["known_at"] is None else int(parse_instant(view["known_at"])),
        lines=lines[:OPEN_MAX],
        folded=lines[OPEN_MAX:],
        more=more,
        enquiries=tuple(_enquiries(name, asked))[-ENQUIRIES_MAX:],
    )


def _enquiries(name: str, asked: tuple[Enquiry, ...]) -> Iterator[tuple[int, str]]:
    for one in asked:
        if one.enricher == name:
            yield one.at, enquiry_words(one)
