"""Histories: thousands of tickets that were there before, each by one of a few plots.

Law: a plot is a fixed list of what happens and after how many minutes; the same seed is told the same each time.
"""

from dataclasses import dataclass
from typing import Final

from gateway.plugin import MINUTE_MS, SECOND_MS
from gateway_freshdesk.simulator import desk
from gateway_freshdesk.simulator.account import Account
from gateway_freshdesk.simulator.people import AGENT, CUSTOMER_WAITS, GROUPS, ORDER_FIELD, THIRD_PARTY, TRIAGE
from gateway_freshdesk.simulator.ticket import CHATS, CLOSED, OPEN, PENDING, SOLVED, Ticket, whole

CUSTOMERS_PER_TICKET: Final = 8


@dataclass(frozen=True, slots=True)
class Plot:
    """How tickets of one kind go: Freshdesk's source, and steps as (minutes since it was opened, what)."""

    source: int
    steps: tuple[tuple[int, str], ...] = ()
    priority: int = 1
    tags: tuple[str, ...] = ()

    @property
    def minutes(self) -> int:
        """How long it takes."""
        return self.steps[-1][0] if self.steps else 0


_ANSWERED = ((7, "answer"), (7, "pending"), (95, "reply"))
_PLOTS: Final = (
    Plot(1, (*_ANSWERED, (110, "answer"), (110, "solved")), tags=("login",)),
    Plot(2, ((3, "assign"), (12, "note"), (14, "answer"), (15, "solved"), (600, "good")), 3),
    Plot(1, ((45, "answer"),), 4, ("fraud", "payments")),
    Plot(15, ((1, "answer"), (2, "reply"), (9, "solved"))),
    Plot(3, ((1, "assign"), (2, "note"), (30, "closed"), (31, "bad")), 2),
    Plot(9, ((60, "field"), (61, "hold"), (2_000, "open"))),
    Plot(1, (*_ANSWERED, (200, "urgent"), (201, "group"), (260, "waiting"))),
    Plot(7, ((1, "answer"), (2, "reply"), (6, "answer"), (8, "solved"), (4_000, "closed"))),
    Plot(2, ((30, "answer"), (31, "deleted"))),
    Plot(13, ((2, "answer"), (3, "pending"))),
    Plot(1, ((5, "spam"),)),
    Plot(1, ((20, "answer"), (21, "solved"), (300, "reply"), (320, "answer"), (330, "closed"))),
    Plot(10, ((400, "reply"), (410, "answer"))),
    Plot(1, ((8, "answer"), (9, "edited"))),
    Plot(1, ((11, "deleted"), (15, "restored"), (20, "answer"))),
    Plot(1, ((2, "triage"),)),
    Plot(5),
    Plot(1, ((3, "tag"), (4, "copied"))),
)


def seed(account: Account, count: int, since: int) -> None:
    """So many tickets have been there since an instant; the last change is before now."""
    until = account.now() - SECOND_MS
    since = min(since, until)
    people = [
        account.person(f"Customer {turn}", f"customer{turn}@customer.example", at=since).id
        for turn in range(max(1, count // CUSTOMERS_PER_TICKET))
    ]
    step = max(0, (until - since) // max(count, 1))
    account.place_all(
        [_told(account, number, people[number % len(people)], since + number * step, until) for number in range(count)]
    )


def _told(account: Account, number: int, customer: int, opened: int, until: int) -> Ticket:
    """A ticket by its plot. A story that would not be over yet is told faster, each to an end of its own."""
    plot = _PLOTS[number % len(_PLOTS)]
    text = "Hello." if plot.source in CHATS else f"Please help me with {number}."
    ticket = desk.open_ticket(
        account.next_id("ticket"),
        opened,
        customer,
        plot.source,
        text,
        account.next_id,
        subject=f"Seeded {number}",
        priority=plot.priority,
        tags=list(plot.tags),
    )
    room = max(0, until - ticket.created) * (60 + number * 37 % 40) // 100
    for minutes, what in plot.steps:
        since = minutes * MINUTE_MS
        if plot.minutes * MINUTE_MS > room:
            since = room * minutes // plot.minutes
        _play(account, ticket, max(whole(ticket.created + since), ticket.updated), what)
    return ticket


_STATUSES: Final = {
    "open": OPEN,
    "pending": PENDING,
    "solved": SOLVED,
    "closed": CLOSED,
    "hold": THIRD_PARTY,
    "waiting": CUSTOMER_WAITS,
    "triage": TRIAGE,
}
_RATINGS: Final = {"good": 103, "bad": -101}
_WORDS: Final = {"answer": "Please try again.", "note": "Known since yesterday.", "reply": "It still doesn't work."}


def _play(account: Account, ticket: Ticket, at: int, what: str) -> None:
    if what in _STATUSES:
        desk.set_status(ticket, at, _STATUSES[what])
        return
    match what:
        case "answer" | "note":
            entry, text = account.next_id("entry"), _WORDS[what]
            desk.say(ticket, at, entry, desk.agent_of(ticket), text, incoming=False, private=what == "note")
        case "reply":
            desk.say(ticket, at, account.next_id("entry"), ticket.requester, _WORDS[what], incoming=True)
        case "copied":
            other = account.person("Carl Copied", "carl@customer.example", at=at).id
            desk.say(ticket, at, account.next_id("entry"), other, "Me too.", incoming=True)
        case "edited":
            desk.edit(ticket, at, ticket.entries[-1].id, "Please try again, with the new link.")
        case "good" | "bad":
            desk.rate(ticket, at, account.next_id("rating"), _RATINGS[what], "Thank you" if what == "good" else "")
        case "deleted" | "spam":
            desk.remove(ticket, at, spam=what == "spam")
        case "restored":
            desk.restore(ticket, at)
        case "assign":
            desk.change(ticket, at, assignee=AGENT)
        case "group":
            desk.change(ticket, at, group=next(iter(GROUPS)))
        case "urgent":
            desk.change(ticket, at, priority=4)
        case "tag":
            desk.change(ticket, at, tags=[*ticket.tags, "vip"])
        case "field":
            desk.change(ticket, at, fields={ORDER_FIELD: f"ORD-{ticket.id}"})
        case _:
            raise ValueError(f"{what!r} is no step of a plot")
