"""Histories: thousands of tickets that were there before, each by one of a few plots, told again when somebody asks.

Law: a plot is a fixed list of what happens and after how many minutes; the same ticket is told the same each time.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import Final

from gateway.plugin import SECOND_MS
from gateway_zendesk.simulator.account import Account, Tell
from gateway_zendesk.simulator.desk import RULE_VIA, Desk
from gateway_zendesk.simulator.people import AGENT, BRANDS, CUSTOM_STATUSES, GROUPS, TICKET_FIELD
from gateway_zendesk.simulator.ticket import Ticket

IDS_EACH: Final = 64
"""Ids that are set aside for the entries of one ticket's log."""

CUSTOMERS_PER_TICKET: Final = 8
_MINUTE = 60_000
_MONTH = 30 * 24 * 60
_CUSTOM = next(id for id, (_, label, own) in CUSTOM_STATUSES.items() if not own)


@dataclass(frozen=True, slots=True)
class Plot:
    """How tickets of one kind go: the channel, and steps as (minutes since it was opened, what)."""

    channel: str
    steps: tuple[tuple[int, str], ...] = ()
    priority: str | None = None
    tags: tuple[str, ...] = ()
    support_type: str = "agent"
    messaging: bool = False
    lasts: int = 0
    """Minutes that it takes, where that is more than its last step says."""

    @property
    def minutes(self) -> int:
        """How long it takes."""
        return max(self.lasts, self.steps[-1][0] if self.steps else 0)


_ANSWERED = ((7, "answer"), (7, "pending"), (95, "reply"))
_PLOTS: Final = (
    Plot("email", (*_ANSWERED, (110, "answer"), (110, "solved")), tags=("login",)),
    Plot("web", ((3, "assign"), (12, "note"), (14, "answer"), (15, "solved"), (600, "good")), "high"),
    Plot("email", ((5, "auto"), (45, "answer")), "urgent", ("fraud", "payments")),
    Plot("native_messaging", ((0, "bot"), (1, "said"), (4, "spoke"), (9, "solved")), messaging=True),
    Plot("voice", ((1, "assign"), (2, "note"), (30, "solved"), (31, "bad")), "normal"),
    Plot("api", ((60, "field"), (61, "hold"), (2_000, "open"))),
    Plot("email", (*_ANSWERED, (200, "urgent"), (201, "group"), (260, "custom")), "low"),
    Plot("chat", ((1, "answer"), (2, "reply"), (6, "answer"), (8, "solved"), (4_000, "closed"))),
    Plot("email", ((10, "target"), (15, "answer")), tags=("merged",)),
    Plot("email", ((10, "source"),), lasts=15),
    Plot("web", ((30, "answer"), (31, "deleted"))),
    Plot("whatsapp", ((2, "answer"), (3, "pending"))),
    Plot("email", ((5, "deleted"), (_MONTH, "scrubbed")), tags=("spam",)),
    Plot(
        "email", ((20, "answer"), (21, "solved"), (300, "reply"), (320, "answer"), (330, "solved"), (9_000, "closed"))
    ),
    Plot("web", ((2, "tag"), (3, "brand"))),
    Plot("api", (), "high", support_type="ai_agent"),
    Plot("email", ((8, "answer"), (9, "redacted"))),
    Plot("sms", ((1, "answer"),)),
    Plot("email", ((11, "deleted"), (15, "undeleted"), (20, "answer"))),
    Plot("twitter", ()),
)
_TARGET = next(number for number, plot in enumerate(_PLOTS) if (10, "target") in plot.steps)


