"""Histories: cases, sessions and calls that were there before, each by one of a few plots.

Law: a plot is a fixed list of what happens and after how many minutes; the same object is told the same each time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.plugin import MINUTE_MS, SECOND_MS
from gateway_salesforce.simulator.desk import Desk
from gateway_salesforce.simulator.org import Row

CUSTOMERS_PER_CASE: Final = 8
SETTLED_S: Final = 60
"""So long ago is the last change, at least."""


@dataclass(frozen=True, slots=True)
class Plot:
    """How objects of one kind go: the origin, and steps as (minutes since it began, what)."""

    origin: str
    steps: tuple[tuple[int, str], ...] = ()
    priority: str | None = "Medium"
    known: bool = True


_ANSWERED: Final = ((0, "letter"), (7, "answer"), (7, "Waiting on Customer"), (95, "letter"), (95, "Working"))
_PLOTS: Final = (
    Plot("Email", (*_ANSWERED, (110, "answer"), (111, "Closed"))),
    Plot("Web", ((3, "assign"), (12, "note"), (14, "publish"), (15, "Closed")), "High"),
    Plot("session", ((2, "accept"), (15, "end"))),
    Plot("Email", ((0, "letter"), (45, "answer"), (50, "escalate")), "High"),
    Plot("call", ((1, "answer"), (6, "hang up"))),
    Plot("Web", ((60, "On Hold"), (2_000, "Working")), None, known=False),
    Plot("Email", (*_ANSWERED, (200, "High"), (201, "queue"), (260, "Waiting for documents")), "Low"),
    Plot("Chat", ((1, "answer"), (2, "portal"), (8, "Closed"))),
    Plot("Email", ((0, "letter"), (10, "receive"), (15, "answer"))),
    Plot("Email", ((0, "letter"), (10, "merge"))),
    Plot("Web", ((30, "answer"), (31, "delete"))),
    Plot("call", ((2, "hang up"),)),
    Plot("Email", ((0, "letter"), (5, "draft"), (20, "answer"), (21, "Closed"), (300, "letter"), (301, "Working"))),
    Plot("Phone", ((1, "assign"), (2, "note"), (30, "Closed - Duplicate"))),
    Plot("session"),
    Plot("", (), None),
)
_TARGET: Final = next(number for number, plot in enumerate(_PLOTS) if (10, "receive") in plot.steps)


def seed(desk: Desk, count: int, since: int) -> None:
    """So many objects have been there since an instant; their last change is a while ago."""
    until = desk.org.now() - SETTLED_S * SECOND_MS
    since = min(since, until)
    people = [
        desk.people.contact(f"Cust Omer{turn}", f"customer{turn}@company{turn % 7}.example", since)
        for turn in range(max(1, count // CUSTOMERS_PER_CASE))
    ]
    step = max(0, (until - since) // max(count, 1))
    target: Row | None = None
    for number in range(count):
        turn = number % len(_PLOTS)
        began = since + number * step
        row = _told(desk, _PLOTS[turn], number, people, (began, until), target)
        target = row if turn == _TARGET else None


def _told(
    desk: Desk, plot: Plot, number: int, people: Sequence[str], stretch: tuple[int, int], target: Row | None
) -> Row:
    """One object, and what happens to it."""
    began, until = stretch
    contact = people[number % len(people)] if plot.known else None
    row = _begun(desk, plot, number, contact, began)
    whole = max(1, plot.steps[-1][0] if plot.steps else 1)
    # A story that would not be over yet is told faster, each to an end of its own.
    room = max(0, until - began) * (60 + number * 37 % 40) // 100
    scale = min(MINUTE_MS, room // whole)
    for minutes, what in plot.steps:
        at = began + minutes * scale
        match plot.origin:
            case "session":
                _in_session(desk, row, at, what)
            case "call":
                _in_call(desk, row, at, what)
            case _ if what == "merge":
                if target is not None:
                    desk.merge(row, at, target.id)
            case _:
                _in_case(desk, row, at, what)
    return row


def _begun(desk: Desk, plot: Plot, number: int, contact: str | None, at: int) -> Row:
    name = "Cust Omer"
    if plot.origin == "session":
        key = f"whatsapp:+49171{number:07d}"
        return desk.session(at, channel="WhatsApp", name=name, key=key, contact=contact)
    if plot.origin == "call":
        return desk.call(at, type="Inbound", number=f"+49172{number:07d}")
    return desk.open(
        at,
        origin=plot.origin or None,
        contact=contact,
        by=desk.people.robot,
        SuppliedName=None if plot.known else name,
        SuppliedEmail=None if plot.known else f"stranger{number}@web.example",
        Subject=f"Seeded {number}",
        Description=f"Please help me with {number}.",
        Priority=plot.priority,
    )


def _in_session(desk: Desk, row: Row, at: int, what: str) -> None:
    moment = at - at % SECOND_MS
    if what == "accept":
        values = {"AcceptTime": moment, "OwnerId": desk.people.agent, "AgentType": "Agent", "Status": "Active"}
    else:
        values = {"EndTime": moment, "Status": "Ended"}
    desk.org.change(row, at, values)


def _in_call(desk: Desk, row: Row, at: int, what: str) -> None:
    if what == "hang up":
        desk.hang_up(row, at)
    else:
        moment = at - at % SECOND_MS
        desk.org.change(row, at, dict.fromkeys(("CallAcceptDateTime", "CallConnectDateTime"), moment))


def _in_case(desk: Desk, row: Row, at: int, what: str) -> None:
    people = desk.people
    match what:
        case "letter":
            desk.mail(row, at, "It still doesn't work.", incoming=True)
        case "answer":
            desk.mail(row, at, "Please try again.", incoming=False)
        case "draft":
            desk.mail(row, at, "Dear", incoming=False, draft=True)
        case "note":
            desk.comment(row, at, "Known since yesterday.", public=False, by=people.agent)
        case "publish":
            desk.comment(row, at, "We have mended it.", public=True, by=people.agent)
        case "portal":
            desk.comment(row, at, "Thank you.", public=True, by=people.portal)
        case "assign":
            desk.change(row, at, OwnerId=people.agent)
        case "queue":
            desk.change(row, at, OwnerId=people.queues[1])
        case "escalate":
            desk.change(row, at, Status="Escalated", IsEscalated=True)
        case "High":
            desk.change(row, at, Priority="High")
        case "receive":
            desk.comment(row, at, "One more case was the same.", public=False, by=people.agent)
        case "delete":
            desk.delete(row, at)
        case _:
            desk.change(row, at, Status=what)
