"""What enrichers were asked about the customer and what they have said: as data, and in words. Pure."""

from collections.abc import Iterator
from typing import Any, Final

from gateway.model.instant import format_known
from gateway.model.judgement import State

ENRICHERS_TOLD: Final = 5
"""So many are told in words."""

REASON_MAX: Final = 200
"""Characters of a reason, or a name, in words."""

View = dict[str, Any]


def facts_view(state: State) -> dict[str, View]:
    """By enricher that was asked or has answered: how that stands, and what is known. What an answer didn't bring may
    be known from one before it. Of a contact that has ended nothing is asked any more."""
    contact = state.contact
    asked = () if contact.ended else state.asked
    return {name: _answer_view(state, name) for name in sorted({*asked, *contact.answers})}


def facts_words(state: State) -> Iterator[str]:
    """A sentence for each: as of when it is known, or why not. What is known of the customer isn't in it."""
    told = facts_view(state)
    for name, view in list(told.items())[:ENRICHERS_TOLD]:
        yield f"{_line(name)}: {_standing(view)}."
    if len(told) > ENRICHERS_TOLD:
        yield f"{len(told) - ENRICHERS_TOLD} more enrichers were asked."


def _answer_view(state: State, name: str) -> View:
    answer, asked = state.contact.answers.get(name), state.asked.get(name)
    waiting = answer is None or (asked is not None and answer.at < asked and not state.contact.ended)
    return {
        "status": "asked" if answer is None or waiting else "unavailable" if answer.reason else "ok",
        "at": format_known(asked if answer is None or waiting else answer.at),
        "reason": None if answer is None or waiting else answer.reason or None,
        "known_at": format_known(answer.facts_at if answer else None),
        "known": state.contact.facts.get(name),
    }


def _standing(view: View) -> str:
    if view["status"] == "ok":
        return f"known as of {view['known_at']}"
    earlier = f"; what it said at {view['known_at']} stands" if view["known_at"] else ""
    if view["status"] == "asked":
        return f"asked at {view['at']}, no answer yet{earlier}"
    return f"unavailable: {_line(view['reason'])}{earlier}"


def _line(text: str) -> str:
    """A stranger's words on one line, cut."""
    line = " ".join(text[: REASON_MAX * 2].split())
    return line if len(line) <= REASON_MAX else f"{line[: REASON_MAX - 1]}…"
