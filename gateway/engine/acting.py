"""What a person does to a contact: events in the gateway's own words, put into the inbox like anyone's.

So it goes the way of every datum: a running gateway takes it up within moments, and without one the next start does.
Who asks holds a store and no more: pages, API and commands call the same.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from gateway.engine.own_record import record_of
from gateway.kernel.cards import hide_cards_in_words
from gateway.kernel.store import ContactRow, Store
from gateway.model.event import Event
from gateway.model.judgement import Escalation, State

NAME_MAX: Final = 200
"""Characters of a name that are kept."""

_ESCALATION: Final = re.compile(r"msg_[a-z2-7]{26}")
Why = Literal["missing", "unopened", "over", "unable", "many", "nameless"]
"""`missing`: nothing has this name, or more than one contact has. `unopened`: the contact's opening isn't known yet.
`over`: what is asked for is done already, or can't be any more. `unable`: it can't be done to this thing, or not as it
stands. `many`: too much at once. `nameless`: nobody is named as who acts."""


class CantAct(Exception):
    """Nothing was written, and in words why not: `why` tells the kinds apart."""

    def __init__(self, why: Why, words: str) -> None:
        super().__init__(words)
        self.why: Why = why


@dataclass(frozen=True, slots=True)
class Acted:
    """What was written, at `at` in ms by the person `by`: ids of the escalations that it is about, and of the events.

    `contact` says whether it is about the contact as a whole, or only about those escalations."""

    contact: str
    by: str
    at: int
    escalations: tuple[str, ...]
    events: tuple[str, ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class Meant:
    """What a person's word names: an open contact with its state, and an escalation of it if that is what was named."""

    row: ContactRow
    state: State
    call: Escalation | None = None


def in_one_line(text: str, most: int) -> str:
    """A person's text as it may be kept: in one line, without what isn't printable and without card numbers, at most so
    many characters."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return hide_cards_in_words(line)[:most]


def actor(by: str) -> str:
    """Who acts, as it is kept. Raises CantAct where nobody is named."""
    name = in_one_line(by, NAME_MAX)
    if not name:
        raise CantAct("nameless", "nobody is named as who does it")
    return name


async def meant(store: Store, name: str) -> Meant:
    """The open contact that `name` means: by an escalation's id, or any of the contact's own names. Raises CantAct."""
    is_call = _ESCALATION.fullmatch(name) is not None
    row = await store.find_escalation(name) if is_call else None
    called = row is not None
    row = row or await store.find_contact(name)
    if row is None and is_call:
        raise CantAct("missing", f"no escalation {name} is going on; if it is over, no notice of it is kept")
    if row is None:
        raise CantAct("missing", f"no contact is named {name[:200]!r}, or more than one is")
    state = row.state
    if state is None:
        raise CantAct("unopened", f"{row.id} isn't opened yet: there is nothing to do about it")
    call = next((one for one in state.escalations if one.id == name), None)
    if called and (call is None or call.state == "resolved"):  # the state drops those that were resolved long ago
        raise CantAct("over", f"escalation {name} is resolved already")
    if state.contact.ended:
        raise CantAct("over", f"{row.id} is {state.contact.status}: there is nothing to do about it")
    return Meant(row, state, call if called else None)


async def told(store: Store, row: ContactRow, events: Sequence[Event], now: int) -> None:
    """Put events into the inbox, as one record: all of them are judged together."""
    await store.add_records(row.strands[0].connector, [record_of(events, now)])