@dataclass(frozen=True, slots=True)
class History:
    """Tickets from `first` on. None of them has anything later than `until`, and the export none sooner than `shown_s`.

    `customers` are the users who wrote them, in turn.
    """

    account: Account
    first: int
    count: int
    since: int
    step: int
    until: int
    shown_s: int
    customers: tuple[int, ...]
    entries: int

    def plot(self, number: int) -> Plot:
        """How the ticket of this number goes; a merge needs both its tickets."""
        turn = number % len(_PLOTS)
        plot = _PLOTS[turn]
        if turn == _TARGET and number + 1 >= self.count:
            return replace(plot, steps=plot.steps[1:], lasts=plot.minutes)
        return plot

    def opened(self, number: int) -> int:
        """When it was opened."""
        moment = self.since + number * self.step
        return moment - moment % SECOND_MS

    def moment(self, number: int, minutes: int) -> int:
        """When something happens in its story. Two tickets are opened at two times, but merged at one."""
        paired = number % len(_PLOTS) == _TARGET and number + 1 < self.count
        opener = number + 1 if paired else number
        start, whole = self.opened(opener), self.plot(number).minutes * _MINUTE
        # A story that would not be over yet is told faster, each to an end of its own.
        room = max(0, self.until - start) * (60 + opener * 37 % 40) // 100
        since = minutes * _MINUTE if whole <= room else room * minutes // max(1, self.plot(number).minutes)
        moment = start + since
        return max(moment - moment % SECOND_MS, self.opened(number))

    def written(self, number: int) -> int:
        """The second at which the export has it."""
        steps = self.plot(number).steps
        last = self.moment(number, steps[-1][0]) if steps else self.opened(number)
        return max(last // SECOND_MS, self.shown_s)

    def tell(self, id: int) -> Ticket:
        """The whole story of a ticket."""
        number = id - self.first
        plot = self.plot(number)
        ids = count(self.entries + number * IDS_EACH + 1)
        desk = Desk(self.account, partial(next, ids), live=False)
        ticket = desk.open(
            id,
            self.opened(number),
            self.customers[number % len(self.customers)],
            f"Please help me with {number}.",
            subject=f"Seeded {number}",
            channel=plot.channel,
            priority=plot.priority,
            tags=list(plot.tags),
            support_type=plot.support_type,
            messaging=plot.messaging,
        )
        for minutes, what in plot.steps:
            _play(desk, ticket, self.moment(number, minutes), what)
        ticket.written, ticket.seeded = self.written(number), True
        return ticket


def seed(account: Account, number: int, since: int) -> None:
    """So many tickets have been there since an instant. Their last change is over so long that the export has it."""
    now = account.now()
    until = now - (account.export_lag_s + 1) * SECOND_MS
    since = min(since, until)
    people = [
        account.person(f"Customer {turn}", f"customer{turn}@customer.example", at=since).id
        for turn in range(max(1, number // CUSTOMERS_PER_TICKET))
    ]
    history = History(
        account=account,
        first=account.tickets_ever + 1,
        count=number,
        since=since,
        step=max(0, (until - since) // max(number, 1)),
        until=until,
        shown_s=now // SECOND_MS if account.exported else 0,
        customers=tuple(people),
        entries=account.reserve(number * IDS_EACH),
    )
    account.tickets_ever += number
    account.seeded(_told(history))


def _told(history: History) -> Iterator[tuple[int, int, Tell]]:
    for number in range(history.count):
        yield history.first + number, history.written(number), history.tell


def _play(desk: Desk, ticket: Ticket, at: int, what: str) -> None:
    match what:
        case "answer":
            desk.comment(ticket, at, "Please try again.", author=AGENT)
        case "reply":
            desk.comment(ticket, at, "It still doesn't work.", author=ticket.requester)
        case "note":
            desk.comment(ticket, at, "Known since yesterday.", public=False, author=AGENT)
        case "auto":
            desk.comment(ticket, at, "We have received your request.", author=AGENT, via=RULE_VIA)
        case "bot" | "said" | "spoke":
            who = {"bot": "bot", "said": "user", "spoke": "agent"}[what]
            desk.message(ticket, at, f"Words of the {who}.", who)
        case "good" | "bad":
            desk.rate(ticket, at, what, "Thank you" if what == "good" else None)
        case "assign":
            desk.change(ticket, at, assignee_id=AGENT)
        case "group":
            desk.change(ticket, at, group_id=next(iter(GROUPS)))
        case "brand":
            desk.change(ticket, at, brand_id=list(BRANDS)[1])
        case "urgent":
            desk.change(ticket, at, priority="urgent")
        case "tag":
            desk.change(ticket, at, tags=[*ticket.tags, "vip"])
        case "field":
            desk.change(ticket, at, fields={TICKET_FIELD: f"ORD-{ticket.id}"})
        case "custom":
            desk.set_custom_status(ticket, at, _CUSTOM, CUSTOM_STATUSES[_CUSTOM][0])
        case "target":
            desk.receive_merge(ticket, at, ticket.id + 1)
        case "source":
            desk.merge_into(ticket, at, ticket.id - 1)
        case "redacted":
            desk.redact(ticket, at, (ticket.log or [])[0]["events"][0]["id"])
        case "deleted":
            desk.delete(ticket, at)
        case "undeleted":
            desk.undelete(ticket, at)
        case "scrubbed":
            desk.scrub(ticket, at)
        case _:
            desk.change(ticket, at, status=what)
